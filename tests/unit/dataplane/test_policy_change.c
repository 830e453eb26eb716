/* A worker that takes another policy, is surveyed, and finds its record buffer full. */
#include "dataplane/core/pipeline_fixture.h"

#include <stdlib.h>

/* What comes after the sensor's policy: the same rules but one, the same appliances but one. */
struct next {
	struct book book;
	struct rule rule[40];
	struct inventory *inventory;
	struct policy_change policy_change;
	struct mirror_host *host;
};

static const uint16_t same_heirs[] = {0, 1, 2};

/* As sensor_inventory(), without the second device. */
static struct inventory *smaller_inventory(void)
{
	struct inventory *inv = inventory_new(2, 3, 1);
	struct prefix center = prefix_of(FMC, 32), device = prefix_of(FTD, 32);

	assert_int_equal(inventory_add(inv, ROLE_MANAGED_DEVICE), 0);
	assert_int_equal(inventory_add(inv, ROLE_MANAGEMENT_CENTER), 1);
	assert_int_equal(inventory_add_prefix(inv, &device, 0), 0);
	assert_int_equal(inventory_add_prefix(inv, &center, 1), 0);
	return inv;
}

static void disable(struct next *n, uint16_t port, int disabled)
{
	for (uint32_t i = 0; i < n->book.policy->rules; i++)
		if (n->rule[i].port == port)
			n->rule[i].enabled = !disabled;
}

static struct next *next_open(
	uint32_t generation, struct inventory *inv, const uint16_t *new_number)
{
	struct next *n = calloc(1, sizeof(*n));

	assert_non_null(n);
	n->inventory = inv;
	book_open(&n->book, n->rule, sensor_rules(n->rule), inv);
	n->book.policy->generation = generation;
	n->host = calloc(inventory_count(inv) + 1, sizeof(*n->host));
	n->policy_change = (struct policy_change){
		.policy = n->book.policy,
		.timeouts = default_timeouts,
		.warmup_ns = 60 * SECOND,
		.new_number = new_number,
		.new_numbers = 3,
	};
	return n;
}

static void next_adopt(struct next *n, struct sensor *s)
{
	free(worker_set_policy(
		s->worker, &n->policy_change, n->host, inventory_count(n->inventory)));
}

static void settle(struct sensor *s)
{
	for (unsigned i = 0; i < 10000 && !worker_is_rejudged(s->worker); i++) {
		worker_idle(s->worker, s->now_ns);
		sensor_collect(s);
	}
	assert_true(worker_is_rejudged(s->worker));
}

static void next_close(struct next *n)
{
	book_close(&n->book);
	free(n->inventory);
	free(n);
}

static void segment(struct sensor *s, double at, const char *from, const char *to,
	uint16_t from_port, uint16_t to_port, unsigned flags)
{
	struct frame f = {0};

	put_ipv4(&f, from, to, IPPROTO_TCP, 0);
	put_tcp(&f, from_port, to_port, flags, 0);
	frame_close(&f);
	sensor_see(s, START + (uint64_t)(at * SECOND), 0, &f);
}

static void connect_at(struct sensor *s, double at, const char *from, const char *to, uint16_t port)
{
	segment(s, at, from, to, 40000, port, SYN);
	segment(s, at, to, from, port, 40000, SYN | ACK);
	segment(s, at, from, to, 40000, port, ACK);
}

static void worker_judges_a_flow_again_after_a_reload(void **state)
{
	struct sensor *s = sensor_open(64, 1);
	struct next *n = next_open(2, sensor_inventory(), same_heirs);
	const struct counters *c;

	(void)state;
	connect_at(s, 0, ADMIN, FTD, 22);
	assert_int_equal(s->flagged_count, 0);
	disable(n, 22, 1);
	next_adopt(n, s);
	settle(s);
	assert_int_equal(s->flagged_count, 1);
	assert_int_equal(s->flagged[0].verdict, VERDICT_FEATURE_DISABLED);
	assert_int_equal(s->flagged[0].generation, 2);
	segment(s, 1, ADMIN, FTD, 40000, 22, ACK);
	c = sensor_finish(s);
	assert_int_equal(s->ended_count, 1);
	assert_int_equal(s->ended[0].verdict, VERDICT_FEATURE_DISABLED);
	assert_int_equal(s->ended[0].packets[0] + s->ended[0].packets[1], 4);
	assert_int_equal(c->verdict_packets[VERDICT_EXPECTED], 3);
	assert_int_equal(c->verdict_packets[VERDICT_FEATURE_DISABLED], 1);
	assert_int_equal(c->verdict_flows[VERDICT_FEATURE_DISABLED], 1);
	assert_int_equal(c->verdict_flows[VERDICT_EXPECTED], 0);
	sensor_close(s);
	next_close(n);
}

