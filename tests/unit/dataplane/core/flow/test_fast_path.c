#include "dataplane/core/policy_fixture.h"

#include "core/decode/attribution.h"
#include "core/decode/decode.h"
#include "core/flow/fast_path.h"
#include "core/flow/key.h"
#include "core/policy/inventory_lookup.h"

/* The stupid twin is the way of the layers: whatever a fast path says, they say. */

#define ROUNDS 400000u
#define PREFIXES 7

struct stage {
	struct inventory *inventory;
	struct table table; /* for its seeds */
	struct dice dice;
	struct frame frame;
	struct packet packet;
	unsigned told[3]; /* by enum fast_found */
};

static void stage_open(struct stage *s, size_t pages)
{
	static const struct {
		const char *text;
		unsigned length;
	} prefix[] = {{"10.20.0.1", 32}, {"10.20.1.0", 24}, {"10.10.0.0", 16}, {"10.30.0.0", 15},
		{"203.0.113.7", 32}, {"2001:db8:1::", 48}, {"2001:db8:2::1", 128}};

	memset(s, 0, sizeof(*s));
	s->dice = dice_cast(20261125);
	s->inventory = inventory_new(1, PREFIXES, 0);
	s->inventory->pages_max = pages;
	inventory_add(s->inventory, ROLE_MANAGED_DEVICE);
	for (size_t i = 0; i < PREFIXES; i++) {
		struct prefix p = prefix_of(prefix[i].text, prefix[i].length);
		assert_int_equal(inventory_add_prefix(s->inventory, &p, 0), 0);
	}
	s->table.seed[0] = 0x123456789abcdef1;
	s->table.seed[1] = 0xfedcba9876543211;
}

static const char *random_host(struct dice *d)
{
	static const char *const host[] = {"10.20.0.1", "10.20.0.2", "10.20.1.9", "10.10.255.255",
		"10.31.0.4", "192.0.2.1", "203.0.113.7", "203.0.113.8", "0.0.0.0",
		"255.255.255.255"};

	return host[dice_below(d, sizeof(host) / sizeof(*host))];
}

static const char *random_host6(struct dice *d)
{
	static const char *const host[] = {"2001:db8:1::1", "2001:db8:1::2", "2001:db8:2::1",
		"2001:db8:2::2", "fe80::1", "::"};

	return host[dice_below(d, sizeof(host) / sizeof(*host))];
}

static unsigned random_port(struct dice *d)
{
	static const uint16_t port[] = {67, 68, 443, 2152, 4789, 6081, 8305, 8472, 53, 6248};

	return dice_below(d, 2) ? port[dice_below(d, sizeof(port) / sizeof(*port))]
				: dice_below(d, 65536);
}

static void put_ip(struct frame *f, struct dice *d, unsigned protocol, int is_ipv6)
{
	put_ethernet(f, is_ipv6 ? 0x86dd : 0x0800);
	if (is_ipv6)
		put_ipv6(f, random_host6(d), random_host6(d), protocol);
	else
		put_ipv4(f, random_host(d), random_host(d), protocol, 0);
}

/* A plain packet, and now and then a byte of its headers is another one, or its end is gone. */
static void stage_frame(struct stage *s, int is_ipv6)
{
	struct dice *d = &s->dice;
	struct frame *f = &s->frame;
	unsigned payload = dice_below(d, 3) ? dice_below(d, 40) : 0;

	f->size = 0;
	if (dice_below(d, 3)) {
		put_ip(f, d, IPPROTO_TCP, is_ipv6);
		put_tcp(f, random_port(d), random_port(d), dice_below(d, 64), payload);
	} else {
		put_ip(f, d, IPPROTO_UDP, is_ipv6);
		put_udp(f, random_port(d), random_port(d), payload);
	}
	frame_close(f);
	put_fill(f, 0, dice_below(d, 20)); /* padding */
	for (unsigned n = dice_below(d, 4); n > 1; n--)
		f->byte[12 + dice_below(d, is_ipv6 ? 62 : 42)] = (uint8_t)dice_below(d, 256);
	s->packet = (struct packet){
		.data = f->byte,
		.wirelen = (uint32_t)f->size,
		.caplen = dice_below(d, 8) ? (uint32_t)f->size : dice_below(d, (uint32_t)f->size),
		.time_ns = 1000,
		.now_ns = 1000 + (dice_below(d, 8) == 0),
		.link = dice_below(d, 50) ? LINK_ETHERNET : LINK_RAW,
	};
}

/* What both kinds of fast path say; the key is compared apart. */
static void check_monitored(
	const struct stage *s, const struct fast_packet *g, struct decoded *v, union flow_key *k)
{
	int closely = s->packet.time_ns != s->packet.now_ns || v->history_bits & HISTORY_SEQUENCED;

	assert_int_equal(v->outcome, OUTCOME_IP);
	assert_true(attribute(s->inventory, v));
	flow_key_of(v, k);
	assert_int_equal(v->fragment, FRAGMENT_NONE);
	assert_int_equal(g->direction, v->direction);
	assert_int_equal(g->tally, tally_of(1, v->bytes));
	assert_int_equal(g->now_ns, s->packet.now_ns);
	assert_int_equal(g->history_bits & HISTORY_BITS, v->history_bits);
	assert_int_equal(g->history_bits & HISTORY_CLOSELY, closely ? HISTORY_CLOSELY : 0);
}

static void check_nobodys(const struct stage *s, struct decoded *v)
{
	assert_int_equal(v->outcome, OUTCOME_IP);
	assert_false(attribute(s->inventory, v));
}

