#include "dataplane/core/policy_fixture.h"

#include "core/decode/decode.h"
#include "core/mirror.h"

#define FLOW 7

struct scene {
	struct mirror mirror;
	struct mirror_host host[2];
};

static struct scene *scene_open(void)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	mirror_init(&s->mirror, s->host, 2);
	return s;
}

/* --- lanes ---------------------------------------------------------------------------------- */

static struct burst burst_of(unsigned interface, unsigned cut)
{
	struct burst b = {.count = 10};

	for (uint32_t i = 0; i < b.count; i++)
		b.packet[i] = (struct packet){.caplen = i < cut ? 60 : 100,
			.wirelen = 100,
			.interface = (uint16_t)interface};
	return b;
}

static const struct mirror_lane *lane(
	const struct mirror_counters *f, unsigned interface, unsigned vlan)
{
	for (uint32_t i = 1; i < f->lanes; i++)
		if (f->lane[i].interface == interface && f->lane[i].vlan == vlan)
			return &f->lane[i];
	return NULL;
}

static void mirror_counts_frames_by_interface_and_vlan(void **state)
{
	struct scene *s = scene_open();
	struct mirror *m = &s->mirror;

	(void)state;
	for (unsigned interface = 0; interface < 2; interface++) {
		struct burst b = burst_of(interface, 3);
		struct decoded v = {.encap = {.vlan = {20}, .interface = (uint16_t)interface}};
		mirror_layered(m, &b.packet[0], &v);
		mirror_layered(m, &b.packet[9], &v);
		mirror_burst(m, &b, 3);
		assert_int_equal(lane(&m->figures, interface, 0)->frames, 8);
		assert_int_equal(lane(&m->figures, interface, 0)->truncated, 2);
		assert_int_equal(lane(&m->figures, interface, 20)->frames, 2);
		assert_int_equal(lane(&m->figures, interface, 20)->truncated, 1);
	}
	free(s);
}

/* No frame is lost for want of a lane. */
static void mirror_counts_what_finds_no_lane_together(void **state)
{
	struct scene *s = scene_open();
	struct mirror_counters *f = &s->mirror.figures;
	uint64_t frames = 0;

	(void)state;
	for (uint16_t vlan = 1; vlan <= 1000; vlan++) {
		struct burst b = burst_of(0, 0);
		struct decoded v = {.encap = {.vlan = {vlan}}};
		mirror_layered(&s->mirror, &b.packet[0], &v);
		mirror_burst(&s->mirror, &b, 0);
	}
	assert_int_equal(f->lanes, MIRROR_LANES);
	for (uint32_t i = 0; i < f->lanes; i++)
		frames += f->lane[i].frames;
	assert_int_equal(frames, 10000);
	assert_int_equal(f->lane[0].frames, 1000 - (MIRROR_LANES - 2));
	assert_int_equal(lane(f, 0, 0)->frames, 9000);
	free(s);
}

/* --- sessions --------------------------------------------------------------------------------- */

static void number(struct mirror *m, unsigned session, uint32_t sequence)
{
	struct packet p = {.caplen = 60, .wirelen = 60};
	struct decoded v = {.is_numbered = 1,
		.mirrored = {.session = (uint16_t)session, .version = 4, .sequence = sequence}};

	mirror_layered(m, &p, &v);
}

static uint64_t lost(const struct mirror_session *s)
{
	return s->last - s->first + 1 - s->packets;
}

/* Numbers wrap, and come out of order; what is missing between the first and the last is lost. */
static void mirror_knows_what_a_session_lost(void **state)
{
	struct scene *s = scene_open();
	struct mirror_counters *f = &s->mirror.figures;
	struct dice d = dice_cast(4);
	unsigned missing = 0;

	(void)state;
	for (uint32_t i = 0; i < 5000; i += 2) {
		int first = i == 0 || i == 4998 || dice_below(&d, 10) != 0;
		int second = i == 0 || i == 4998 || dice_below(&d, 10) != 0;
		if (second)
			number(&s->mirror, 5, 0xfffffc00u + i + 1);
		if (first)
			number(&s->mirror, 5, 0xfffffc00u + i);
		number(&s->mirror, 6, i / 2);
		missing += !first + !second;
	}
	assert_int_equal(f->sessions, 2);
	assert_true(missing > 300);
	assert_int_equal(lost(&f->session[0]), missing);
	assert_int_equal(lost(&f->session[1]), 0);
	free(s);
}

