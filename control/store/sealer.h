/* The sealer: makes the indices of segments whose hour is over and removes segments that are too
 * old or too many, on a thread of its own, so that writing goes on meanwhile.
 */
#ifndef PORTOLAN_SEALER_H
#define PORTOLAN_SEALER_H

#include <stdbool.h>
#include <stdint.h>

struct sealer;
struct store_progress;

struct sealer_config {
	const char *folder;
	uint64_t keep_ns, size_bytes;	 /* as in struct store_config */
	struct store_progress *progress; /* or NULL */
	bool is_replay;
};

/* NULL: no memory. */
struct sealer *sealer_new(const struct sealer_config *);

/* Starts the thread, which begins with the segments that were left unsealed before `hour_ns`
 * (0: none). 0 or a negative errno. */
int sealer_start(struct sealer *, uint64_t hour_ns);

/* Seals the segment of this hour, and prunes by the age of it. Without a thread: at once. */
void sealer_add(struct sealer *, uint64_t hour_ns);

/* Removes segments that ended before `now_ns` less the time to keep them, and the oldest ones while
 * all take more than their bound; never the newest one. On the thread of a sensor with a pause
 * after each, and no further once it is to end: the next start goes on. */
void sealer_prune(struct sealer *, uint64_t now_ns);

/* Ends the thread; `finishes`: after it has sealed what waits, and what an earlier program that was
 * killed has left, which no writer may have open by then. */
void sealer_stop(struct sealer *, bool finishes);
void sealer_free(struct sealer *);

#endif
