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
#define STORE_HOUR_NS (60 * STORE_MINUTE_NS)
#define STORE_DAY_NS (24 * STORE_HOUR_NS)

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
