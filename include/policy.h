/* The policy as the packet path looks it up: numbers only, no names.
 *
 * Built by control (which keeps the names, see control/policy/ruleset.h), immutable from
 * then on, read by every worker. Flows keep set numbers and a generation, never
 * pointers into it.
 */
#ifndef PORTOLAN_POLICY_H
#define PORTOLAN_POLICY_H

#include <stdint.h>

#include "address.h"
#include "inventory.h"
#include "service.h"
#include "verdict.h"

#define PORT_COUNT 65536
#define SET_NONE 0

enum peers {
	PEERS_ANY,
	PEERS_INVENTORY, /* any appliance of the inventory */
	PEERS_LISTED,	 /* peer[peer_first] … */
};

/* One row: (role, direction, transport, responder's port) and what it is for. */
struct rule {
	service_mask services;
	uint32_t peer_first, peer_count; /* into policy.peer, for PEERS_LISTED */
	uint16_t port;
	uint16_t feature; /* number of the feature, for those who count by it */
	uint8_t role, direction, transport;
	uint8_t enabled;
	uint8_t peers;	 /* enum peers */
	uint8_t implied; /* not documented: a documented feature cannot do without it */
};

/* The rules that share a port: neighbours in policy.rule. */
struct rule_set {
	uint32_t first, count;
	uint32_t is_channel; /* one of them is of appliance communications: see core/flow/opening.h
			      */
};

/* `rule` is sorted by (role, direction, transport, port); set 0 is the empty set. */
struct policy {
	/* The direct table: set number by role, direction, transport and port; read and written
	 * through policy_set() and policy_set_put(). Most ports have none, which a bit says without
	 * a look into the table: a scan's ports would be misses there. */
	uint64_t has_set[ROLE_COUNT][DIRECTION_COUNT][TRANSPORT_COUNT][PORT_COUNT / 64];
	uint16_t set_of[ROLE_COUNT][DIRECTION_COUNT][TRANSPORT_COUNT][PORT_COUNT];
	/* What a flow of this IP protocol without ports gets: VERDICT_NOT_COVERED or
	 * VERDICT_UNEXPECTED_PROTOCOL (TCP and UDP are never looked up here). */
	uint8_t protocol[256];
	/* An appliance's own port 68 against a peer's 67: its rules, or SET_NONE. The rows of
	 * 67/udp and 68/udp outbound, which are neighbours. */
	uint16_t dhcp_set[ROLE_COUNT];
	uint32_t generation;
	uint32_t rules, sets, peers;
	const struct rule *rule;
	const struct rule_set *set;
	const struct prefix *peer;
	const struct inventory *inventory;
};

/* The rules of a place, or SET_NONE. */
static inline uint16_t policy_set(const struct policy *p, enum role role, enum direction direction,
	enum transport transport, uint16_t port)
{
	if (!(p->has_set[role][direction][transport][port / 64] >> (port % 64) & 1))
		return SET_NONE;
	return p->set_of[role][direction][transport][port];
}

/* Whether it is the set of DHCP's exchange, whose rules other sets have, too. */
static inline int policy_is_dhcp_set(const struct policy *p, uint16_t set)
{
	return set != SET_NONE && (set == p->dhcp_set[ROLE_MANAGEMENT_CENTER] ||
					  set == p->dhcp_set[ROLE_MANAGED_DEVICE]);
}

/* For who builds it: `set` is not SET_NONE. */
static inline void policy_set_put(struct policy *p, enum role role, enum direction direction,
	enum transport transport, uint16_t port, uint16_t set)
{
	p->has_set[role][direction][transport][port / 64] |= (uint64_t)1 << (port % 64);
	p->set_of[role][direction][transport][port] = set;
}

/* A flow as the policy sees it. [0] is the initiator, [1] the responder. */
struct flow_tuple {
	struct address address[2];
	uint16_t port[2];      /* host order; 0 where the protocol has none */
	uint16_t appliance[2]; /* or APPLIANCE_NONE */
	uint8_t version;       /* 4 or 6 */
	uint8_t protocol;      /* IP protocol number */
};

/* The verdict from both ends (DESIGN 2). An end that is no appliance has VERDICT_EXPECTED and
 * SET_NONE; `verdict` is the graver of the two. */
struct verdict_pair {
	uint8_t verdict;
	uint8_t end_verdict[2];
	uint16_t set[2];
};

struct verdict_pair policy_judge(const struct policy *, const struct flow_tuple *);

/* The services that the enabled rules of a set expect; 0: one of them expects none in
 * particular. */
service_mask policy_services(const struct policy *, uint16_t set);

/* Port 68 with port 67 is one exchange, whichever side is seen first. policy_is_dhcp: the
 * initiator is the client; policy_dhcp_is_reversed: it is the server, and the flow has to be
 * reversed. */
int policy_is_dhcp(const struct flow_tuple *);
int policy_dhcp_is_reversed(const struct flow_tuple *c);

#endif
