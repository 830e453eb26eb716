/* The tables of the store: docs/store.md describes them for people with sqlite3.
 *
 * Times are nanoseconds since the epoch, UTC. Names are those of the records (DESIGN 9).
 */
#ifndef PORTOLAN_STORE_SCHEMA_H
#define PORTOLAN_STORE_SCHEMA_H

#include <stdint.h>

struct database_kind;

#define STATE_FILE "state.db"
#define SEGMENT_NAME_BYTES 32 /* flows-YYYYMMDDTHH.db */

#define STORE_MINUTE_NS 60000000000ull
/* Of a peer `p`: it was connected to at least eight times, ten seconds to a day apart, at gaps that
 * differ from their mean by less than a quarter: the square root of the variance, squared here. */
#define STORE_REGULAR_PEER                                                                         \
	" p.gaps >= 7 AND p.gap_sum / p.gaps BETWEEN 10 AND 86400"                                 \
	" AND (p.gap_squares / p.gaps) / ((p.gap_sum / p.gaps) * (p.gap_sum / p.gaps)) < 1.0625"

/* Of an endpoint `e`: what an appliance starts over TCP, or over what no rule has. */
#define STORE_STARTED_TCP                                                                          \
	" e.direction = 'outbound' AND (e.rule LIKE '%/tcp' OR e.rule LIKE '%/tcp/%' OR e.rule = " \
	"'')"

#define STORE_HOUR_NS (60 * STORE_MINUTE_NS)
#define STORE_DAY_NS (24 * STORE_HOUR_NS)
#define STORE_WEEK_NS (7 * STORE_DAY_NS)
#define STORE_MONDAY_NS (4 * STORE_DAY_NS) /* the first one since the epoch: weeks begin on it */
#define STORE_SIDES_NS (10 * STORE_MINUTE_NS)

/* The first with sums by day and week. A state that was not written to since has an older one. */
#define STATE_DAYS_VERSION 2

extern const struct database_kind state_kind, segment_kind;

/* Made when a segment's hour is over. */
extern const char segment_indices[];

/* The file of the hour that holds `time_ns`. */
void segment_name(uint64_t time_ns, char[SEGMENT_NAME_BYTES]);

/* Start of the hour of a segment's file name; 0: it is none. */
uint64_t segment_hour_ns(const char *name);

/* The number at the end of a finding's id, as segments have it; 0: none. */
int64_t finding_number(const char *id);

#endif
