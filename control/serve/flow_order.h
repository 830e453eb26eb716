/* In which order live flows are shown: what each is sorted by, and its rates. */
#ifndef PORTOLAN_FLOW_ORDER_H
#define PORTOLAN_FLOW_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"
#include "record/event.h"
#include "serve/control_protocol.h"

/* The largest comes first; `low` decides where `high` is equal. */
struct flow_rank {
	uint64_t high, low;
};

/* The order's name in a request; FLOW_ORDER_COUNT: there is none. */
enum flow_order flow_order_by_name(const char *);

struct flow_rank flow_rank_of(enum flow_order, const struct record *, uint64_t now_ns);

static inline bool flow_rank_is_less(const struct flow_rank *a, const struct flow_rank *b)
{
	return a->high != b->high ? a->high < b->high : a->low < b->low;
}

/* Age, idle time and rates at `now_ns`; a rate is that since the start, of one second at least. */
struct event_live flow_live(const struct record *, uint64_t now_ns);

#endif
