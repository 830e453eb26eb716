#include "dataplane/core/policy_fixture.h"

#define RULES_MAX 300

static const struct {
	const char *text;
	unsigned length;
} listed[] = {{"10.1.1.0", 24}, {"10.1.2.7", 32}, {"0.0.0.0", 0}, {"2001:db8:1::", 48}, {"::", 0}};

static const char *const address[] = {"10.1.1.9", "10.1.2.7", "10.1.2.8", "10.10.0.5", "10.20.0.1",
	"2001:db8:1::9", "2001:db8:2::9", "2001:db8:10::5", "255.255.255.255"};

/* --- the stupid twin: every rule asked, no table -------------------------------------------- */

static int lists_peer(const struct policy *p, uint32_t first, uint32_t count,
	const struct address *a, unsigned version)
{
	int found = 0;

	for (uint32_t i = first; i < first + count; i++)
		found |= prefix_contains(&p->peer[i], a, version);
	return found;
}

static const struct policy_class *class_at(
	const struct policy *p, const struct flow_tuple *c, unsigned end)
{
	return &p->class[inventory_class(p->inventory, c->appliance[end])];
}

static int is_its_manager(const struct policy *p, const struct flow_tuple *c, unsigned end)
{
	const struct policy_class *class = class_at(p, c, end);
	uint16_t peer = c->appliance[1 - end];
	int found = 0;

	if (peer == APPLIANCE_NONE)
		return 0;
	if (class->allows_devices && class_at(p, c, 1 - end)->role == ROLE_MANAGED_DEVICE)
		return 1;
	for (uint32_t i = 0; i < class->managers; i++)
		found |= p->manager[class->manager_first + i] == peer;
	return found;
}

static int peer_fits(
	const struct policy *p, const struct rule *r, const struct flow_tuple *c, unsigned end)
{
	static const uint8_t broadcast[4] = {255, 255, 255, 255};

	if (c->version == 4 && end == 0 && c->protocol == IPPROTO_UDP && c->port[0] == 68 &&
		c->port[1] == 67 && memcmp(&c->address[1].byte[12], broadcast, 4) == 0)
		return 1;
	if (r->peers & PEERS_INVENTORY && c->appliance[1 - end] == APPLIANCE_NONE)
		return 0;
	if (r->peers & PEERS_MANAGERS && !is_its_manager(p, c, end))
		return 0;
	if (r->peers & PEERS_LISTED &&
		!lists_peer(p, r->peer_first, r->peer_count, &c->address[1 - end], c->version))
		return 0;
	return !(r->peers & PEERS_BOUND) ||
	       lists_peer(p, r->bound_first, r->bound_count, &c->address[1 - end], c->version);
}

static int rule_fits(
	const struct policy *p, const struct rule *r, const struct flow_tuple *c, unsigned end)
{
	int is_udp = c->protocol == IPPROTO_UDP;

	if (r->role != p->class[inventory_class(p->inventory, c->appliance[end])].role)
		return 0;
	if (r->direction != (end == 0 ? DIRECTION_OUTBOUND : DIRECTION_INBOUND))
		return 0;
	if (r->transport != (is_udp ? TRANSPORT_UDP : TRANSPORT_TCP))
		return 0;
	/* One exchange: the client's row is as good as the server's. */
	if (end == 0 && is_udp && c->port[0] == 68 && c->port[1] == 67 && r->port == 68)
		return 1;
	return r->port == c->port[1];
}

static enum verdict twin_judge_end(const struct policy *p, const struct flow_tuple *c, unsigned end)
{
	int documented = 0, enabled = 0, allowed = 0, implied = 0;

	if (c->appliance[end] == APPLIANCE_NONE)
		return VERDICT_EXPECTED;
	if (c->protocol != IPPROTO_TCP && c->protocol != IPPROTO_UDP)
		return (enum verdict)p->protocol[c->protocol];
	for (uint32_t i = 0; i < p->rules; i++) {
		int fits = peer_fits(p, &p->rule[i], c, end);
		if (!rule_fits(p, &p->rule[i], c, end) || (p->rule[i].implied && !fits))
			continue;
		documented = 1;
		enabled |= p->rule[i].enabled;
		allowed |= p->rule[i].enabled && fits && !p->rule[i].implied;
		implied |= p->rule[i].enabled && fits && p->rule[i].implied;
	}
	if (allowed)
		return VERDICT_EXPECTED;
	if (implied)
		return VERDICT_IMPLIED;
	if (enabled)
		return VERDICT_PEER_NOT_ALLOWED;
	return documented ? VERDICT_FEATURE_DISABLED : VERDICT_UNEXPECTED_PORT;
}