static void mirror_begins_a_leg_when_a_switch_starts_over(void **state)
{
	struct scene *s = scene_open();
	struct mirror_counters *f = &s->mirror.figures;

	(void)state;
	for (uint32_t i = 1000000; i < 1000100; i++)
		number(&s->mirror, 5, i);
	for (uint32_t i = 0; i < 50; i++)
		number(&s->mirror, 5, i);
	assert_int_equal(f->sessions, 2);
	assert_int_equal(f->session[0].packets, 100);
	assert_int_equal(f->session[1].packets, 50);
	assert_int_equal(f->session[1].leg, 1);
	assert_int_equal(lost(&f->session[0]) + lost(&f->session[1]), 0);
	for (unsigned id = 0; id < 2 * MIRROR_SESSIONS; id++)
		number(&s->mirror, 100 + id, 0);
	assert_int_equal(f->sessions, MIRROR_SESSIONS);
	assert_int_equal(f->unnumbered, 2 * MIRROR_SESSIONS - (MIRROR_SESSIONS - 2));
	free(s);
}

/* --- the sample ---------------------------------------------------------------------------------
 */

/* A segment of the watched connection: there (0) or back (1). */
static void segment(struct mirror *m, unsigned direction, unsigned id, uint32_t sequence,
	uint32_t acknowledgment, size_t payload)
{
	struct frame f = {0};
	struct packet p = {.link = LINK_RAW};
	struct decoded v;

	put_ipv4(&f, "10.20.0.1", "10.10.0.5", IPPROTO_TCP, 0);
	put_tcp(&f, 40000, 8305, ACK, payload);
	frame_close(&f);
	set16(&f, 4, id);
	for (unsigned i = 0; i < 4; i++) {
		f.byte[24 + i] = (uint8_t)(sequence >> (24 - 8 * i));
		f.byte[28 + i] = (uint8_t)(acknowledgment >> (24 - 8 * i));
	}
	p.data = f.byte;
	p.caplen = p.wirelen = (uint32_t)f.size;
	decode_layers(&p, nobody(), &v);
	v.direction = (uint8_t)direction;
	if (mirror_watches(m, FLOW))
		mirror_watch(m, FLOW, &p, &v);
}

static void mirror_counts_bytes_that_were_acknowledged_and_never_seen(void **state)
{
	struct scene *s = scene_open();
	struct mirror *m = &s->mirror;

	(void)state;
	assert_true(mirror_begin_watch(m, FLOW));
	segment(m, 0, 1, 0xffffff00u, 500, 100);
	segment(m, 1, 1, 500, 0xffffff64u, 0);
	/* 200 bytes are lost, the next 100 are not; numbers wrap. */
	segment(m, 0, 3, 0xffffff64u + 200, 500, 100);
	segment(m, 1, 2, 500, 0xffffff64u + 300, 0);
	assert_int_equal(m->figures.unseen_bytes, 200);
	assert_int_equal(m->figures.acknowledged_bytes, 300);
	/* The last 50 are lost. */
	segment(m, 1, 3, 500, 0xffffff64u + 350, 0);
	assert_int_equal(m->figures.unseen_bytes, 250);
	assert_int_equal(m->figures.acknowledged_bytes, 350);
	free(s);
}

static void mirror_takes_a_late_segment_for_late(void **state)
{
	struct scene *s = scene_open();
	struct mirror *m = &s->mirror;

	(void)state;
	assert_true(mirror_begin_watch(m, FLOW));
	segment(m, 0, 1, 1000, 500, 100);
	/* Out of order, and then acknowledged. */
	segment(m, 0, 3, 1200, 500, 100);
	segment(m, 0, 2, 1100, 500, 100);
	segment(m, 1, 1, 500, 1300, 0);
	assert_int_equal(m->figures.unseen_bytes, 0);
	/* The acknowledgment overtakes: the two directions are mirrored apart. */
	segment(m, 1, 2, 500, 1400, 0);
	segment(m, 0, 4, 1300, 500, 100);
	assert_int_equal(m->figures.unseen_bytes, 0);
	free(s);
}

