/* Who takes the workers' records, one after the other, and what is asked of memory before.
 *
 * In a flood each record is of another flow, and what is known of it lies in memory that is in no
 * cache: a taker that says so in time does not wait for it.
 */
#ifndef PORTOLAN_RECORD_TAKER_H
#define PORTOLAN_RECORD_TAKER_H

#include <stddef.h>

#include "record.h"

typedef void record_taker(void *context, const struct record *);

/* So many records ahead: a record of a flood takes half a microsecond or more, a line from memory
 * less than two such. 16 measured the same. */
#define RECORDS_AHEAD 8

/* `expect`: asks for the memory that `take` will want; or NULL. */
static inline void records_take(const struct record *record, size_t count, record_taker *take,
	record_taker *expect, void *context)
{
	for (size_t i = 0; expect && i < count && i < RECORDS_AHEAD; i++)
		expect(context, &record[i]);
	for (size_t i = 0; i < count; i++) {
		if (expect && i + RECORDS_AHEAD < count)
			expect(context, &record[i + RECORDS_AHEAD]);
		take(context, &record[i]);
	}
}

#endif
