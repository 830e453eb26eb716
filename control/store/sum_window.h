/* The parts of a window that are whole weeks, whole days and the rest: sums of the first two are
 * read in the place of those of their hours (or minutes), and make exactly the same.
 *
 * Pure.
 */
#ifndef PORTOLAN_SUM_WINDOW_H
#define PORTOLAN_SUM_WINDOW_H

#include <stdint.h>

/* day_from <= week_from <= week_to <= day_to; days lie before and after the weeks, hours before and
 * after the days. Empty parts lie where they divide nothing. */
struct sum_window {
	uint64_t day_from_ns, day_to_ns, week_from_ns, week_to_ns;
};

/* `since_ns` and `until_ns` are both of the window. */
struct sum_window sum_window(uint64_t since_ns, uint64_t until_ns);

/* The start of the day, of the week (Monday, UTC), that holds a time. */
uint64_t sum_day_ns(uint64_t);
uint64_t sum_week_ns(uint64_t);

#endif
