/* A worker in a small deployment, fed with frames; keeps every record that it leaves.
 *
 *   fmc-1  10.10.0.5  management-center        ftd-1, ftd-2  10.20.0.1, .2  managed-device
 */
#ifndef PORTOLAN_PIPELINE_FIXTURE_H
#define PORTOLAN_PIPELINE_FIXTURE_H

#include "dataplane/core/policy_fixture.h"

#include "worker.h"

#define SECOND 1000000000ull
#define START (1767225600 * SECOND)

#define FMC "10.10.0.5"
#define FTD "10.20.0.1"
#define FTD2 "10.20.0.2"
#define STRANGER "198.51.100.7"
#define ADMIN "10.1.9.20"

#define RECORDS_MAX 70000
#define SNAP 2048

struct sensor {
	struct book book;
	struct rule rule[40];
	struct inventory *inventory;
	struct worker *worker;
	struct record_buffer record_buffer;
	struct record *ended, *flagged;
	size_t ended_count, flagged_count;
	uint64_t now_ns;
	int started;
	unsigned burst_size;
	enum link link; /* of the frames: raw IP unless somebody says otherwise */
	struct burst burst;
	uint8_t bytes[BURST_MAX][SNAP];
};

static const struct flow_timeouts default_timeouts = {
	.tcp_attempt_ns = 30 * SECOND,
	.tcp_established_ns = 3600 * SECOND,
	.tcp_closed_ns = 5 * SECOND,
	.udp_one_way_ns = 60 * SECOND,
	.udp_two_way_ns = 180 * SECOND,
	.ike_ns = 3600 * SECOND,
	.other_ns = 60 * SECOND,
};

static inline uint32_t sensor_rules(struct rule *rule)
{
	static const struct {
		uint16_t port;
		uint8_t role, direction, transport, peers, disabled;
	} row[] = {
		{443, ROLE_MANAGEMENT_CENTER, DIRECTION_INBOUND, TRANSPORT_TCP, PEERS_ANY, 0},
		{8305, ROLE_MANAGEMENT_CENTER, DIRECTION_INBOUND, TRANSPORT_TCP, PEERS_INVENTORY,
			0},
		{53, ROLE_MANAGEMENT_CENTER, DIRECTION_OUTBOUND, TRANSPORT_UDP, PEERS_ANY, 0},
		{67, ROLE_MANAGEMENT_CENTER, DIRECTION_OUTBOUND, TRANSPORT_UDP, PEERS_ANY, 0},
		{68, ROLE_MANAGEMENT_CENTER, DIRECTION_OUTBOUND, TRANSPORT_UDP, PEERS_ANY, 0},
		{443, ROLE_MANAGEMENT_CENTER, DIRECTION_OUTBOUND, TRANSPORT_TCP, PEERS_ANY, 0},
		{8305, ROLE_MANAGEMENT_CENTER, DIRECTION_OUTBOUND, TRANSPORT_TCP, PEERS_INVENTORY,
			0},
		{22, ROLE_MANAGED_DEVICE, DIRECTION_INBOUND, TRANSPORT_TCP, PEERS_ANY, 0},
		{885, ROLE_MANAGED_DEVICE, DIRECTION_INBOUND, TRANSPORT_TCP, PEERS_ANY, 1},
		{500, ROLE_MANAGED_DEVICE, DIRECTION_INBOUND, TRANSPORT_UDP, PEERS_ANY, 0},
		{8305, ROLE_MANAGED_DEVICE, DIRECTION_INBOUND, TRANSPORT_TCP, PEERS_INVENTORY, 0},
		{53, ROLE_MANAGED_DEVICE, DIRECTION_OUTBOUND, TRANSPORT_UDP, PEERS_ANY, 0},
		{67, ROLE_MANAGED_DEVICE, DIRECTION_OUTBOUND, TRANSPORT_UDP, PEERS_ANY, 0},
		{68, ROLE_MANAGED_DEVICE, DIRECTION_OUTBOUND, TRANSPORT_UDP, PEERS_ANY, 0},
		{123, ROLE_MANAGED_DEVICE, DIRECTION_OUTBOUND, TRANSPORT_UDP, PEERS_ANY, 0},
		{443, ROLE_MANAGED_DEVICE, DIRECTION_OUTBOUND, TRANSPORT_TCP, PEERS_ANY, 0},
		{8305, ROLE_MANAGED_DEVICE, DIRECTION_OUTBOUND, TRANSPORT_TCP, PEERS_INVENTORY, 0},
	};
	uint32_t rules = sizeof(row) / sizeof(row[0]);

	for (uint32_t i = 0; i < rules; i++)
		rule[i] = (struct rule){
			.port = row[i].port,
			.role = row[i].role,
			.direction = row[i].direction,
			.transport = row[i].transport,
			.enabled = !row[i].disabled,
			.peers = row[i].peers,
		};
	return rules;
}

