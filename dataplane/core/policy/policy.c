#include "policy.h"

#include <netinet/in.h>
#include <string.h>

enum { DHCP_SERVER = 67, DHCP_CLIENT = 68 };

/* One end of a flow as the policy sees it. */
struct end_view {
	uint16_t appliance, peer_appliance;
	const struct address *own, *peer;
	const struct policy_class *class;
	enum direction direction;
};

int policy_is_dhcp(const struct flow_tuple *c)
{
	return c->protocol == IPPROTO_UDP && c->port[0] == DHCP_CLIENT && c->port[1] == DHCP_SERVER;
}

int policy_dhcp_is_reversed(const struct flow_tuple *c)
{
	return c->protocol == IPPROTO_UDP && c->port[0] == DHCP_SERVER && c->port[1] == DHCP_CLIENT;
}

/* A client that has no address asks all servers at once (RFC 2131 section 4.1), so its broadcast
 * is part of its exchange with whichever server the rule allows. */
static int is_dhcp_broadcast(const struct flow_tuple *c, const struct end_view *e)
{
	static const uint8_t broadcast[4] = {255, 255, 255, 255};

	return c->version == 4 && e->direction == DIRECTION_OUTBOUND && policy_is_dhcp(c) &&
	       memcmp(&e->peer->byte[12], broadcast, sizeof(broadcast)) == 0;
}

static int is_listed(const struct policy *p, uint32_t first, uint32_t count,
	const struct end_view *e, unsigned version)
{
	for (uint32_t i = 0; i < count; i++)
		if (prefix_contains(&p->peer[first + i], e->peer, version))
			return 1;
	return 0;
}

static int is_manager(const struct policy *p, const struct end_view *e)
{
	const struct policy_class *class = e->class;

	if (e->peer_appliance == APPLIANCE_NONE)
		return 0;
	if (class->allows_devices &&
		p->class[inventory_class(p->inventory, e->peer_appliance)].role ==
			ROLE_MANAGED_DEVICE)
		return 1;
	for (uint32_t i = 0; i < class->managers; i++)
		if (p->manager[class->manager_first + i] == e->peer_appliance)
			return 1;
	return 0;
}

static int rule_allows_peer(
	const struct policy *p, const struct rule *r, const struct end_view *e, unsigned version)
{
	if (r->peers & PEERS_INVENTORY && e->peer_appliance == APPLIANCE_NONE)
		return 0;
	if (r->peers & PEERS_MANAGERS && !is_manager(p, e))
		return 0;
	if (r->peers & PEERS_BOUND && !is_listed(p, r->bound_first, r->bound_count, e, version))
		return 0;
	return !(r->peers & PEERS_LISTED) || is_listed(p, r->peer_first, r->peer_count, e, version);
}

/* What one rule says of a peer. An implied rule speaks of the peers that it allows and of no
 * others: for these it is not there. */
static enum verdict judge_rule(const struct rule *r, int allows_peer)
{
	if (r->implied && !allows_peer)
		return VERDICT_UNEXPECTED_PORT;
	if (!r->enabled)
		return VERDICT_FEATURE_DISABLED;
	if (!allows_peer)
		return VERDICT_PEER_NOT_ALLOWED;
	return r->implied ? VERDICT_IMPLIED : VERDICT_EXPECTED;
}

/* Which of two rules of a port decides, the larger: what allows the flow comes before what
 * forbids it, a peer that is not allowed before a feature that is off. */
static unsigned judge_rank(enum verdict v)
{
	static const uint8_t rank[VERDICT_COUNT] = {
		[VERDICT_EXPECTED] = 4,
		[VERDICT_IMPLIED] = 3,
		[VERDICT_PEER_NOT_ALLOWED] = 2,
		[VERDICT_FEATURE_DISABLED] = 1,
	};
	return rank[v];
}

/* On a shared port one enabled rule that allows the peer is enough. */
static enum verdict judge_set(const struct policy *p, const struct rule_set *set,
	const struct flow_tuple *c, const struct end_view *e)
{
	int is_broadcast = is_dhcp_broadcast(c, e);
	enum verdict v = VERDICT_UNEXPECTED_PORT;

	for (uint32_t i = 0; i < set->count && v != VERDICT_EXPECTED; i++) {
		const struct rule *r = &p->rule[p->member[set->first + i]];
		enum verdict said =
			judge_rule(r, is_broadcast || rule_allows_peer(p, r, e, c->version));
		if (judge_rank(said) > judge_rank(v))
			v = said;
	}
	return v;
}

