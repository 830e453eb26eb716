#include "core/flow/quoted.h"

#include <netinet/in.h>
#include <string.h>

#include "core/big_endian.h"
#include "core/flow/key.h"

#define ICMP_HEADER 8
#define PORTS 4

/* The quoted datagram's ends; 0: not all of them are at hand, or it is no UDP of this version.
 * Extension headers of a quoted IPv6 packet are not looked through. */
static int read_quoted(const uint8_t *at, const uint8_t *end, unsigned version, struct decoded *q)
{
	size_t left = at < end ? (size_t)(end - at) : 0, header = version == 4 ? 20 : 40;

	if (left < header || at[0] >> 4 != version)
		return 0;
	if (version == 4)
		header = (size_t)(at[0] & 15) * 4;
	if (header < 20 || left < header + PORTS || at[version == 4 ? 9 : 6] != IPPROTO_UDP)
		return 0;
	if (version == 4) {
		memcpy(q->source.byte + 12, at + 12, 4);
		memcpy(q->destination.byte + 12, at + 16, 4);
	} else {
		memcpy(q->source.byte, at + 8, 16);
		memcpy(q->destination.byte, at + 24, 16);
	}
	q->version = (uint8_t)version;
	q->protocol = IPPROTO_UDP;
	q->source_port = be16(at + header);
	q->destination_port = be16(at + header + 2);
	return 1;
}

uint32_t quoted_flow(const struct tracker *t, const struct packet *p, const struct decoded *v,
	unsigned *receiver)
{
	size_t header = v->version == 4 ? (size_t)(v->ip[0] & 15) * 4 : 40;
	const uint8_t *end = p->data + p->caplen;
	struct decoded q = {.foreign_tunnel = v->foreign_tunnel};
	union flow_key k;

	if (v->fragment != FRAGMENT_NONE || (size_t)(end - v->ip) < header + ICMP_HEADER ||
		!read_quoted(v->ip + header + ICMP_HEADER, end, v->version, &q) ||
		!address_equal(&q.destination, &v->source))
		return FLOW_NONE;
	flow_key_of(&q, &k);
	*receiver = 1u - q.direction;
	return table_find(&t->table, &k, table_hash_of(&t->table, &k, q.foreign_tunnel), FLOW_NONE);
}