static inline struct inventory *sensor_inventory(void)
{
	static const char *const device[] = {FTD, FTD2, "2001:db8:20::1"};
	struct inventory *inv = inventory_new(3, 4, 1);
	struct prefix p = prefix_of(FMC, 32);

	assert_int_equal(inventory_add(inv, ROLE_MANAGEMENT_CENTER), 0);
	assert_int_equal(inventory_add(inv, ROLE_MANAGED_DEVICE), 1);
	assert_int_equal(inventory_add(inv, ROLE_MANAGED_DEVICE), 2);
	assert_int_equal(inventory_add_prefix(inv, &p, 0), 0);
	for (unsigned i = 0; i < 3; i++) {
		p = prefix_of(device[i], i < 2 ? 32 : 128);
		assert_int_equal(inventory_add_prefix(inv, &p, i == 1 ? 2 : 1), 0);
	}
	assert_int_equal(inventory_add_mac(inv, 0x020000000002u, 1), 0);
	return inv;
}

static inline struct sensor *sensor_open(uint32_t flow_max, unsigned burst_size)
{
	struct sensor *s = calloc(1, sizeof(*s));
	struct worker_config config;

	assert_non_null(s);
	s->inventory = sensor_inventory();
	book_open(&s->book, s->rule, sensor_rules(s->rule), s->inventory);
	s->record_buffer.capacity = RECORD_BUFFER_MIN;
	s->record_buffer.record = calloc(RECORD_BUFFER_MIN, sizeof(struct record));
	s->ended = calloc(RECORDS_MAX, sizeof(struct record));
	s->flagged = calloc(RECORDS_MAX, sizeof(struct record));
	s->burst_size = burst_size;
	s->link = LINK_RAW;
	memset(&config, 0, sizeof(config));
	config.policy = s->book.policy;
	config.timeouts = default_timeouts;
	config.warmup_ns = 60 * SECOND;
	config.seed = 1;
	config.flow_max = flow_max;
	config.record_buffer = &s->record_buffer;
	assert_int_equal(worker_new(&s->worker, &config), 0);
	return s;
}

static inline void sensor_collect(struct sensor *s)
{
	for (size_t i = 0; i < s->record_buffer.count; i++) {
		const struct record *r = &s->record_buffer.record[i];
		assert_true(s->ended_count < RECORDS_MAX && s->flagged_count < RECORDS_MAX);
		if (r->kind == RECORD_ENDED)
			s->ended[s->ended_count++] = *r;
		else
			s->flagged[s->flagged_count++] = *r;
	}
	s->record_buffer.count = 0;
}

static inline void sensor_flush(struct sensor *s)
{
	worker_process(s->worker, &s->burst);
	sensor_collect(s);
	s->burst.count = 0;
}

/* A packet with a time of its own, `skew_ns` behind the stream's. */
static inline void sensor_see(
	struct sensor *s, uint64_t time_ns, uint64_t skew_ns, const struct frame *f)
{
	struct packet *p = &s->burst.packet[s->burst.count];

	assert_true(f->size <= SNAP);
	memcpy(s->bytes[s->burst.count], f->byte, f->size);
	if (!s->started) {
		s->started = 1;
		s->burst.start_ns = s->now_ns = time_ns - skew_ns;
	}
	if (time_ns - skew_ns > s->now_ns)
		s->now_ns = time_ns - skew_ns;
	*p = (struct packet){
		.data = s->bytes[s->burst.count],
		.caplen = (uint32_t)f->size,
		.wirelen = (uint32_t)f->size,
		.time_ns = time_ns - skew_ns,
		.now_ns = s->now_ns,
		.link = (uint16_t)s->link,
	};
	if (++s->burst.count == s->burst_size)
		sensor_flush(s);
}

/* Ends what is left; the records stay until the sensor is closed. */
static inline const struct counters *sensor_finish(struct sensor *s)
{
	if (s->burst.count > 0)
		sensor_flush(s);
	while (worker_finish(s->worker, s->now_ns))
		sensor_collect(s);
	sensor_collect(s);
	return worker_counters(s->worker);
}

static inline void sensor_close(struct sensor *s)
{
	worker_free(s->worker);
	book_close(&s->book);
	free(s->inventory);
	free(s->record_buffer.record);
	free(s->ended);
	free(s->flagged);
	free(s);
}

static inline uint64_t sum_of(const uint64_t *n, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += n[i];
	return sum;
}

/* The identities of DESIGN 9, and that records and counters tell the same. */
static inline void check_accounting(const struct sensor *s, const struct counters *c)
{
	uint64_t packets = 0, digest = 0, flows[VERDICT_COUNT] = {0}, ended[END_COUNT] = {0};

	for (size_t i = 0; i < s->ended_count; i++) {
		const struct record *r = &s->ended[i];
		packets += r->packets[0] + r->packets[1];
		digest += record_digest(r);
		flows[r->verdict]++;
		ended[r->end]++;
	}
	assert_int_equal(
		c->frames, c->ip + c->non_ip + c->duplicate + sum_of(c->discarded, DISCARD_COUNT));
	assert_int_equal(c->ip, c->monitored + c->unmonitored);
	assert_int_equal(c->monitored,
		sum_of(c->verdict_packets, VERDICT_COUNT) + c->fragments_unattributed);
	assert_int_equal(packets, sum_of(c->verdict_packets, VERDICT_COUNT) - c->untracked_packets);
	assert_int_equal(c->flows_created, s->ended_count);
	assert_int_equal(c->flows_active, 0);
	assert_true(c->digest == digest);
	assert_memory_equal(flows, c->verdict_flows, sizeof(flows));
	assert_memory_equal(ended, c->ended, sizeof(ended));
}

#endif