/* An appliance's data interfaces may have other rules than where it is managed. */
static const struct policy_class *class_of(
	const struct policy *p, const struct end_view *e, unsigned version)
{
	unsigned number = inventory_class(p->inventory, e->appliance);
	const struct policy_class *class = &p->class[number];

	if (class->data_class == number)
		return class;
	for (uint32_t i = p->data_first[e->appliance]; i < p->data_first[e->appliance + 1]; i++)
		if (prefix_contains(&p->data[i], e->own, version))
			return &p->class[class->data_class];
	return class;
}

static uint16_t find_set(
	const struct policy *p, const struct flow_tuple *c, const struct end_view *e)
{
	enum transport t = c->protocol == IPPROTO_TCP ? TRANSPORT_TCP : TRANSPORT_UDP;

	if (e->direction == DIRECTION_OUTBOUND && policy_is_dhcp(c))
		return e->class->dhcp_set;
	return policy_table_set(p, e->class->table[e->direction][t], c->port[1]);
}

/* The set of a pair of appliances between which everything is allowed, or SET_NONE. */
static uint16_t find_pair(const struct policy *p, const struct flow_tuple *c)
{
	uint16_t a = c->appliance[0], b = c->appliance[1], swap = a;
	uint32_t first = 0, end = p->pairs;

	if (a > b) {
		a = b;
		b = swap;
	}
	while (first < end) {
		uint32_t middle = first + (end - first) / 2;
		const struct policy_pair *pair = &p->pair[middle];
		if (pair->appliance[0] == a && pair->appliance[1] == b)
			return pair->set;
		if (pair->appliance[0] < a || (pair->appliance[0] == a && pair->appliance[1] < b))
			first = middle + 1;
		else
			end = middle;
	}
	return SET_NONE;
}

/* In registers: what is stored in pieces and then copied whole waits for the stores. */
struct end_verdict_sets {
	uint16_t verdict, set;
};

static struct end_verdict_sets judge_end(
	const struct policy *p, const struct flow_tuple *c, unsigned end)
{
	struct end_view e = {
		.appliance = c->appliance[end],
		.peer_appliance = c->appliance[1 - end],
		.own = &c->address[end],
		.peer = &c->address[1 - end],
		.direction = end == 0 ? DIRECTION_OUTBOUND : DIRECTION_INBOUND,
	};
	enum verdict v;
	uint16_t set;

	if (e.appliance == APPLIANCE_NONE)
		return (struct end_verdict_sets){VERDICT_EXPECTED, SET_NONE};
	if (c->protocol != IPPROTO_TCP && c->protocol != IPPROTO_UDP)
		return (struct end_verdict_sets){p->protocol[c->protocol], SET_NONE};
	e.class = class_of(p, &e, c->version);
	set = find_set(p, c, &e);
	v = judge_set(p, &p->set[set], c, &e);
	/* Where only implied rules are there and none speaks of this peer, no rule is there. */
	return (struct end_verdict_sets){
		(uint16_t)v, v == VERDICT_UNEXPECTED_PORT ? SET_NONE : set};
}

static struct verdict_pair judge_ends(const struct policy *p, const struct flow_tuple *c)
{
	struct end_verdict_sets a = judge_end(p, c, 0), b = judge_end(p, c, 1);

	return (struct verdict_pair){
		.verdict = (uint8_t)(a.verdict > b.verdict ? a.verdict : b.verdict),
		.end_verdict = {(uint8_t)a.verdict, (uint8_t)b.verdict},
		.set = {a.set, b.set},
	};
}

/* Between the two of a pair everything is allowed; their channel stays a channel. */
static struct verdict_pair judge_pair(
	const struct policy *p, const struct verdict_pair *ends, uint16_t pair)
{
	int is_channel = p->set[ends->set[0]].is_channel || p->set[ends->set[1]].is_channel;

	if (is_channel && ends->verdict == VERDICT_EXPECTED)
		return *ends;
	return (struct verdict_pair){
		.verdict = VERDICT_EXPECTED,
		.end_verdict = {VERDICT_EXPECTED, VERDICT_EXPECTED},
		.set = {pair, pair},
	};
}

struct verdict_pair policy_judge(const struct policy *p, const struct flow_tuple *c)
{
	struct verdict_pair ends = judge_ends(p, c);
	uint16_t pair;

	if (p->pairs == 0 || c->appliance[0] == APPLIANCE_NONE || c->appliance[1] == APPLIANCE_NONE)
		return ends;
	pair = find_pair(p, c);
	return pair == SET_NONE ? ends : judge_pair(p, &ends, pair);
}

service_mask policy_services(const struct policy *p, uint16_t set)
{
	const struct rule_set *s = &p->set[set];
	service_mask services = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct rule *r = &p->rule[p->member[s->first + i]];
		if (!r->enabled)
			continue;
		if (!r->services)
			return 0;
		services |= r->services;
	}
	return service_accepts(services);
}