/* A packet, an end, an eviction: whatever comes before the flow's turn. */
static void worker_says_nothing_of_a_flow_by_the_old_policy(void **state)
{
	struct sensor *s = sensor_open(64, 1);
	struct next *n = next_open(2, sensor_inventory(), same_heirs);

	(void)state;
	connect_at(s, 0, ADMIN, FTD, 22);
	disable(n, 22, 1);
	next_adopt(n, s);
	sensor_finish(s);
	assert_int_equal(s->flagged_count, 1);
	assert_int_equal(s->ended_count, 1);
	assert_int_equal(s->ended[0].generation, 2);
	assert_int_equal(s->ended[0].verdict, VERDICT_FEATURE_DISABLED);
	sensor_close(s);
	next_close(n);
}

/* A burst of so many segments of one flow, on Ethernet, as a NIC delivers them. */
static void burst_of(struct sensor *s, double at, const char *from, const char *to, unsigned count)
{
	struct frame f = {0};

	put_ethernet(&f, 0x0800);
	put_ipv4(&f, from, to, IPPROTO_TCP, 0);
	put_tcp(&f, 40000, 22, ACK, 0);
	frame_close(&f);
	s->link = LINK_ETHERNET;
	for (unsigned i = 0; i < count; i++)
		sensor_see(s, START + (uint64_t)(at * SECOND), 0, &f);
	sensor_flush(s);
}

/* Flows are looked for before the inventory is asked; but one that only the old policy knew is
 * nobody's from the first packet on. */
static void worker_counts_nothing_for_an_appliance_that_is_gone(void **state)
{
	static const uint16_t new_number[] = {1, 0, APPLIANCE_NONE};
	struct sensor *s = sensor_open(64, BURST_MAX);
	struct next *n = next_open(2, smaller_inventory(), new_number);
	const struct counters *c = worker_counters(s->worker);

	(void)state;
	burst_of(s, 0, ADMIN, FTD2, 5);
	burst_of(s, 1, ADMIN, FTD2, 5);
	assert_int_equal(c->monitored, 10);
	next_adopt(n, s);
	burst_of(s, 2, ADMIN, FTD2, 5);
	burst_of(s, 3, ADMIN, FTD2, 5);
	assert_int_equal(c->monitored, 10);
	assert_int_equal(c->unmonitored, 10);
	settle(s);
	burst_of(s, 4, ADMIN, FTD2, 5);
	burst_of(s, 5, ADMIN, FTD, 5);
	burst_of(s, 6, ADMIN, FTD2, 5);
	c = sensor_finish(s);
	assert_int_equal(c->monitored, 15);
	assert_int_equal(c->unmonitored, 20);
	check_accounting(s, c);
	sensor_close(s);
	next_close(n);
}

static void worker_ends_the_flows_of_an_appliance_that_is_gone(void **state)
{
	static const uint16_t new_number[] = {1, 0, APPLIANCE_NONE};
	struct sensor *s = sensor_open(64, 1);
	struct next *n = next_open(2, smaller_inventory(), new_number);
	const struct counters *c;

	(void)state;
	connect_at(s, 0, ADMIN, FTD2, 22);
	connect_at(s, 0, ADMIN, FTD, 22);
	connect_at(s, 0, FTD2, FMC, 8305);
	next_adopt(n, s);
	settle(s);
	assert_int_equal(s->ended_count, 1);
	assert_int_equal(s->ended[0].end, END_RELOADED);
	assert_int_equal(s->ended[0].generation, 0);
	assert_int_equal(s->ended[0].appliance[1], 2);
	segment(s, 1, ADMIN, FTD2, 40000, 22, ACK); /* nobody's */
	c = sensor_finish(s);
	assert_int_equal(c->unmonitored, 1);
	assert_int_equal(c->ended[END_RELOADED], 1);
	assert_int_equal(s->ended_count, 3);
	for (size_t i = 1; i < s->ended_count; i++) {
		const struct record *r = &s->ended[i];
		assert_int_equal(r->generation, 2);
		if (r->port[1] == 22) {
			assert_int_equal(r->appliance[1], 0);
			assert_int_equal(r->verdict, VERDICT_EXPECTED);
		} else { /* the center's channel is now one with a stranger */
			assert_int_equal(r->appliance[0], APPLIANCE_NONE);
			assert_int_equal(r->appliance[1], 1);
			assert_int_equal(r->verdict, VERDICT_PEER_NOT_ALLOWED);
		}
	}
	sensor_close(s);
	next_close(n);
}

/* A dump's records are taken from the record buffer here: the sensor keeps only flagged and ended.
 */