/* --- a world of random numbers
 * ------------------------------------------------------------------------- */

static uint16_t random_port(struct dice *d)
{
	static const uint16_t port[] = {0, 22, 53, 67, 68, 443, 8305, 65535};

	return port[dice_below(d, sizeof(port) / sizeof(port[0]))];
}

static uint32_t random_rules(struct dice *d, struct rule *rule)
{
	uint32_t rules = dice_below(d, 60);

	for (uint32_t i = 0; i < rules; i++) {
		uint32_t first = dice_below(d, 5);
		rule[i] = (struct rule){
			.port = random_port(d),
			.role = (uint8_t)dice_below(d, ROLE_COUNT),
			.direction = (uint8_t)dice_below(d, DIRECTION_COUNT),
			.transport = (uint8_t)dice_below(d, TRANSPORT_COUNT),
			.enabled = dice_below(d, 3) > 0,
			.implied = dice_below(d, 4) == 0,
			.peers = (uint8_t)(dice_below(d, 3) ? dice_below(d, 3) : dice_below(d, 16)),
			.peer_first = first,
			.peer_count = 1 + dice_below(d, 5 - first),
			.bound_first = first / 2,
			.bound_count = 1 + dice_below(d, 5 - first / 2),
		};
	}
	return rules;
}

static struct inventory *two_appliances(void)
{
	struct inventory *inv = inventory_new(2, 3, 0);
	struct prefix center = prefix_of("10.10.0.5", 32),
		      center6 = prefix_of("2001:db8:10::5", 128),
		      device = prefix_of("10.20.0.0", 16);

	inventory_add(inv, ROLE_MANAGEMENT_CENTER);
	inventory_add(inv, ROLE_MANAGED_DEVICE);
	inventory_add_prefix(inv, &center, 0);
	inventory_add_prefix(inv, &center6, 0);
	inventory_add_prefix(inv, &device, 1);
	return inv;
}

static struct flow_tuple random_conversation(struct dice *d, const struct inventory *inv)
{
	static const uint8_t protocol[] = {
		IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP, 1, 47};
	struct flow_tuple c = {.protocol = protocol[dice_below(d, sizeof(protocol))]};
	unsigned version = dice_below(d, 4) ? 4 : 6;

	c.version = (uint8_t)version;
	for (unsigned end = 0; end < 2; end++) {
		unsigned v = 0;
		while (v != version)
			c.address[end] = address_at(address[dice_below(d, 9)], &v);
		c.port[end] =
			c.protocol == IPPROTO_TCP || c.protocol == IPPROTO_UDP ? random_port(d) : 0;
		c.appliance[end] = inventory_find(inv, &c.address[end], version);
	}
	return c;
}

static void check(const struct policy *p, const struct flow_tuple *c)
{
	struct verdict_pair j = policy_judge(p, c);
	enum verdict want[2] = {twin_judge_end(p, c, 0), twin_judge_end(p, c, 1)};

	assert_int_equal(j.end_verdict[0], want[0]);
	assert_int_equal(j.end_verdict[1], want[1]);
	assert_int_equal(j.verdict, want[0] > want[1] ? want[0] : want[1]);
	for (unsigned end = 0; end < 2; end++) {
		const struct rule_set *s = &p->set[j.set[end]];
		uint32_t rules = 0;
		for (uint32_t i = 0; i < p->rules && c->appliance[end] != APPLIANCE_NONE &&
				     (c->protocol == IPPROTO_TCP || c->protocol == IPPROTO_UDP);
			i++)
			rules += (uint32_t)rule_fits(p, &p->rule[i], c, end);
		/* No rule is named where none speaks of this peer. */
		assert_int_equal(
			s->count, j.end_verdict[end] == VERDICT_UNEXPECTED_PORT ? 0 : rules);
		for (uint32_t i = 0; i < s->count; i++)
			assert_true(rule_fits(p, policy_rule(p, j.set[end], i), c, end));
	}
}

