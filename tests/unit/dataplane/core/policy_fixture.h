/* A small deployment for the tests of the core: an inventory and a policy, built by hand from
 * rules, and a worker that is fed with frames and whose records are kept.
 */
#ifndef PORTOLAN_POLICY_FIXTURE_H
#define PORTOLAN_POLICY_FIXTURE_H

#include "dataplane/core/frame_fixture.h"

#include "inventory.h"
#include "policy.h"
#include "record.h"

/* --- a policy from rules ------------------------------------------------------------------ */

#define SETS_MAX 4096

struct book {
	struct policy *policy;
	struct rule_set set[SETS_MAX];
};

static inline int same_place(const struct rule *a, const struct rule *b)
{
	return a->role == b->role && a->direction == b->direction && a->transport == b->transport &&
	       a->port == b->port;
}

static inline int compare_place(const void *left, const void *right)
{
	const struct rule *a = left, *b = right;

	if (a->role != b->role)
		return a->role < b->role ? -1 : 1;
	if (a->direction != b->direction)
		return a->direction < b->direction ? -1 : 1;
	if (a->transport != b->transport)
		return a->transport < b->transport ? -1 : 1;
	return a->port < b->port ? -1 : a->port > b->port;
}

static inline void book_add_dhcp(struct book *b, unsigned role)
{
	const struct policy *p = b->policy;
	uint16_t server = policy_set(p, role, DIRECTION_OUTBOUND, TRANSPORT_UDP, 67);
	uint16_t client = policy_set(p, role, DIRECTION_OUTBOUND, TRANSPORT_UDP, 68);

	if (server == SET_NONE && client == SET_NONE)
		return;
	b->set[b->policy->sets] = b->set[server != SET_NONE ? server : client];
	if (server != SET_NONE && client != SET_NONE)
		b->set[b->policy->sets].count += b->set[client].count;
	b->policy->dhcp_set[role] = (uint16_t)b->policy->sets++;
}

/* Sorts `rule` and makes the direct table of it. */
static inline void book_open(
	struct book *b, struct rule *rule, uint32_t rules, const struct inventory *inventory)
{
	struct policy *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	memset(b, 0, sizeof(*b));
	qsort(rule, rules, sizeof(*rule), compare_place);
	b->policy = p;
	p->rule = rule;
	p->rules = rules;
	p->set = b->set;
	p->sets = 1;
	p->inventory = inventory;
	for (uint32_t i = 0; i < rules; i++) {
		const struct rule *r = &rule[i];
		if (i == 0 || !same_place(r, &rule[i - 1])) {
			assert_true(p->sets < SETS_MAX - ROLE_COUNT);
			b->set[p->sets].first = i;
			policy_set_put(p, r->role, r->direction, r->transport, r->port,
				(uint16_t)p->sets++);
		}
		b->set[p->sets - 1].count++;
		b->set[p->sets - 1].is_channel = r->port == 8305;
	}
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		book_add_dhcp(b, role);
	memset(p->protocol, VERDICT_UNEXPECTED_PROTOCOL, sizeof(p->protocol));
	p->protocol[IPPROTO_ICMP] = p->protocol[IPPROTO_ICMPV6] = VERDICT_NOT_COVERED;
}

static inline void book_close(struct book *b)
{
	free(b->policy);
}

/* --- an inventory from texts ---------------------------------------------------------------- */

static inline struct inventory *inventory_new(size_t appliances, size_t prefixes, size_t macs)
{
	size_t bytes = (inventory_size(appliances, prefixes, macs) + 63) & ~(size_t)63;
	void *memory = aligned_alloc(64, bytes);

	assert_non_null(memory);
	return inventory_init(memory, appliances, prefixes, macs);
}

/* Without a single appliance: every packet is read to its innermost header. */
static inline const struct inventory *nobody(void)
{
	static struct inventory *inv;

	if (!inv)
		inv = inventory_new(1, 1, 1);
	return inv;
}

static inline struct prefix prefix_of(const char *text, unsigned length)
{
	unsigned version;
	struct address a = address_at(text, &version);

	return (struct prefix){
		address_masked(a, version, length), (uint8_t)version, (uint8_t)length};
}

#endif