static size_t dump(struct sensor *s, uint16_t *port)
{
	size_t count = 0;

	worker_dump(s->worker);
	while (!worker_is_dumped(s->worker)) {
		worker_idle(s->worker, s->now_ns);
		for (size_t i = 0; i < s->record_buffer.count; i++) {
			assert_int_equal(s->record_buffer.record[i].kind, RECORD_LIVE);
			port[count++] = s->record_buffer.record[i].port[0];
		}
		s->record_buffer.count = 0;
	}
	return count;
}

static void dump_has_every_live_flow_once(void **state)
{
	struct sensor *s = sensor_open(4096, 1);
	uint16_t port[4096];
	uint8_t seen[65536] = {0};

	(void)state;
	for (uint16_t i = 0; i < 3000; i++)
		segment(s, 1, ADMIN, FTD, (uint16_t)(20000 + i), 22, SYN);
	assert_int_equal(dump(s, port), 3000);
	for (unsigned i = 0; i < 3000; i++) {
		assert_true(port[i] >= 20000 && port[i] < 23000);
		assert_int_equal(seen[port[i]], 0);
		seen[port[i]] = 1;
	}
	sensor_close(s);
}

static void an_alert_waits_with_its_flow_while_the_outbox_is_congested(void **state)
{
	struct sensor *s = sensor_open(64, 1);
	const struct counters *c = worker_counters(s->worker);

	(void)state;
	s->record_buffer.congested = 1;
	segment(s, 0, STRANGER, FTD, 40000, 4444, SYN);
	segment(s, 0, FTD, STRANGER, 4444, 40000, SYN | ACK);
	assert_int_equal(s->flagged_count, 0);
	assert_int_equal(c->events_delayed, 1);
	worker_idle(s->worker, s->now_ns + 2 * SECOND);
	sensor_collect(s);
	assert_int_equal(s->flagged_count, 0);
	s->record_buffer.congested = 0;
	for (unsigned i = 0; i < 4; i++)
		worker_idle(s->worker, s->now_ns + (3 + i) * SECOND);
	sensor_collect(s);
	assert_int_equal(s->flagged_count, 1);
	assert_int_equal(s->flagged[0].port[1], 4444);
	sensor_finish(s);
	assert_int_equal(s->flagged_count, 1);
	assert_int_equal(s->ended_count, 1);
	sensor_close(s);
}

/* Reloads at random moments between packets of many flows: each packet is in one record. */
static void no_packet_is_lost_across_a_thousand_reloads(void **state)
{
	struct sensor *s = sensor_open(1024, 8);
	struct dice d = dice_cast(61);
	struct next *n[2];
	const struct counters *c;
	uint64_t packets = 0, sent = 0;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		n[i] = next_open(i + 2, sensor_inventory(), same_heirs);
		free(n[i]->host); /* each reload brings one of its own */
		disable(n[i], 22, (int)i);
	}
	for (unsigned i = 0; i < 1000; i++) {
		for (unsigned k = dice_below(&d, 40); k > 0; k--, sent++)
			segment(s, i * 0.01, ADMIN, FTD, (uint16_t)(20000 + dice_below(&d, 900)),
				22, dice_below(&d, 3) ? ACK : SYN);
		sensor_flush(s);
		n[i % 2]->book.policy->generation = i + 2;
		n[i % 2]->host = calloc(4, sizeof(struct mirror_host));
		next_adopt(n[i % 2], s);
		if (dice_below(&d, 2))
			settle(s);
		s->flagged_count = 0;
	}
	c = sensor_finish(s);
	for (size_t i = 0; i < s->ended_count; i++)
		packets += s->ended[i].packets[0] + s->ended[i].packets[1];
	assert_int_equal(packets, sent);
	assert_int_equal(c->monitored, sent);
	assert_int_equal(
		c->verdict_packets[VERDICT_EXPECTED] + c->verdict_packets[VERDICT_FEATURE_DISABLED],
		sent);
	assert_int_equal(c->flows_created, s->ended_count);
	assert_int_equal(c->ended[END_RELOADED], 0);
	sensor_close(s);
	next_close(n[0]);
	next_close(n[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worker_judges_a_flow_again_after_a_reload),
		cmocka_unit_test(worker_says_nothing_of_a_flow_by_the_old_policy),
		cmocka_unit_test(worker_counts_nothing_for_an_appliance_that_is_gone),
		cmocka_unit_test(worker_ends_the_flows_of_an_appliance_that_is_gone),
		cmocka_unit_test(dump_has_every_live_flow_once),
		cmocka_unit_test(an_alert_waits_with_its_flow_while_the_outbox_is_congested),
		cmocka_unit_test(no_packet_is_lost_across_a_thousand_reloads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