static void mirror_knows_copies_by_their_identification(void **state)
{
	struct scene *s = scene_open();
	struct mirror *m = &s->mirror;

	(void)state;
	assert_true(mirror_begin_watch(m, FLOW));
	segment(m, 0, 1, 1000, 500, 100);
	segment(m, 0, 1, 1000, 500, 100);
	segment(m, 0, 2, 1000, 500, 100); /* sent again */
	segment(m, 1, 1, 500, 1100, 0);
	segment(m, 1, 1, 500, 1100, 0);
	assert_int_equal(m->figures.watched_packets, 5);
	assert_int_equal(m->figures.watched_copies, 2);
	free(s);
}

/* Traffic pays for the sample: a bounded number is free, and each ends by itself. */
static void mirror_watches_a_bounded_sample(void **state)
{
	struct scene *s = scene_open();
	struct mirror *m = &s->mirror;
	struct burst b = burst_of(0, 0);
	unsigned begun = 0;

	(void)state;
	for (uint32_t flow = 0; flow < 1000; flow++)
		begun += (unsigned)mirror_begin_watch(m, flow);
	assert_int_equal(begun, WATCHES);
	assert_true(mirror_watches(m, FLOW));
	for (unsigned i = 0; i < WATCH_PACKETS; i++)
		segment(m, 0, i, 1000 + i, 500, 1);
	assert_false(mirror_watches(m, FLOW));
	assert_false(mirror_begin_watch(m, FLOW));
	for (unsigned i = 0; i <= WATCH_COST / 10; i++)
		mirror_burst(m, &b, 0);
	assert_true(mirror_begin_watch(m, FLOW));
	free(s);
}

/* --- flows --------------------------------------------------------------------------------------
 */

static void mirror_tells_one_side_from_two(void **state)
{
	const unsigned data = HISTORY_BIT(SYN) | HISTORY_BIT(DATA);
	struct scene *s = scene_open();
	struct record r = {.protocol = IPPROTO_TCP,
		.appliance = {0, APPLIANCE_NONE},
		.packets = {5, 0},
		.end_ns = 77,
		.encap = {.is_known = 1}};

	(void)state;
	mirror_end(&s->mirror, 1, data, &r);
	mirror_end(&s->mirror, 1, HISTORY_BIT(SYN), &r); /* a probe proves nothing */
	r.packets[1] = 4;
	mirror_end(&s->mirror, 1, data | HISTORY_BIT(SYN_ACK), &r);
	r.protocol = IPPROTO_UDP;
	mirror_end(&s->mirror, 1, HISTORY_BIT(DATA), &r);
	assert_int_equal(lane(&s->mirror.figures, 0, 0)->flows.one, 1);
	assert_int_equal(lane(&s->mirror.figures, 0, 0)->flows.both, 1);
	assert_int_equal(lane(&s->mirror.figures, 0, 0)->syn, 3);
	assert_int_equal(lane(&s->mirror.figures, 0, 0)->syn_ack, 1);
	assert_int_equal(s->host[0].from_only, 1);
	assert_int_equal(s->host[0].both, 1);
	assert_int_equal(s->host[0].packets, 5 + 5 + 9 + 9);
	assert_int_equal(s->host[0].last_ns, 77);
	assert_int_equal(s->host[1].packets, 0);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mirror_counts_frames_by_interface_and_vlan),
		cmocka_unit_test(mirror_counts_what_finds_no_lane_together),
		cmocka_unit_test(mirror_knows_what_a_session_lost),
		cmocka_unit_test(mirror_begins_a_leg_when_a_switch_starts_over),
		cmocka_unit_test(mirror_counts_bytes_that_were_acknowledged_and_never_seen),
		cmocka_unit_test(mirror_takes_a_late_segment_for_late),
		cmocka_unit_test(mirror_knows_copies_by_their_identification),
		cmocka_unit_test(mirror_watches_a_bounded_sample),
		cmocka_unit_test(mirror_tells_one_side_from_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