static void random_managers(struct dice *d, struct book *b)
{
	static const uint16_t manager[] = {0, 1};

	b->policy->manager = manager;
	b->policy->managers = 2;
	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		b->class[role].managers = dice_below(d, 3);
		b->class[role].manager_first = b->class[role].managers == 1 ? dice_below(d, 2) : 0;
		b->class[role].allows_devices = dice_below(d, 2) == 0;
	}
}

static void policy_judges_as_a_linear_scan_of_its_rules_does(void **state)
{
	struct dice d = dice_cast(11);
	struct inventory *inv = two_appliances();
	struct prefix peer[5];

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		peer[i] = prefix_of(listed[i].text, listed[i].length);
	for (unsigned round = 0; round < 100; round++) {
		struct rule rule[RULES_MAX];
		struct book b;
		book_open(&b, rule, random_rules(&d, rule), inv);
		b.policy->peer = peer;
		b.policy->peers = 5;
		random_managers(&d, &b);
		for (unsigned i = 0; i < 1000; i++) {
			struct flow_tuple c = random_conversation(&d, inv);
			check(b.policy, &c);
		}
		book_close(&b);
	}
	free(inv);
}

static void policy_answers_for_every_port_there_is(void **state)
{
	struct inventory *inv = two_appliances();
	struct rule rule[] = {
		{.port = 0,
			.role = ROLE_MANAGED_DEVICE,
			.direction = DIRECTION_INBOUND,
			.transport = TRANSPORT_TCP,
			.enabled = 1},
		{.port = 65535,
			.role = ROLE_MANAGED_DEVICE,
			.direction = DIRECTION_INBOUND,
			.transport = TRANSPORT_UDP,
			.enabled = 1},
	};
	struct flow_tuple c = {.version = 4, .appliance = {APPLIANCE_NONE, 1}};
	struct book b;

	(void)state;
	book_open(&b, rule, 2, inv);
	for (unsigned port = 0; port < PORT_COUNT; port++) {
		c.port[1] = (uint16_t)port;
		c.protocol = IPPROTO_TCP;
		assert_int_equal(policy_judge(b.policy, &c).verdict,
			port == 0 ? VERDICT_EXPECTED : VERDICT_UNEXPECTED_PORT);
		c.protocol = IPPROTO_UDP;
		assert_int_equal(policy_judge(b.policy, &c).verdict,
			port == 65535 ? VERDICT_EXPECTED : VERDICT_UNEXPECTED_PORT);
	}
	book_close(&b);
	free(inv);
}

static void policy_turns_only_a_dhcp_answer_round(void **state)
{
	struct flow_tuple c = {.version = 4, .protocol = IPPROTO_UDP, .port = {67, 68}};

	(void)state;
	assert_true(policy_dhcp_is_reversed(&c));
	c.port[0] = 68;
	assert_false(policy_dhcp_is_reversed(&c));
	c.port[1] = 67;
	assert_false(policy_dhcp_is_reversed(&c));
	c = (struct flow_tuple){.version = 4, .protocol = IPPROTO_TCP, .port = {67, 68}};
	assert_false(policy_dhcp_is_reversed(&c));
}

/* A feature of the device's that answers its own site only. */
static void policy_implied_rule_speaks_of_no_peer_that_it_does_not_allow(void **state)
{
	struct inventory *inv = two_appliances();
	struct rule rule = {.port = 123,
		.role = ROLE_MANAGEMENT_CENTER,
		.direction = DIRECTION_INBOUND,
		.transport = TRANSPORT_UDP,
		.peers = PEERS_INVENTORY,
		.enabled = 1,
		.implied = 1};
	struct flow_tuple c = {.version = 4, .protocol = IPPROTO_UDP, .port = {5000, 123}};
	struct book b;

	(void)state;
	book_open(&b, &rule, 1, inv);
	c.appliance[1] = 0;
	c.appliance[0] = APPLIANCE_NONE;
	assert_int_equal(policy_judge(b.policy, &c).verdict, VERDICT_UNEXPECTED_PORT);
	assert_int_equal(policy_judge(b.policy, &c).set[1], SET_NONE);
	c.appliance[0] = 1;
	assert_int_equal(policy_judge(b.policy, &c).end_verdict[1], VERDICT_IMPLIED);
	rule.enabled = 0;
	assert_int_equal(policy_judge(b.policy, &c).end_verdict[1], VERDICT_FEATURE_DISABLED);
	c.appliance[0] = APPLIANCE_NONE;
	assert_int_equal(policy_judge(b.policy, &c).end_verdict[1], VERDICT_UNEXPECTED_PORT);
	book_close(&b);
	free(inv);
}

