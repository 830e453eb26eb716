#include "dataplane/core/pipeline_fixture.h"

#define MS (SECOND / 1000)
#define LEAF_BYTES 900u
#define FIRST 1001u

enum { CLIENT, SERVER };

/* A connection of a device to the center: what each side has sent and acknowledged. */
struct dialogue {
	struct sensor *sensor;
	const char *client;
	uint64_t now_ns;
	uint32_t sent[2];
	uint16_t port, to;
};

static void send_segment(struct dialogue *c, unsigned side, unsigned flags, uint32_t sequence,
	const uint8_t *bytes, size_t count)
{
	const char *host[2] = {c->client, FMC};
	uint16_t port[2] = {c->port, c->to};
	uint32_t acknowledged = flags & ACK ? c->sent[1 - side] : 0;
	struct frame f = {0};

	if (c->sensor->link == LINK_ETHERNET) {
		put_ethernet(&f, 0x0800);
		f.byte[11] = (uint8_t)(side ? 0xc5 : 0x0c);
	}
	put_ipv4(&f, host[side], host[1 - side], IPPROTO_TCP, 0);
	put_tcp(&f, port[side], port[1 - side], flags, 0);
	put_bytes(&f, bytes, count);
	frame_close(&f);
	set16(&f, f.ip + 24, sequence >> 16);
	set16(&f, f.ip + 26, sequence & 0xffff);
	set16(&f, f.ip + 28, acknowledged >> 16);
	set16(&f, f.ip + 30, acknowledged & 0xffff);
	sensor_see(c->sensor, c->now_ns, 0, &f);
	c->now_ns += MS;
}

static void say(struct dialogue *c, unsigned side, const uint8_t *bytes, size_t count)
{
	send_segment(c, side, ACK | PSH, c->sent[side], bytes, count);
	c->sent[side] += (uint32_t)count;
}

static void acknowledge(struct dialogue *c, unsigned side)
{
	send_segment(c, side, ACK, c->sent[side], NULL, 0);
}

static struct dialogue connect_to(struct sensor *s, const char *client, uint16_t port, uint16_t to)
{
	struct dialogue c = {s, client, START + port * MS, {FIRST, FIRST}, port, to};

	send_segment(&c, CLIENT, SYN, FIRST - 1, NULL, 0);
	send_segment(&c, SERVER, SYN | ACK, FIRST - 1, NULL, 0);
	acknowledge(&c, CLIENT);
	return c;
}

static struct dialogue connect_as(struct sensor *s, const char *client, uint16_t port)
{
	return connect_to(s, client, port, 8305);
}

static void put_record(struct frame *f, unsigned type, const uint8_t *body, size_t count)
{
	put8(f, type);
	put16(f, 0x0303);
	put16(f, (unsigned)count);
	put_bytes(f, body, count);
}

/* A certificate message in a record of its own; its leaf is full of `fill`. */
static struct frame certificate(unsigned fill)
{
	struct frame body = {0}, f = {0};

	put8(&body, 11);
	put8(&body, 0);
	put16(&body, LEAF_BYTES + 6);
	put8(&body, 0);
	put16(&body, LEAF_BYTES + 3);
	put8(&body, 0);
	put16(&body, LEAF_BYTES);
	put_fill(&body, fill, LEAF_BYTES);
	put_record(&f, 22, body.byte, body.size);
	return f;
}

static void say_hellos(struct dialogue *c)
{
	static const uint8_t hello[] = {22, 3, 3, 0, 6, 1, 0, 0, 2, 3, 3};

	say(c, CLIENT, hello, sizeof(hello));
	say(c, SERVER, hello, sizeof(hello));
}

static void seal(struct dialogue *c)
{
	static const uint8_t change[] = {20, 3, 3, 0, 1, 1};

	say(c, CLIENT, change, sizeof(change));
	say(c, SERVER, change, sizeof(change));
	acknowledge(c, CLIENT);
}

/* The pieces of certificates that were told; each has to be whole. Their number; the last one's
 * first byte and end. */
struct told {
	unsigned certificates;
	uint8_t end, byte;
};

static struct told told(const struct sensor *s)
{
	struct told t = {0, 0, 0};
	uint32_t at = 0;

	for (size_t i = 0; i < s->flagged_count; i++) {
		const struct record *r = &s->flagged[i];
		if (r->kind != RECORD_CERTIFICATE)
			continue;
		assert_int_equal(r->piece.offset, at);
		assert_int_equal(r->piece.size, LEAF_BYTES);
		at += r->piece.length;
		t.end = r->piece.end;
		t.byte = r->piece.byte[0];
		for (unsigned k = 0; k < r->piece.length; k++)
			assert_int_equal(r->piece.byte[k], t.byte);
		if (at < LEAF_BYTES)
			continue;
		assert_int_equal(at, LEAF_BYTES);
		at = 0;
		t.certificates++;
	}
	assert_int_equal(at, 0);
	return t;
}

