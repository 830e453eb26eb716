#include "serve/flow_order.h"

#include <string.h>

#define SECOND_NS 1000000000ull

enum flow_order flow_order_by_name(const char *name)
{
	static const char *const known[] = {
#define ORDER_NAME(member, text) text,
		FLOW_ORDER_LIST(ORDER_NAME)
#undef ORDER_NAME
	};

	for (unsigned i = 0; i < FLOW_ORDER_COUNT; i++)
		if (strcmp(name, known[i]) == 0)
			return (enum flow_order)i;
	return FLOW_ORDER_COUNT;
}

struct event_live flow_live(const struct record *r, uint64_t now_ns)
{
	uint64_t until_ns = now_ns > r->end_ns ? now_ns : r->end_ns;
	struct event_live live = {
		.age_ns = until_ns > r->start_ns ? until_ns - r->start_ns : 0,
		.idle_ns = until_ns - r->end_ns,
	};
	double seconds = (double)(live.age_ns > SECOND_NS ? live.age_ns : SECOND_NS) / 1e9;

	live.packets_per_second = (double)(r->packets[0] + r->packets[1]) / seconds;
	live.bits_per_second = (double)(r->bytes[0] + r->bytes[1]) * 8 / seconds;
	return live;
}

/* Big endian, inverted: what is lower comes first. */
static struct flow_rank rank_of_bytes(const uint8_t byte[16])
{
	uint64_t half[2] = {0, 0};

	for (unsigned i = 0; i < 16; i++)
		half[i / 8] = half[i / 8] << 8 | byte[i];
	return (struct flow_rank){~half[0], ~half[1]};
}

static struct flow_rank rank_of_text(const char *text)
{
	uint8_t byte[16] = {0};

	memcpy(byte, text, strnlen(text, sizeof(byte)));
	return rank_of_bytes(byte);
}

static struct flow_rank rank_of_number(uint64_t number, const struct record *r)
{
	return (struct flow_rank){number, r->bytes[0] + r->bytes[1]};
}

static struct flow_rank rank_of_words(enum flow_order o, const struct record *r)
{
	switch (o) {
	case FLOW_ORDER_CONNECTION:
		return rank_of_text(connection_name((enum connection)r->connection));
	case FLOW_ORDER_SERVICE:
		return r->service < SERVICE_COUNT
			       ? rank_of_text(service_name((enum service)r->service))
			       : (struct flow_rank){0, 0};
	case FLOW_ORDER_SOURCE:
		return rank_of_bytes(r->address[0].byte);
	case FLOW_ORDER_DESTINATION:
		return rank_of_bytes(r->address[1].byte);
	case FLOW_ORDER_SOURCE_PORT:
		return rank_of_number(UINT16_MAX - r->port[0], r);
	default:
		return rank_of_number(UINT16_MAX - r->port[1], r);
	}
}

struct flow_rank flow_rank_of(enum flow_order o, const struct record *r, uint64_t now_ns)
{
	struct event_live live = flow_live(r, now_ns);

	switch (o) {
	case FLOW_ORDER_BYTES:
		return rank_of_number(r->bytes[0] + r->bytes[1], r);
	case FLOW_ORDER_PACKETS:
		return rank_of_number(r->packets[0] + r->packets[1], r);
	case FLOW_ORDER_PPS:
		return rank_of_number((uint64_t)(live.packets_per_second * 1000), r);
	case FLOW_ORDER_BITS:
		return rank_of_number((uint64_t)(live.bits_per_second * 1000), r);
	case FLOW_ORDER_AGE:
		return rank_of_number(live.age_ns, r);
	case FLOW_ORDER_IDLE:
		return rank_of_number(live.idle_ns, r);
	case FLOW_ORDER_START:
		return rank_of_number(r->start_ns, r);
	case FLOW_ORDER_LAST:
		return rank_of_number(r->end_ns, r);
	case FLOW_ORDER_SEVERITY:
		return rank_of_number(r->severity, r);
	case FLOW_ORDER_VERDICT:
		return rank_of_number(r->verdict, r);
	default:
		return rank_of_words(o, r);
	}
}
