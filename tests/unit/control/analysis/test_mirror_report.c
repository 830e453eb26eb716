/* Findings about a mirror and their thresholds. */
#include "control/config_fixture.h"

#include "analysis/mirror_report.h"
#include "analysis/mirror_sum.h"

#define TWO                                                                                        \
	"appliances:\n"                                                                            \
	"  - {name: fmc, role: management-center, addresses: [10.10.0.5]}\n"                       \
	"  - {name: ftd, role: managed-device, addresses: [10.20.0.1]}\n"

struct mirror_fixture {
	struct ruleset *ruleset;
	struct mirror_report report;
	struct counters counters;
	struct mirror_finding found[MIRROR_FINDINGS_MAX];
	size_t count;
};

/* A good mirror: counts above all minimums, no errors. */
static struct mirror_fixture *mirror_fixture_open(const char *site)
{
	struct mirror_fixture *s = calloc(1, sizeof(*s));
	struct settings *settings;

	assert_non_null(s);
	s->ruleset = fixture_open(site, NULL, &settings);
	assert_int_equal(
		mirror_report_init(&s->report, s->ruleset, settings->capture.deduplicate), 0);
	settings_free(settings);
	s->report.is_known = true; /* figures are written to it directly */
	s->counters.frames = s->counters.ip = s->counters.monitored = 100000;
	s->report.sum.lanes = 2;
	s->report.sum.lane[1].flows.both = 1000;
	s->report.sum.host[0].packets = s->report.sum.host[1].packets = 50000;
	return s;
}

static void mirror_fixture_close(struct mirror_fixture *s)
{
	mirror_report_fini(&s->report);
	ruleset_close(s->ruleset);
	free(s);
}

/* Expects exactly this finding, with these words in it; MIRROR_FINDING_COUNT: none. */
static void expect(struct mirror_fixture *s, enum mirror_finding_kind kind, const char *words)
{
	s->count = mirror_report_find(&s->report, &s->counters, s->found);
	if (kind == MIRROR_FINDING_COUNT) {
		assert_int_equal(s->count, 0);
		return;
	}
	assert_int_equal(s->count, 1);
	assert_int_equal(s->found[0].kind, kind);
	if (!strstr(s->found[0].what, words))
		fail_msg("'%s' should have '%s'", s->found[0].what, words);
	assert_true(strlen(s->found[0].remedy) > 20);
}

static void expect_nothing(struct mirror_fixture *s)
{
	expect(s, MIRROR_FINDING_COUNT, "");
}

static void mirror_says_nothing_of_a_good_one(void **state)
{
	struct mirror_fixture *s = mirror_fixture_open(TWO);

	(void)state;
	expect_nothing(s);
	mirror_fixture_close(s);
}

static void mirror_says_how_much_is_one_sided(void **state)
{
	struct mirror_fixture *s = mirror_fixture_open(TWO);
	struct mirror_sides *flows = &s->report.sum.lane[1].flows;

	(void)state;
	*flows = (struct mirror_sides){.both = 0, .one = 19};
	expect_nothing(s); /* below the minimum */
	*flows = (struct mirror_sides){.both = 91, .one = 9};
	expect_nothing(s);
	*flows = (struct mirror_sides){.both = 90, .one = 10};
	expect(s, MIRROR_FINDING_PARTLY_ONE_SIDED, "10 %");
	*flows = (struct mirror_sides){.both = 2, .one = 98};
	expect(s, MIRROR_FINDING_ONE_SIDED, "98 % of TCP flows have a single side (98 of 100)");
	/* What the missing direction sent does not count as lost. */
	s->report.sum.acknowledged_bytes = 100000;
	s->report.sum.unseen_bytes = 90000;
	expect(s, MIRROR_FINDING_ONE_SIDED, "98 %");
	mirror_fixture_close(s);
}

static void mirror_says_what_was_lost(void **state)
{
	struct mirror_fixture *s = mirror_fixture_open(TWO);

	(void)state;
	s->report.sum.acknowledged_bytes = 9999;
	s->report.sum.unseen_bytes = 5000;
	expect_nothing(s);
	s->report.sum.acknowledged_bytes = 1000000;
	s->report.sum.unseen_bytes = 999;
	expect_nothing(s);
	s->report.sum.unseen_bytes = 4000;
	expect(s, MIRROR_FINDING_LOSS, "0.4 %");
	mirror_fixture_close(s);
}

static void mirror_says_what_comes_twice(void **state)
{
	struct mirror_fixture *s = mirror_fixture_open(TWO);
	struct mirror_fixture *dropping = mirror_fixture_open(TWO "capture: {deduplicate: true}\n");

	(void)state;
	s->report.sum.watched_packets = 1000;
	s->report.sum.watched_copies = 49;
	expect_nothing(s);
	s->report.sum.watched_copies = 500;
	expect(s, MIRROR_FINDING_DUPLICATES, "50 % of packets are copies");
	s->report.sum.watched_copies = 990; /* one packet a hundred times */
	expect(s, MIRROR_FINDING_DUPLICATES, "99 % of packets are copies");
	dropping->counters.duplicate = dropping->counters.ip;
	dropping->report.sum.watched_packets = 1000;
	expect(dropping, MIRROR_FINDING_DUPLICATES, "were dropped");
	mirror_fixture_close(s);
	mirror_fixture_close(dropping);
}