/* Who is not asked about is perhaps monitored; of all else both say the same. */
static void check_flows_first(enum fast_found found, enum fast_found flows_first)
{
	if (found != FAST_UNMONITORED || flows_first != FAST_MONITORED)
		assert_int_equal(found, flows_first);
}

static void compare(struct stage *s)
{
	union flow_key k, at_a_glance;
	struct fast_packet g = {0}, again = {0};
	struct decoded v;
	enum fast_found found;

	stage_frame(s, 0);
	found = fast_parse(&s->packet, s->inventory, 0, &g);
	s->told[found]++;
	decode_layers(&s->packet, s->inventory, &v);
	check_flows_first(found, fast_parse(&s->packet, s->inventory, 1, &again));
	if (found == FAST_UNMONITORED)
		check_nobodys(s, &v);
	if (found != FAST_MONITORED)
		return;
	assert_memory_equal(&g, &again, sizeof(g));
	check_monitored(s, &g, &v, &k);
	fast_key_of(&g, &at_a_glance);
	assert_memory_equal(&k, &at_a_glance, sizeof(k));
	assert_int_equal(
		table_hash(&s->table, &k), table_hash_ends(&s->table, g.lower, g.upper, 0));
}

static void compare_ipv6(struct stage *s)
{
	union flow_key k, at_a_glance;
	struct fast_packet g = {0};
	struct decoded v;
	enum fast_found found, flows_first;

	stage_frame(s, 1);
	flows_first = fast_ipv6(&s->packet, s->inventory, 1, &g, &at_a_glance);
	found = fast_ipv6(&s->packet, s->inventory, 0, &g, &at_a_glance);
	s->told[found]++;
	decode_layers(&s->packet, s->inventory, &v);
	check_flows_first(found, flows_first);
	if (found == FAST_UNMONITORED)
		check_nobodys(s, &v);
	if (found != FAST_MONITORED)
		return;
	check_monitored(s, &g, &v, &k);
	assert_memory_equal(&k, &at_a_glance, sizeof(k));
}

static void fast_path_says_what_the_layers_say(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, PREFIXES);
	for (unsigned i = 0; i < ROUNDS; i++)
		compare(&s);
	/* And it is asked in vain only now and then. */
	assert_true(s.told[FAST_MONITORED] > ROUNDS / 4);
	assert_true(s.told[FAST_UNMONITORED] > ROUNDS / 20);
	free(s.inventory);
}

static void fast_path_says_of_ipv6_what_the_layers_say(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, PREFIXES);
	for (unsigned i = 0; i < ROUNDS; i++)
		compare_ipv6(&s);
	assert_true(s.told[FAST_MONITORED] > ROUNDS / 10);
	assert_true(s.told[FAST_UNMONITORED] > ROUNDS / 20);
	free(s.inventory);
}

/* Without a page for every network an address may have to be hashed: then a fast path takes it for
 * an appliance's and leaves it to the closer look, which takes it back. */
static void fast_path_takes_no_appliance_for_a_stranger(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s, 0);
	for (unsigned i = 0; i < ROUNDS / 10; i++) {
		struct fast_packet g;
		struct decoded v;
		stage_frame(&s, 0);
		if (fast_parse(&s.packet, s.inventory, 0, &g) != FAST_UNMONITORED)
			continue;
		decode_layers(&s.packet, s.inventory, &v);
		check_nobodys(&s, &v);
	}
	free(s.inventory);
}

/* What the full decoder had to be asked for cost a neighbour ten times as much. */
static void fast_path_knows_a_neighbour_beside_very_many_networks(void **state)
{
	enum { BRANCHES = PAGES_MAX + 10 };
	struct inventory *inv = inventory_new(1, BRANCHES, 0);
	struct dice d = dice_cast(17);
	struct frame *f = calloc(1, sizeof(*f));
	struct packet p = {.link = LINK_ETHERNET, .data = f->byte};
	struct fast_packet g;

	(void)state;
	inventory_add(inv, ROLE_MANAGED_DEVICE);
	for (unsigned i = 0; i < BRANCHES; i++) {
		struct prefix branch = prefix_of("10.0.0.0", 24 + i % 8);
		branch.address.byte[13] = (uint8_t)i;
		assert_int_equal(inventory_add_prefix(inv, &branch, 0), 0);
	}
	for (unsigned i = 0; i < 1000; i++) {
		int is_neighbour = (int)dice_below(&d, 2);
		f->size = 0;
		put_ethernet(f, 0x0800);
		put_ipv4(f, "10.0.255.1", is_neighbour ? "10.0.1.255" : "10.0.0.0", IPPROTO_UDP, 0);
		put_udp(f, 5000, 5001, 30);
		frame_close(f);
		f->byte[27] = (uint8_t)dice_below(&d, BRANCHES);
		f->byte[31] = (uint8_t)dice_below(&d, BRANCHES);
		p.caplen = p.wirelen = (uint32_t)f->size;
		assert_int_equal(fast_parse(&p, inv, 0, &g),
			is_neighbour ? FAST_UNMONITORED : FAST_MONITORED);
	}
	free(f);
	free(inv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fast_path_says_what_the_layers_say),
		cmocka_unit_test(fast_path_says_of_ipv6_what_the_layers_say),
		cmocka_unit_test(fast_path_knows_a_neighbour_beside_very_many_networks),
		cmocka_unit_test(fast_path_takes_no_appliance_for_a_stranger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
