/* Reads a store: opened read-only, beside a sensor that writes or without one.
 *
 * A transaction of SQLite reads one state while another process writes; no lock is held that would
 * keep the writer waiting.
 */
#ifndef PORTOLAN_STORE_READER_H
#define PORTOLAN_STORE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "address.h"
#include "store/answer.h"
#include "store/database.h"
#include "store/segment_list.h"

/* What is asked for; NULL and 0: anything. */
struct store_filter {
	uint64_t since_ns, until_ns; /* the window, never 0 once the reader has set it */
	const char *appliance, *peer, *port, *verdict, *state, *finding;
	const struct prefix *peers;   /* `peer`, read */
	const struct prefix *outside; /* networks that are not asked for */
	size_t outsides;
	uint64_t at_ns;
};

struct store_reader {
	const char *folder;
	struct database state;
	struct segment_list segments;
	uint64_t first_ns, last_ns; /* of all that is in it */
	uint64_t now_ns; /* what "before now" counts from: now beside a running sensor, else last_ns
			  */
	bool is_running; /* a sensor has not ended yet */
	bool has_days;	 /* and weeks: sums of them; not in a state of version 1 */
	uint64_t deadline_ns; /* steady clock */
	char why[DATABASE_WHY_BYTES];
};

/* 0, or a negative errno with the reason in `why`. `deadline_ns`: steady clock, 0: none. */
int store_reader_open(struct store_reader *, const char *folder, uint64_t deadline_ns);
void store_reader_close(struct store_reader *);

/* Segments that may have flows of a window, one after the other, from the newest on: calls `read`
 * until it returns 1 (enough), an error or the deadline is over; a segment that cannot be read
 * becomes a note of the answer. */
typedef int segment_reader(void *context, struct database *, const struct store_filter *);
int store_reader_segments(struct store_reader *, const struct store_filter *, struct answer_table *,
	segment_reader *read, void *context);

#endif