static void policy_a_dhcp_broadcast_asks_the_bound_server_and_no_other_port_may(void **state)
{
	struct inventory *inv = two_appliances();
	struct prefix server = prefix_of("10.1.1.1", 32);
	struct rule rule[] = {{.port = 67,
				      .role = ROLE_MANAGED_DEVICE,
				      .direction = DIRECTION_OUTBOUND,
				      .transport = TRANSPORT_UDP,
				      .peers = PEERS_LISTED,
				      .peer_count = 1,
				      .enabled = 1},
		{.port = 123,
			.role = ROLE_MANAGED_DEVICE,
			.direction = DIRECTION_OUTBOUND,
			.transport = TRANSPORT_UDP,
			.peers = PEERS_LISTED,
			.peer_count = 1,
			.enabled = 1}};
	struct flow_tuple c = {.version = 4, .protocol = IPPROTO_UDP, .port = {68, 67}};
	struct book b;
	unsigned v;

	(void)state;
	book_open(&b, rule, 2, inv);
	b.policy->peer = &server;
	b.policy->peers = 1;
	c.appliance[0] = 1;
	c.appliance[1] = APPLIANCE_NONE;
	c.address[1] = address_at("255.255.255.255", &v);
	assert_int_equal(policy_judge(b.policy, &c).verdict, VERDICT_EXPECTED);
	c.port[0] = c.port[1] = 123;
	assert_int_equal(policy_judge(b.policy, &c).verdict, VERDICT_PEER_NOT_ALLOWED);
	c = (struct flow_tuple){.version = 4, .protocol = IPPROTO_UDP, .port = {68, 67}};
	c.appliance[0] = 1;
	c.appliance[1] = APPLIANCE_NONE;
	c.address[1] = address_at("203.0.113.66", &v);
	assert_int_equal(policy_judge(b.policy, &c).verdict, VERDICT_PEER_NOT_ALLOWED);
	book_close(&b);
	free(inv);
}

/* Milder to graver, as DESIGN 3 lists them: the numbers are what `graver` means. */
static void verdicts_are_ordered_from_mild_to_grave(void **state)
{
	static const char *const order[] = {"expected", "implied", "not-covered",
		"feature-disabled", "peer-not-allowed", "wrong-service", "unexpected-protocol",
		"unexpected-port"};

	(void)state;
	assert_int_equal(VERDICT_COUNT, 8);
	for (unsigned i = 0; i < VERDICT_COUNT; i++) {
		assert_string_equal(verdict_name((enum verdict)i), order[i]);
		assert_int_equal(verdict_is_flagged((enum verdict)i), i >= 3);
	}
}

static int table_of_severities(enum verdict v, int through)
{
	switch (v) {
	case VERDICT_UNEXPECTED_PORT:
	case VERDICT_UNEXPECTED_PROTOCOL:
	case VERDICT_WRONG_SERVICE:
		return through ? 3 : 2;
	case VERDICT_FEATURE_DISABLED:
	case VERDICT_PEER_NOT_ALLOWED:
		return through ? 2 : 1;
	default:
		return 0;
	}
}

static void severity_is_a_step_lower_where_the_other_orientation_would_be_milder(void **state)
{
	(void)state;
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		for (int through = 0; through < 2; through++) {
			int want = table_of_severities((enum verdict)v, through);
			assert_int_equal(verdict_severity((enum verdict)v, through, 0), want);
			assert_int_equal(verdict_severity((enum verdict)v, through, 1),
				want > 1 ? want - 1 : want);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_judges_as_a_linear_scan_of_its_rules_does),
		cmocka_unit_test(policy_answers_for_every_port_there_is),
		cmocka_unit_test(policy_turns_only_a_dhcp_answer_round),
		cmocka_unit_test(policy_implied_rule_speaks_of_no_peer_that_it_does_not_allow),
		cmocka_unit_test(
			policy_a_dhcp_broadcast_asks_the_bound_server_and_no_other_port_may),
		cmocka_unit_test(verdicts_are_ordered_from_mild_to_grave),
		cmocka_unit_test(
			severity_is_a_step_lower_where_the_other_orientation_would_be_milder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