static void leaf_that_was_acknowledged_is_told_of_both_sides(void **state)
{
	(void)state;
	for (unsigned burst = 1; burst <= BURST_MAX; burst *= 4) {
		struct sensor *s = sensor_open(1000, burst);
		struct dialogue c = connect_as(s, FTD, 5000);
		struct frame server = certificate('S'), client = certificate('C');
		struct told t;
		say_hellos(&c);
		say(&c, SERVER, server.byte, 500);
		say(&c, SERVER, server.byte + 500, server.size - 500);
		say(&c, CLIENT, client.byte, client.size);
		seal(&c);
		sensor_finish(s);
		t = told(s);
		assert_int_equal(t.certificates, 2);
		assert_int_equal(t.end, 0);
		assert_int_equal(t.byte, 'C');
		check_accounting(s, worker_counters(s->worker));
		sensor_close(s);
	}
}

static void leaf_that_nobody_acknowledged_is_none(void **state)
{
	struct sensor *s = sensor_open(1000, 1);
	struct dialogue c = connect_as(s, FTD, 5000);
	struct frame f = certificate('S');

	(void)state;
	say_hellos(&c);
	say(&c, SERVER, f.byte, f.size);
	sensor_finish(s);
	assert_int_equal(told(s).certificates, 0);
	sensor_close(s);
}

static void gap_gives_no_certificate(void **state)
{
	struct sensor *s = sensor_open(1000, 1);
	struct dialogue c = connect_as(s, FTD, 5000);
	struct frame f = certificate('S');

	(void)state;
	say_hellos(&c);
	say(&c, SERVER, f.byte, 300);
	c.sent[SERVER] += 100; /* the mirror lost it */
	acknowledge(&c, CLIENT);
	say(&c, SERVER, f.byte + 400, f.size - 400);
	seal(&c);
	sensor_finish(s);
	assert_int_equal(told(s).certificates, 0);
	sensor_close(s);
}

static void segment_that_was_cut_gives_no_certificate(void **state)
{
	struct sensor *s = sensor_open(1000, BURST_MAX);
	struct dialogue c = connect_as(s, FTD, 5000);
	struct frame f = certificate('S');

	(void)state;
	say_hellos(&c);
	say(&c, SERVER, f.byte, 300);
	s->burst.packet[s->burst.count - 1].caplen -= 50;
	say(&c, SERVER, f.byte + 300, f.size - 300);
	seal(&c);
	sensor_finish(s);
	assert_int_equal(told(s).certificates, 0);
	sensor_close(s);
}

static void leaf_that_came_again_as_another_is_none(void **state)
{
	struct sensor *s = sensor_open(1000, 1);
	struct dialogue c = connect_as(s, FTD, 5000);
	struct frame forged = certificate('F'), real = certificate('S');

	(void)state;
	say_hellos(&c);
	say(&c, SERVER, forged.byte, forged.size);
	c.sent[SERVER] -= (uint32_t)real.size;
	say(&c, SERVER, real.byte, real.size);
	seal(&c);
	sensor_finish(s);
	assert_int_equal(told(s).certificates, 0);
	sensor_close(s);
}

static void leaf_that_was_sent_twice_is_told_once(void **state)
{
	struct sensor *s = sensor_open(1000, 1);
	struct dialogue c = connect_as(s, FTD, 5000);
	struct frame f = certificate('S');

	(void)state;
	say_hellos(&c);
	say(&c, SERVER, f.byte, f.size);
	c.sent[SERVER] -= (uint32_t)f.size;
	say(&c, SERVER, f.byte, f.size);
	seal(&c);
	sensor_finish(s);
	assert_int_equal(told(s).certificates, 1);
	sensor_close(s);
}

/* Of another port nobody looks at it, whatever is said. */
static void other_flows_tell_nothing_of_their_opening(void **state)
{
	static const uint8_t alert[] = {21, 3, 3, 0, 2, 2, 48};
	struct sensor *s = sensor_open(1000, 1);
	struct frame f = certificate('S');
	struct dialogue c;

	(void)state;
	s->link = LINK_ETHERNET;
	c = connect_to(s, FTD, 5000, 443);
	say_hellos(&c);
	say(&c, SERVER, f.byte, f.size);
	say(&c, SERVER, alert, sizeof(alert));
	seal(&c);
	sensor_finish(s);
	assert_int_equal(told(s).certificates, 0);
	assert_int_equal(s->ended[0].opening.alert_from, 0);
	assert_int_equal(s->ended[0].opening.mac_known, 0);
	sensor_close(s);
}

