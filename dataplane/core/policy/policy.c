#include "policy.h"

#include <netinet/in.h>

enum { DHCP_SERVER = 67, DHCP_CLIENT = 68 };

/* One end of a flow as the policy sees it. */
struct end_view {
	uint16_t appliance, peer_appliance;
	const struct address *peer;
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

static int rule_allows_peer(
	const struct policy *p, const struct rule *r, const struct end_view *e, unsigned version)
{
	if (r->peers == PEERS_ANY)
		return 1;
	if (r->peers == PEERS_INVENTORY)
		return e->peer_appliance != APPLIANCE_NONE;
	for (uint32_t i = 0; i < r->peer_count; i++)
		if (prefix_contains(&p->peer[r->peer_first + i], e->peer, version))
			return 1;
	return 0;
}

/* On a shared port one enabled rule that allows the peer is enough. */
static enum verdict judge_set(const struct policy *p, const struct rule_set *set,
	const struct end_view *e, unsigned version)
{
	enum verdict v = set->count == 0 ? VERDICT_UNEXPECTED_PORT : VERDICT_FEATURE_DISABLED;

	for (uint32_t i = 0; i < set->count; i++) {
		const struct rule *r = &p->rule[set->first + i];
		if (!r->enabled)
			continue;
		if (rule_allows_peer(p, r, e, version))
			return VERDICT_EXPECTED;
		v = VERDICT_PEER_NOT_ALLOWED;
	}
	return v;
}

static uint16_t find_set(
	const struct policy *p, const struct flow_tuple *c, const struct end_view *e)
{
	enum role role = inventory_role(p->inventory, e->appliance);
	enum transport t = c->protocol == IPPROTO_TCP ? TRANSPORT_TCP : TRANSPORT_UDP;

	if (e->direction == DIRECTION_OUTBOUND && policy_is_dhcp(c))
		return p->dhcp_set[role];
	return policy_set(p, role, e->direction, t, c->port[1]);
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
		.peer = &c->address[1 - end],
		.direction = end == 0 ? DIRECTION_OUTBOUND : DIRECTION_INBOUND,
	};
	uint16_t set;

	if (e.appliance == APPLIANCE_NONE)
		return (struct end_verdict_sets){VERDICT_EXPECTED, SET_NONE};
	if (c->protocol != IPPROTO_TCP && c->protocol != IPPROTO_UDP)
		return (struct end_verdict_sets){p->protocol[c->protocol], SET_NONE};
	set = find_set(p, c, &e);
	return (struct end_verdict_sets){(uint16_t)judge_set(p, &p->set[set], &e, c->version), set};
}

struct verdict_pair policy_judge(const struct policy *p, const struct flow_tuple *c)
{
	struct end_verdict_sets a = judge_end(p, c, 0), b = judge_end(p, c, 1);

	return (struct verdict_pair){
		.verdict = (uint8_t)(a.verdict > b.verdict ? a.verdict : b.verdict),
		.end_verdict = {(uint8_t)a.verdict, (uint8_t)b.verdict},
		.set = {a.set, b.set},
	};
}

service_mask policy_services(const struct policy *p, uint16_t set)
{
	const struct rule_set *s = &p->set[set];
	service_mask services = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct rule *r = &p->rule[s->first + i];
		if (!r->enabled)
			continue;
		if (!r->services)
			return 0;
		services |= r->services;
	}
	return service_accepts(services);
}
