#include "dataplane/core/pipeline_fixture.h"

/* Where nearly all of a mirror is monitored, the pipeline looks for flows first and asks the
 * inventory only where it finds none. The same packets among many that are nobody's come the other
 * way, and must end the same. */

#define BURSTS 1000
#define OURS 64	   /* packets of a burst */
#define FILLERS 40 /* nobody's packets behind them */

static const char *random_appliance(struct dice *d)
{
	static const char *const host[] = {FMC, FTD, FTD2};

	return host[dice_below(d, 3)];
}

static const char *random_stranger(struct dice *d)
{
	static const char *const host[] = {STRANGER, ADMIN, "203.0.113.9", "198.51.100.200"};

	return host[dice_below(d, 4)];
}

static unsigned random_port(struct dice *d)
{
	static const uint16_t port[] = {53, 67, 68, 443, 885, 8305, 4789, 2152};

	return dice_below(d, 4) ? 40000 + dice_below(d, 8) : port[dice_below(d, 8)];
}

static void put_transport(struct frame *f, struct dice *d, unsigned protocol)
{
	static const uint8_t flags[] = {0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x3f, 0x00};
	unsigned payload = dice_below(d, 3) ? 0 : dice_below(d, 30);

	if (protocol == IPPROTO_TCP)
		put_tcp(f, random_port(d), random_port(d), flags[dice_below(d, 8)], payload);
	else
		put_udp(f, random_port(d), random_port(d), payload);
}

/* Mostly an appliance's; now and then nobody's, of IPv6, a fragment, or with a byte of its
 * headers changed. */
static void put_packet(struct frame *f, struct dice *d)
{
	unsigned protocol = dice_below(d, 3) ? IPPROTO_TCP : IPPROTO_UDP;
	const char *source = dice_below(d, 60) ? random_appliance(d) : random_stranger(d);
	const char *destination = dice_below(d, 3) ? random_stranger(d) : random_appliance(d);
	unsigned fragment = dice_below(d, 50) ? 0 : dice_below(d, 2) ? 0x2000 : 0x0003;

	f->size = 0;
	if (dice_below(d, 6) == 0) {
		put_ethernet(f, 0x86dd);
		put_ipv6(f, dice_below(d, 40) ? "2001:db8:20::1" : "2001:db8:99::1",
			"2001:db8:99::2", protocol);
	} else {
		put_ethernet(f, 0x0800);
		if (dice_below(d, 2))
			put_ipv4(f, source, destination, protocol, 0);
		else
			put_ipv4(f, destination, source, protocol, 0);
		set16(f, f->ip + 6, fragment);
	}
	put_transport(f, d, protocol);
	frame_close(f);
	put_fill(f, 0, 20); /* padding */
	if (dice_below(d, 40) == 0)
		f->byte[12 + dice_below(d, 42)] = (uint8_t)dice_below(d, 256);
}

static void put_filler(struct frame *f, struct dice *d)
{
	f->size = 0;
	put_ethernet(f, 0x0800);
	put_ipv4(f, "192.0.2.1", "192.0.2.2", IPPROTO_UDP, 0);
	put_udp(f, dice_below(d, 65536), 9999, 20);
	frame_close(f);
}

static void check_same(struct sensor *alone, struct sensor *among)
{
	struct counters a = *sensor_finish(alone), b = *sensor_finish(among);

	check_accounting(alone, &a);
	check_accounting(among, &b);
	assert_int_equal(alone->flagged_count, among->flagged_count);
	for (size_t i = 0; i < alone->flagged_count; i++)
		assert_true(record_digest(&alone->flagged[i]) == record_digest(&among->flagged[i]));
	assert_int_equal(b.unmonitored, a.unmonitored + (uint64_t)BURSTS * FILLERS);
	assert_int_equal(b.frames, a.frames + (uint64_t)BURSTS * FILLERS);
	assert_true(b.frame_bytes > a.frame_bytes);
	b.unmonitored = a.unmonitored;
	b.frames = a.frames;
	b.frame_bytes = a.frame_bytes;
	b.ip = a.ip;
	assert_memory_equal(&a, &b, sizeof(a));
}

/* Whether so few packets of the last burst were nobody's that flows come first in the next. */
static unsigned flush(struct sensor *s)
{
	const struct counters *c = worker_counters(s->worker);
	uint64_t before = c->unmonitored, count = s->burst.count;

	sensor_flush(s);
	return (c->unmonitored - before) * 32 <= count;
}

static void compare(uint32_t flow_max, uint64_t seed)
{
	struct sensor *alone = sensor_open(flow_max, BURST_MAX);
	struct sensor *among = sensor_open(flow_max, BURST_MAX);
	struct dice d = dice_cast(seed);
	unsigned flows_first[2] = {0, 0}; /* bursts: alone, among */
	uint64_t now_ns = START;
	struct frame f;

	alone->link = among->link = LINK_ETHERNET;
	for (unsigned burst = 0; burst < BURSTS; burst++) {
		for (unsigned i = 0; i < OURS; i++) {
			now_ns += dice_below(&d, 10000000);
			put_packet(&f, &d);
			sensor_see(alone, now_ns, 0, &f);
			sensor_see(among, now_ns, 0, &f);
		}
		for (unsigned i = 0; i < FILLERS; i++) {
			put_filler(&f, &d);
			sensor_see(among, now_ns, 0, &f);
		}
		flows_first[0] += flush(alone);
		flows_first[1] += flush(among);
	}
	assert_true(flows_first[0] > BURSTS / 2);
	assert_int_equal(flows_first[1], 0);
	check_same(alone, among);
	assert_true(alone->ended_count > 100);
	sensor_close(alone);
	sensor_close(among);
}

static void pipeline_finds_the_same_whatever_else_is_mirrored(void **state)
{
	(void)state;
	compare(65536, 1);
}

static void pipeline_finds_the_same_where_the_table_is_full(void **state)
{
	(void)state;
	compare(48, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipeline_finds_the_same_whatever_else_is_mirrored),
		cmocka_unit_test(pipeline_finds_the_same_where_the_table_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
