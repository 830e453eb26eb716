#include "store/sum_window.h"

#include "store/store_schema.h"

uint64_t sum_day_ns(uint64_t at_ns)
{
	return at_ns - at_ns % STORE_DAY_NS;
}

/* What lies before the first Monday is of a week that begins with the epoch. */
uint64_t sum_week_ns(uint64_t at_ns)
{
	return at_ns < STORE_MONDAY_NS ? 0 : at_ns - (at_ns - STORE_MONDAY_NS) % STORE_WEEK_NS;
}

struct sum_window sum_window(uint64_t since_ns, uint64_t until_ns)
{
	struct sum_window w;

	w.day_from_ns = sum_day_ns(since_ns + STORE_DAY_NS - 1);
	w.day_to_ns = sum_day_ns(until_ns);
	if (w.day_from_ns >= w.day_to_ns)
		w.day_from_ns = w.day_to_ns = w.week_from_ns = w.week_to_ns = since_ns;
	w.week_from_ns = sum_week_ns(w.day_from_ns);
	if (w.week_from_ns < w.day_from_ns)
		w.week_from_ns = sum_week_ns(w.day_from_ns + STORE_WEEK_NS);
	w.week_to_ns = sum_week_ns(w.day_to_ns);
	if (w.week_from_ns >= w.week_to_ns)
		w.week_from_ns = w.week_to_ns = w.day_from_ns;
	return w;
}
