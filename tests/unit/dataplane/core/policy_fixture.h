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

#define BOOK_SETS_MAX 4096

/* Numbers of rules and sets are written once for each rule, and once more for DHCP's sets. */
#define BOOK_RULES_MAX 4096

struct book {
	struct policy *policy;
	struct rule_set set[BOOK_SETS_MAX];
	struct policy_class class[ROLE_COUNT];
	struct port_table table[ROLE_COUNT][DIRECTION_COUNT][TRANSPORT_COUNT];
	uint32_t member[2 * BOOK_RULES_MAX], members;
	uint16_t port_set[BOOK_SETS_MAX];
	uint32_t port_sets;
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

static inline void book_add_members(struct book *b, uint16_t set)
{
	for (uint32_t i = 0; set != SET_NONE && i < b->set[set].count; i++) {
		b->member[b->members++] = b->member[b->set[set].first + i];
		b->set[b->policy->sets].count++;
	}
}

static inline void book_add_dhcp(struct book *b, unsigned role)
{
	const struct policy *p = b->policy;
	uint16_t server = policy_set(p, role, DIRECTION_OUTBOUND, TRANSPORT_UDP, 67);
	uint16_t client = policy_set(p, role, DIRECTION_OUTBOUND, TRANSPORT_UDP, 68);

	if (server == SET_NONE && client == SET_NONE)
		return;
	b->set[p->sets] =
		(struct rule_set){.first = b->members, .port = server != SET_NONE ? 67 : 68};
	book_add_members(b, server);
	book_add_members(b, client);
	b->class[role].dhcp_set = (uint16_t)b->policy->sets++;
}

static inline void book_add_rule(struct book *b, uint32_t i, int is_first)
{
	struct policy *p = b->policy;
	const struct rule *r = &p->rule[i];

	if (is_first) {
		assert_true(p->sets < BOOK_SETS_MAX - ROLE_COUNT);
		b->set[p->sets] = (struct rule_set){.first = b->members, .port = r->port};
		policy_table_put(&b->table[r->role][r->direction][r->transport], b->port_set,
			&b->port_sets, r->port, (uint16_t)p->sets++);
	}
	b->member[b->members++] = i;
	b->set[p->sets - 1].count++;
	b->set[p->sets - 1].is_channel = r->port == 8305;
}

static inline void book_open_classes(struct book *b)
{
	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		b->class[role] =
			(struct policy_class){.role = (uint8_t)role, .data_class = (uint16_t)role};
		for (unsigned d = 0; d < DIRECTION_COUNT; d++)
			for (unsigned t = 0; t < TRANSPORT_COUNT; t++)
				b->class[role].table[d][t] = &b->table[role][d][t];
	}
	b->policy->class = b->class;
	b->policy->classes = ROLE_COUNT;
}

/* Sorts `rule` and makes the tables of it: a class for each role. */
static inline void book_open(
	struct book *b, struct rule *rule, uint32_t rules, const struct inventory *inventory)
{
	struct policy *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	assert_true(rules <= BOOK_RULES_MAX);
	memset(b, 0, sizeof(*b));
	qsort(rule, rules, sizeof(*rule), compare_place);
	b->policy = p;
	*p = (struct policy){.rule = rule,
		.rules = rules,
		.set = b->set,
		.sets = 1,
		.member = b->member,
		.port_set = b->port_set,
		.inventory = inventory};
	book_open_classes(b);
	for (uint32_t i = 0; i < rules; i++)
		book_add_rule(b, i, i == 0 || !same_place(&rule[i], &rule[i - 1]));
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
