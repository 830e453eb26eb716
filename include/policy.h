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
#define POLICY_SETS_MAX 65535
#define POLICY_CLASSES_MAX 256

/* Who may be the peer: every bit is a condition, and all of them have to hold. */
enum peers {
	PEERS_ANY = 0,
	PEERS_INVENTORY = 1, /* any appliance of the inventory */
	PEERS_LISTED = 2,    /* peer[peer_first] … */
	PEERS_MANAGERS = 4,  /* the management centers of the class, see struct policy_class */
	PEERS_BOUND = 8,     /* peer[bound_first] …: what the site binds the port itself to */
};

/* One row: (role, direction, transport, responder's ports) and what it is for. */
struct rule {
	service_mask services;
	uint32_t peer_first, peer_count;   /* into policy.peer, for PEERS_LISTED */
	uint32_t bound_first, bound_count; /* likewise, for PEERS_BOUND */
	uint16_t port, port_last;	   /* the same but for a range */
	uint16_t feature;		   /* its number, for those who count by it */
	uint8_t role, direction, transport;
	uint8_t enabled;
	uint8_t peers;	 /* enum peers */
	uint8_t implied; /* not documented: a documented feature cannot do without it */
	uint8_t is_pair; /* of the site's `pairs`: role, direction, transport and ports mean nothing
			  */
};

/* The rules that share a port, in the order in which they are looked at. */
struct rule_set {
	uint32_t first, count; /* into policy.member */
	uint16_t port;	       /* the first port that has it */
	uint16_t is_channel;   /* one of them is of appliance communications: core/flow/opening.h */
};

/* The sets of one class, direction and transport by the responder's port: a bit for each port, and
 * for each 64 ports where the numbers of theirs begin in policy.port_set. Most ports have none,
 * which a bit says without a look further: a scan's ports would be misses there. */
struct port_table {
	uint64_t has_set[PORT_COUNT / 64];
	uint32_t first[PORT_COUNT / 64];
};

/* Appliances of one role that have the same rules. */
struct policy_class {
	const struct port_table *table[DIRECTION_COUNT][TRANSPORT_COUNT];
	uint32_t manager_first, managers; /* into policy.manager, for PEERS_MANAGERS */
	uint16_t dhcp_set;   /* an appliance's port 68 against a peer's 67, or SET_NONE */
	uint16_t data_class; /* of its appliances' data interfaces; its own number: the same */
	uint8_t role;
	uint8_t allows_devices; /* PEERS_MANAGERS allows every managed device, too */
};

/* Two appliances between which the site allows everything. */
struct policy_pair {
	uint16_t appliance[2]; /* the smaller number first */
	uint16_t set;
};

/* Set 0 is the empty set. The first classes are those of the roles, by their numbers: what the site
 * says of no appliance in particular. */
struct policy {
	/* What a flow of this IP protocol without ports gets: VERDICT_NOT_COVERED or
	 * VERDICT_UNEXPECTED_PROTOCOL (TCP and UDP are never looked up here). */
	uint8_t protocol[256];
	uint32_t generation;
	uint32_t rules, sets, peers, classes, pairs, managers;
	const struct rule *rule;
	const struct rule_set *set;
	const uint32_t *member;	  /* numbers of rules */
	const uint16_t *port_set; /* numbers of sets */
	const struct policy_class *class;
	const struct prefix *peer;
	const uint16_t *manager;	/* numbers of appliances */
	const struct policy_pair *pair; /* sorted by the appliances */
	/* Data interfaces: those of appliance a are data[data_first[a]] up to data_first[a + 1].
	 * NULL where no appliance has any. */
	const uint32_t *data_first;
	const struct prefix *data;
	const struct inventory *inventory;
};

/* The set of a port, or SET_NONE. */
static inline uint16_t policy_table_set(
	const struct policy *p, const struct port_table *t, uint16_t port)
{
	uint64_t word = t->has_set[port / 64], below;

	if (!(word >> (port % 64) & 1))
		return SET_NONE;
	below = word & (((uint64_t)1 << (port % 64)) - 1);
	return p->port_set[t->first[port / 64] + (uint32_t)__builtin_popcountll(below)];
}

/* The rules of a place, or SET_NONE. */
static inline uint16_t policy_set(const struct policy *p, unsigned class, enum direction direction,
	enum transport transport, uint16_t port)
{
	return policy_table_set(p, p->class[class].table[direction][transport], port);
}

/* The number of a set's rule, 0 to count - 1. */
static inline uint32_t policy_member(const struct policy *p, uint16_t set, uint32_t i)
{
	return p->member[p->set[set].first + i];
}

static inline const struct rule *policy_rule(const struct policy *p, uint16_t set, uint32_t i)
{
	return &p->rule[policy_member(p, set, i)];
}

/* Whether it is the set of DHCP's exchange, whose rules other sets have, too. */
static inline int policy_is_dhcp_set(const struct policy *p, uint16_t set)
{
	for (uint32_t i = 0; set != SET_NONE && i < p->classes; i++)
		if (p->class[i].dhcp_set == set)
			return 1;
	return 0;
}

/* For who builds a table: the next port in ascending order and its set, which is not SET_NONE.
 * `port_set` has room, `used` says how much of it. */
static inline void policy_table_put(
	struct port_table *t, uint16_t *port_set, uint32_t *used, uint16_t port, uint16_t set)
{
	if (!t->has_set[port / 64])
		t->first[port / 64] = *used;
	t->has_set[port / 64] |= (uint64_t)1 << (port % 64);
	port_set[(*used)++] = set;
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
