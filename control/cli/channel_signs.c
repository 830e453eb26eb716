#include "cli/channel_signs.h"

#include "record.h"

#define SETTLED_NS 10000000000ull
#define SETTLED_PACKETS 8

bool flow_was_answered(const struct record *r)
{
	return r->connection == CONNECTION_ESTABLISHED ||
	       (r->packets[0] && r->packets[1] && r->connection != CONNECTION_REFUSED &&
		       r->connection != CONNECTION_ATTEMPTED);
}

bool channel_has_settled(const struct record *r)
{
	bool is_tls = r->service == SERVICE_TLS && r->service_basis == SERVICE_RECOGNISED;

	return (is_tls || r->connection == CONNECTION_MIDSTREAM) &&
	       r->end_ns - r->start_ns >= SETTLED_NS && r->packets[0] >= SETTLED_PACKETS &&
	       r->packets[1] >= SETTLED_PACKETS;
}