static void alert_is_in_the_record_with_who_sent_it(void **state)
{
	static const uint8_t alert[] = {21, 3, 3, 0, 2, 2, 48};
	struct sensor *s = sensor_open(1000, 1);
	struct dialogue c = connect_as(s, FTD, 5000);

	(void)state;
	say_hellos(&c);
	say(&c, SERVER, alert, sizeof(alert));
	send_segment(&c, CLIENT, RST | ACK, c.sent[CLIENT], NULL, 0);
	sensor_finish(s);
	assert_int_equal(s->ended_count, 1);
	assert_int_equal(s->ended[0].opening.alert, 48);
	assert_int_equal(s->ended[0].opening.alert_from, 2);
	sensor_close(s);
}

/* Server's flight of a full segment and a small one: only the small one is answered. */
static void send_into_hole(struct dialogue *c, unsigned repeats, uint64_t pause_ns)
{
	uint8_t full[1400] = {22, 3, 3, 5, 120}, small[80] = {0};
	uint32_t at = c->sent[SERVER];

	say(c, SERVER, full, sizeof(full));
	say(c, SERVER, small, sizeof(small));
	c->sent[SERVER] = at;
	acknowledge(c, CLIENT); /* again what it had acknowledged: the small one came */
	for (unsigned i = 0; i < repeats; i++) {
		c->now_ns += pause_ns;
		send_segment(c, SERVER, ACK, at, full, sizeof(full));
	}
}

static void full_segment_that_never_comes_through_is_told(void **state)
{
	struct sensor *s = sensor_open(1000, 1);
	struct dialogue c = connect_as(s, FTD, 5000);

	(void)state;
	say_hellos(&c);
	send_into_hole(&c, 3, 300 * MS);
	sensor_finish(s);
	assert_int_equal(s->ended[0].opening.stuck, 2);
	sensor_close(s);
}

static void copies_of_the_mirror_are_no_repeats(void **state)
{
	struct sensor *s = sensor_open(1000, 1);
	struct dialogue c = connect_as(s, FTD, 5000);

	(void)state;
	say_hellos(&c);
	send_into_hole(&c, 9, 0);
	sensor_finish(s);
	assert_int_equal(s->ended[0].opening.stuck, 0);
	sensor_close(s);
}

static void segment_that_comes_through_at_last_is_not_told(void **state)
{
	struct sensor *s = sensor_open(1000, 1);
	struct dialogue c = connect_as(s, FTD, 5000);

	(void)state;
	say_hellos(&c);
	send_into_hole(&c, 4, 300 * MS);
	c.sent[SERVER] += 1400;
	acknowledge(&c, CLIENT);
	sensor_finish(s);
	assert_int_equal(s->ended[0].opening.stuck, 0);
	sensor_close(s);
}

static void flow_with_a_stranger_is_not_watched_but_its_sender_is_known(void **state)
{
	struct sensor *s = sensor_open(1000, 1);
	struct frame f = certificate('S');
	const struct opening_report *o;
	struct dialogue c;

	(void)state;
	s->link = LINK_ETHERNET;
	c = connect_as(s, STRANGER, 5000);
	say_hellos(&c);
	say(&c, SERVER, f.byte, f.size);
	seal(&c);
	sensor_finish(s);
	assert_int_equal(told(s).certificates, 0);
	o = &s->ended[0].opening;
	assert_int_equal(o->mac_known, 3);
	assert_memory_equal(o->mac[0], "\x02\0\0\0\0\x0c", 6);
	assert_memory_equal(o->mac[1], "\x02\0\0\0\0\xc5", 6);
	sensor_close(s);
}

static void connections_beyond_the_pool_are_counted(void **state)
{
	enum { CONNECTIONS = 4000 };
	struct sensor *s = sensor_open(10000, BURST_MAX);
	const struct counters *n;

	(void)state;
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		connect_as(s, FTD, (uint16_t)(10000 + i));
	}
	n = sensor_finish(s);
	assert_true(n->openings_exhausted > 0);
	assert_true(n->openings_exhausted < CONNECTIONS);
	check_accounting(s, n);
	sensor_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaf_that_was_acknowledged_is_told_of_both_sides),
		cmocka_unit_test(leaf_that_nobody_acknowledged_is_none),
		cmocka_unit_test(gap_gives_no_certificate),
		cmocka_unit_test(segment_that_was_cut_gives_no_certificate),
		cmocka_unit_test(leaf_that_came_again_as_another_is_none),
		cmocka_unit_test(leaf_that_was_sent_twice_is_told_once),
		cmocka_unit_test(other_flows_tell_nothing_of_their_opening),
		cmocka_unit_test(alert_is_in_the_record_with_who_sent_it),
		cmocka_unit_test(full_segment_that_never_comes_through_is_told),
		cmocka_unit_test(copies_of_the_mirror_are_no_repeats),
		cmocka_unit_test(segment_that_comes_through_at_last_is_not_told),
		cmocka_unit_test(flow_with_a_stranger_is_not_watched_but_its_sender_is_known),
		cmocka_unit_test(connections_beyond_the_pool_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