static void mirror_says_what_is_cut_and_when_time_runs_back(void **state)
{
	struct mirror_fixture *s = mirror_fixture_open(TWO);

	(void)state;
	s->counters.truncated_frames = 999;
	expect_nothing(s);
	s->counters.truncated_frames = 1000;
	expect(s, MIRROR_FINDING_TRUNCATION, "1 %");
	s->counters.truncated_frames = 0;
	s->report.sum.backwards = 99;
	s->report.sum.backwards_ns = 999999999;
	expect_nothing(s);
	s->report.sum.backwards = 1;
	s->report.sum.backwards_ns = 2500000000;
	expect(s, MIRROR_FINDING_TIME, "2.500 s");
	mirror_fixture_close(s);
}

static void mirror_says_who_was_never_seen(void **state)
{
	struct mirror_fixture *s = mirror_fixture_open(TWO);

	(void)state;
	s->report.sum.host[1].packets = 0;
	expect(s, MIRROR_FINDING_ABSENT, "1 of 2 appliances never seen: ftd");
	mirror_fixture_close(s);
}

static void mirror_says_of_answers_without_questions(void **state)
{
	struct mirror_fixture *s = mirror_fixture_open(TWO);

	(void)state;
	s->report.sum.lane[1].syn_ack = 20;
	s->report.sum.lane[1].syn = 2;
	expect_nothing(s);
	s->report.sum.lane[1].syn = 1;
	expect(s, MIRROR_FINDING_HANDSHAKES, "20 flows with SYN+ACK, 1 with SYN");
	mirror_fixture_close(s);
}

/* --- several workers --------------------------------------------------------------------- */

/* Each worker sees half of the sequence numbers of a session and of its second leg. */
static void mirror_puts_workers_together(void **state)
{
	struct mirror_fixture *s = mirror_fixture_open(TWO);
	struct mirror_host host[2] = {{.packets = 5, .last_ns = 9}, {.packets = 1, .last_ns = 3}};
	struct mirror_counters f = {.lanes = 3, .sessions = 2, .host = host, .hosts = 2};
	struct mirror_session *sum = s->report.sum.session;

	(void)state;
	f.lane[0].frames = 1;
	f.lane[1].frames = 10;
	f.lane[2].vlan = 20;
	f.lane[2].frames = 100;
	f.session[0] = (struct mirror_session){
		.session = 5, .version = 4, .first = 100, .last = 298, .packets = 100};
	f.session[1] = (struct mirror_session){
		.session = 5, .version = 4, .leg = 1, .first = 0, .last = 9, .packets = 5};
	mirror_report_add(&s->report, &f);
	f.session[0].first++;
	f.session[0].last++;
	f.session[0].packets = 98; /* two were lost */
	f.session[1].packets = 5;
	mirror_report_add(&s->report, &f);
	assert_int_equal(s->report.sum.lanes, 3);
	assert_int_equal(s->report.sum.lane[0].frames, 2);
	assert_int_equal(s->report.sum.lane[1].frames, 20);
	assert_int_equal(s->report.sum.lane[2].frames, 200);
	assert_int_equal(s->report.sum.sessions, 2);
	assert_int_equal(sum[0].packets, 198);
	assert_int_equal(sum[0].last - sum[0].first + 1, 200);
	assert_int_equal(sum[1].packets, 10);
	assert_int_equal(s->report.sum.host[0].last_ns, 9);
	expect(s, MIRROR_FINDING_SESSION_LOSS, "lost 2 of 200 packets on the way (1.0 %)");
	mirror_fixture_close(s);
}

/* After a start or a reload no appliance counts as absent before the first dump. */
static void mirror_says_nothing_before_figures_came(void **state)
{
	struct mirror_fixture *s = mirror_fixture_open(TWO);

	(void)state;
	mirror_report_clear(&s->report);
	expect_nothing(s);
	s->report.is_known = true;
	assert_true(mirror_report_find(&s->report, &s->counters, s->found) > 0);
	mirror_fixture_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mirror_says_nothing_of_a_good_one),
		cmocka_unit_test(mirror_says_nothing_before_figures_came),
		cmocka_unit_test(mirror_says_how_much_is_one_sided),
		cmocka_unit_test(mirror_says_what_was_lost),
		cmocka_unit_test(mirror_says_what_comes_twice),
		cmocka_unit_test(mirror_says_what_is_cut_and_when_time_runs_back),
		cmocka_unit_test(mirror_says_who_was_never_seen),
		cmocka_unit_test(mirror_says_of_answers_without_questions),
		cmocka_unit_test(mirror_puts_workers_together),
	};

	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
