/* Writes flows into segments, a file an hour: without secondary indices while the hour lasts, with
 * them once it is sealed.
 *
 * At most SEGMENTS_OPEN files are open; a flow of an hour that is sealed is added to its file all
 * the same. Writes lie between begin and commit. Used by one thread; segment_seal() by another one
 * on a file that is no longer open here.
 */
#ifndef PORTOLAN_SEGMENT_WRITER_H
#define PORTOLAN_SEGMENT_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "store/database.h"
#include "store/store_message.h"

#define SEGMENTS_OPEN 4

struct segment_writer;

/* `folder` is lent. `is_replay`: the disk is not waited for, since a capture can be replayed; a
 * kill loses nothing all the same, a power cut may. NULL: no memory. */
struct segment_writer *segment_writer_new(const char *folder, bool is_replay);
void segment_writer_free(struct segment_writer *);

const char *segment_writer_why(const struct segment_writer *);

/* Adds a flow, `id`: rows of its endpoints (0: none), whose texts are `end`. */
int segment_writer_add(struct segment_writer *, const struct stored_flow *, const int64_t id[2],
	const struct stored_endpoint *const end[2]);

/* Of all segments that were written to. */
int segment_writer_commit(struct segment_writer *);

/* The same flows follow again, in the same order: those that were committed are passed over. */
void segment_writer_roll_back(struct segment_writer *);

/* The batch is written, or given up: other flows follow. */
void segment_writer_end_batch(struct segment_writer *);

/* Closes a segment whose hour was over before `hour_ns`, and returns its hour, to be sealed; 0:
 * there is none. */
uint64_t segment_writer_finished(struct segment_writer *, uint64_t hour_ns);

/* How many were opened so far: each of them is to be sealed. */
unsigned segment_writer_opened(const struct segment_writer *);

/* Makes the indices of a segment and leaves one file of it. `why` has the reason of an error. */
int segment_seal(const char *path, bool is_replay, char why[DATABASE_WHY_BYTES]);

/* Whether a file is a segment that is sealed: 1, 0 (also without tables, see database_open()), or
 * a negative errno. */
int segment_is_sealed(const char *path, char why[DATABASE_WHY_BYTES]);

#endif
