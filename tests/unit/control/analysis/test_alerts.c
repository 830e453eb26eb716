#include "control/record_fixture.h"

#include <jansson.h>
#include <unistd.h>

#include "analysis/alerts.h"
#include "policy/nearest.h"
#include "sink/json_lines.h"

#define NOW (100000 * SECOND)
#define WINDOW (60 * SECOND)

/* Alerts that are written to a file. */
struct fixture {
	struct ruleset *ruleset;
	struct other_profiles other_profiles;
	struct ecs ecs;
	struct json_lines lines;
	struct alerts alerts;
	char path[32];
};

static struct fixture *fixture_open_alerts(void)
{
	struct fixture *d = calloc(1, sizeof(*d));
	int fd;

	assert_non_null(d);
	strcpy(d->path, "/tmp/test_alerts.XXXXXX");
	fd = mkstemp(d->path);
	assert_true(fd >= 0);
	close(fd);
	d->ruleset = site_opens(RECORD_SITE);
	other_profiles_open(&d->other_profiles, d->ruleset);
	d->ecs = (struct ecs){
		.ruleset = d->ruleset, .other_profiles = &d->other_profiles, .observer = "sensor"};
	assert_int_equal(json_lines_open(&d->lines, d->path, JSON_LINES_EXTEND), 0);
	alerts_init(&d->alerts, &d->ecs, &d->lines, WINDOW);
	return d;
}

static void fixture_close_alerts(struct fixture *d)
{
	alerts_fini(&d->alerts);
	json_lines_close(&d->lines);
	other_profiles_close(&d->other_profiles);
	ruleset_close(d->ruleset);
	unlink(d->path);
	free(d);
}

/* Counts the events of a state in the file; `flows`: of the last one. */
static unsigned written(struct fixture *d, const char *state, long long *flows)
{
	char *line = NULL;
	size_t bytes = 0;
	unsigned count = 0;
	FILE *f;

	json_lines_flush(&d->lines);
	f = fopen(d->path, "r");
	assert_non_null(f);
	while (getline(&line, &bytes, f) > 0) {
		json_t *event = json_loads(line, 0, NULL);
		const char *is = NULL;
		json_int_t n = 0;
		assert_non_null(event);
		assert_int_equal(json_unpack(event, "{s:{s:{s:s, s:I}}}", "portolan", "finding",
					 "state", &is, "count", &n),
			0);
		if (strcmp(is, state) == 0) {
			count++;
			if (flows)
				*flows = n;
		}
		json_decref(event);
	}
	free(line);
	fclose(f);
	return count;
}

static struct record flagged(
	const struct fixture *d, unsigned peer, uint16_t port, uint64_t end_ns, int severity)
{
	char address[32];
	struct record r;

	snprintf(address, sizeof(address), "198.51.100.%u", peer);
	r = record_between(d->ruleset, address, "10.1.0.7", IPPROTO_TCP, port, end_ns, end_ns);
	assert_int_equal(r.verdict, VERDICT_UNEXPECTED_PORT);
	r.kind = RECORD_FLAGGED;
	r.severity = (uint8_t)severity;
	return r;
}

static void add(struct fixture *d, struct record r)
{
	alerts_add(&d->alerts, &r);
}

static struct record flagged_from(
	const struct fixture *d, unsigned from_port, uint16_t port, uint64_t end_ns)
{
	struct record r = flagged(d, 1, port, end_ns, 2);

	r.port[0] = (uint16_t)from_port;
	return r;
}

static void withdraw(struct fixture *d, struct record r)
{
	r.kind = RECORD_WITHDRAWN;
	r.verdict = r.end_verdict[1] = VERDICT_EXPECTED;
	add(d, r);
}

static void alert_is_new_once_and_repeated_when_its_window_ends(void **state)
{
	struct fixture *d = fixture_open_alerts();
	long long flows = 0;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		add(d, flagged_from(d, 40000 + i, 4444, NOW + i * SECOND));
	assert_int_equal(written(d, "new", NULL), 1);
	assert_int_equal(written(d, "repeated", NULL), 0);
	alerts_tick(&d->alerts, NOW + WINDOW + SECOND);
	assert_int_equal(written(d, "repeated", &flows), 1);
	assert_int_equal(flows, 10);
	assert_int_equal(d->alerts.alerts, 2);
	assert_int_equal(d->alerts.coalesced, 9);
	fixture_close_alerts(d);
}

static void alert_is_raised_where_a_flow_of_it_is_graver(void **state)
{
	struct fixture *d = fixture_open_alerts();

	(void)state;
	add(d, flagged(d, 1, 4444, NOW, 2));
	add(d, flagged(d, 1, 4444, NOW, 3));
	add(d, flagged(d, 1, 4444, NOW, 2));
	assert_int_equal(written(d, "new", NULL), 1);
	assert_int_equal(written(d, "raised", NULL), 1);
	fixture_close_alerts(d);
}

static void alert_is_new_once_and_repeated_at_growing_intervals(void **state)
{
	struct fixture *d = fixture_open_alerts();
	long long flows = 0;

	(void)state;
	/* A beacon every 20 s for ten hours: at the window's end, after 10 minutes, 1 and 6 hours.
	 */
	for (unsigned i = 0; i < 1800; i++)
		add(d, flagged_from(d, 40000 + i, 4444, NOW + i * 20 * SECOND));
	assert_int_equal(written(d, "new", NULL), 1);
	assert_int_equal(written(d, "repeated", NULL), 4);
	alerts_flush(&d->alerts);
	assert_int_equal(written(d, "repeated", &flows), 5);
	assert_int_equal(flows, 1800);
	assert_int_equal(d->alerts.alerts, 6);
	fixture_close_alerts(d);
}

static void alert_that_is_judged_to_belong_is_withdrawn_with_its_last_flow(void **state)
{
	struct fixture *d = fixture_open_alerts();
	struct record first = flagged_from(d, 40000, 4444, NOW);
	struct record second = flagged_from(d, 40001, 4444, NOW);
	long long flows = 9;

	(void)state;
	add(d, first);
	add(d, second);
	withdraw(d, first);
	assert_int_equal(written(d, "withdrawn", NULL), 0);
	withdraw(d, second);
	assert_int_equal(written(d, "withdrawn", &flows), 1);
	assert_int_equal(flows, 0);
	assert_int_equal(d->alerts.withdrawn, 1);
	alerts_flush(&d->alerts);
	assert_int_equal(written(d, "repeated", NULL), 0);
	add(d, flagged_from(d, 40002, 4444, NOW + SECOND));
	assert_int_equal(written(d, "new", NULL), 2);
	fixture_close_alerts(d);
}

static void alert_of_a_flow_that_ends_as_expected_is_withdrawn(void **state)
{
	struct fixture *d = fixture_open_alerts();
	struct record r = flagged_from(d, 40000, 4444, NOW);

	(void)state;
	add(d, r);
	r.verdict = r.end_verdict[1] = VERDICT_EXPECTED;
	add(d, record_ended(r, END_FIN));
	assert_int_equal(written(d, "withdrawn", NULL), 1);
	add(d, record_ended(r, END_FIN)); /* nobody was told of this one */
	assert_int_equal(written(d, "withdrawn", NULL), 1);
	fixture_close_alerts(d);
}

static void alert_of_a_flow_that_is_judged_otherwise_goes_to_its_new_finding(void **state)
{
	struct fixture *d = fixture_open_alerts();
	struct record r = flagged_from(d, 40000, 4444, NOW);

	(void)state;
	add(d, r);
	r.verdict = r.end_verdict[1] = VERDICT_PEER_NOT_ALLOWED;
	add(d, record_ended(r, END_FIN));
	assert_int_equal(written(d, "withdrawn", NULL), 1);
	assert_int_equal(written(d, "new", NULL), 2);
	fixture_close_alerts(d);
}

static void alert_counts_a_flow_that_begins_before_the_end_of_its_like_is_told(void **state)
{
	struct fixture *d = fixture_open_alerts();
	struct record old = flagged_from(d, 40000, 4444, NOW);
	struct record fresh = flagged_from(d, 40000, 4444, NOW + 100 * SECOND);
	long long flows = 0;

	(void)state;
	add(d, old);
	add(d, fresh);
	add(d, record_ended(old, END_IDLE));
	withdraw(d, fresh);
	alerts_flush(&d->alerts);
	assert_int_equal(written(d, "withdrawn", NULL), 0);
	add(d, flagged_from(d, 40001, 4444, NOW + 101 * SECOND));
	alerts_flush(&d->alerts);
	assert_int_equal(written(d, "repeated", &flows), 1);
	assert_int_equal(flows, 2);
	fixture_close_alerts(d);
}

static void alert_of_a_flow_seen_from_the_other_side_is_the_same_flows(void **state)
{
	struct fixture *d = fixture_open_alerts();
	struct record r = flagged_from(d, 40000, 4444, NOW);

	(void)state;
	add(d, r);
	r = record_between(d->ruleset, "10.1.0.7", "198.51.100.1", IPPROTO_TCP, 40000, NOW, NOW);
	r.port[0] = 4444;
	r.kind = RECORD_FLAGGED;
	add(d, r);
	assert_int_equal(written(d, "withdrawn", NULL), 1);
	assert_int_equal(written(d, "new", NULL), 2);
	fixture_close_alerts(d);
}

static void alert_ends_after_a_day_without_a_packet_and_not_while_its_flow_lives(void **state)
{
	struct fixture *d = fixture_open_alerts();
	struct record r = flagged_from(d, 40000, 4444, NOW);

	(void)state;
	add(d, r);
	r.kind = RECORD_LIVE;
	for (unsigned hour = 1; hour <= 50; hour++) {
		r.end_ns = NOW + hour * 3600 * SECOND;
		add(d, r);
		alerts_tick(&d->alerts, r.end_ns);
	}
	assert_int_equal(written(d, "ended", NULL), 0);
	add(d, record_ended(r, END_FIN));
	alerts_tick(&d->alerts, NOW + 73 * 3600 * SECOND);
	assert_int_equal(written(d, "ended", NULL), 0);
	alerts_tick(&d->alerts, NOW + 75 * 3600 * SECOND);
	assert_int_equal(written(d, "ended", NULL), 1);
	assert_int_equal(d->alerts.ended, 1);
	add(d, flagged_from(d, 40001, 4444, NOW + 75 * 3600 * SECOND));
	assert_int_equal(written(d, "new", NULL), 2);
	fixture_close_alerts(d);
}

/* Whoever makes a tunnel writes into it what he likes. */
static void alert_is_not_withdrawn_by_what_is_inside_of_a_tunnel(void **state)
{
	struct fixture *d = fixture_open_alerts();
	struct record r = flagged_from(d, 40000, 4444, NOW);

	(void)state;
	add(d, r);
	r.tunnel = 1;
	r.start_ns = r.end_ns = NOW - SECOND;
	withdraw(d, r);
	r.kind = RECORD_ENDED;
	add(d, r);
	assert_int_equal(written(d, "withdrawn", NULL), 0);
	r.tunnel = 0;
	r.start_ns = r.end_ns = NOW;
	withdraw(d, r);
	assert_int_equal(written(d, "withdrawn", NULL), 1);
	fixture_close_alerts(d);
}

/* What found the flow table full is reported, and its end never told. */
static void alert_ends_although_the_end_of_its_flow_is_never_told(void **state)
{
	struct fixture *d = fixture_open_alerts();

	(void)state;
	add(d, flagged_from(d, 40000, 4444, NOW));
	alerts_tick(&d->alerts, NOW + 24 * 3600 * SECOND + SECOND);
	assert_int_equal(written(d, "ended", NULL), 0);
	alerts_tick(&d->alerts, NOW + 26 * 3600 * SECOND);
	assert_int_equal(written(d, "ended", NULL), 1);
	assert_int_equal(HASH_COUNT(d->alerts.reported.flow), 0);
	fixture_close_alerts(d);
}

static void alert_of_evasion_is_a_finding_by_its_reason(void **state)
{
	struct fixture *d = fixture_open_alerts();
	struct record r = flagged_from(d, 40000, 4444, NOW);

	(void)state;
	r.kind = RECORD_EVASION;
	r.severity = 2;
	r.evasion_reason = EVASION_NO_HANDSHAKE;
	r.verdict = r.end_verdict[1] = VERDICT_EXPECTED;
	add(d, r);
	r.port[0]++;
	add(d, r);
	r.evasion_reason = EVASION_RESET_IGNORED;
	add(d, r);
	assert_int_equal(written(d, "new", NULL), 2);
	alerts_flush(&d->alerts);
	assert_int_equal(written(d, "repeated", NULL), 1);
	fixture_close_alerts(d);
}

static void alert_id_is_of_the_hour_and_what_it_is_about(void **state)
{
	struct fixture *d = fixture_open_alerts();
	struct record r = flagged_from(d, 40000, 4444, NOW);
	struct finding f = {.key = finding_key_of(&r), .born_ns = NOW};
	char a[FINDING_ID_BYTES], b[FINDING_ID_BYTES];

	(void)state;
	finding_id(&f, "ftd", a);
	assert_memory_equal(a, "19700102T03-", 12);
	assert_int_equal(strlen(a), 12 + 16);
	f.key.appliance += 7; /* a number that another ruleset may have */
	f.born_ns += 60 * SECOND;
	finding_id(&f, "ftd", b);
	assert_string_equal(a, b);
	f.key.port++;
	finding_id(&f, "ftd", b);
	assert_string_not_equal(a, b);
	fixture_close_alerts(d);
}

/* Ids are kept for a while, and never told of another finding. */
static void alert_ids_told_are_those_of_their_findings(void **state)
{
	struct fixture *d = fixture_open_alerts();
	char told[FINDING_ID_BYTES], wanted[FINDING_ID_BYTES];

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		struct record r = flagged(d, i % 3, (uint16_t)(4000 + i % 37 % 20), NOW, 2);
		struct finding f = {.key = finding_key_of(&r), .born_ns = NOW};
		add(d, r);
		assert_true(alerts_told_id(&d->alerts, &r, told));
		alerts_id(&d->alerts, &f, wanted);
		if (strcmp(told, wanted) != 0) { /* then it is that of the scan */
			f.key = finding_key_without_port(f.key);
			f.several_ports = 1;
			finding_id(&f, d->ruleset->appliance[f.key.appliance].name, wanted);
		}
		assert_string_equal(told, wanted);
	}
	fixture_close_alerts(d);
}

static void alert_that_is_graver_than_all_of_a_scan_is_told_at_once(void **state)
{
	struct fixture *d = fixture_open_alerts();

	(void)state;
	for (uint16_t port = 0; port < 200; port++)
		add(d, flagged(d, 1, (uint16_t)(5000 + port), NOW, 2));
	add(d, flagged(d, 1, 6000, NOW, 3));
	assert_int_equal(written(d, "new", NULL), SCAN_PORTS + 1);
	fixture_close_alerts(d);
}

static void alert_of_many_ports_is_a_scan_after_the_first_few(void **state)
{
	struct fixture *d = fixture_open_alerts();
	long long flows = 0;

	(void)state;
	for (uint16_t port = 0; port < 200; port++)
		add(d, flagged(d, 1, (uint16_t)(5000 + port), NOW, 2));
	assert_int_equal(written(d, "new", NULL), SCAN_PORTS);
	alerts_flush(&d->alerts);
	assert_int_equal(written(d, "scan", &flows), 1);
	assert_int_equal(flows, 200);
	assert_int_equal(written(d, "repeated", NULL), 0);
	fixture_close_alerts(d);
}

static void alert_of_many_peers_is_a_scan_after_the_first_few(void **state)
{
	struct fixture *d = fixture_open_alerts();
	long long flows = 0;

	(void)state;
	for (unsigned peer = 1; peer <= 100; peer++)
		add(d, flagged(d, peer, 4444, NOW, 2));
	assert_int_equal(written(d, "new", NULL), SCAN_PEERS);
	alerts_flush(&d->alerts);
	assert_int_equal(written(d, "scan", &flows), 1);
	assert_int_equal(flows, 100);
	fixture_close_alerts(d);
}

static void alerts_without_anybody_to_tell_are_counted(void **state)
{
	struct fixture *d = fixture_open_alerts();

	(void)state;
	d->alerts.lines = NULL;
	add(d, flagged(d, 1, 4444, NOW, 2));
	assert_int_equal(d->alerts.alerts, 1);
	assert_int_equal(written(d, "new", NULL), 0);
	fixture_close_alerts(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alert_is_new_once_and_repeated_when_its_window_ends),
		cmocka_unit_test(alert_is_raised_where_a_flow_of_it_is_graver),
		cmocka_unit_test(alert_is_new_once_and_repeated_at_growing_intervals),
		cmocka_unit_test(alert_that_is_judged_to_belong_is_withdrawn_with_its_last_flow),
		cmocka_unit_test(alert_of_a_flow_that_ends_as_expected_is_withdrawn),
		cmocka_unit_test(alert_of_a_flow_that_is_judged_otherwise_goes_to_its_new_finding),
		cmocka_unit_test(
			alert_counts_a_flow_that_begins_before_the_end_of_its_like_is_told),
		cmocka_unit_test(alert_of_a_flow_seen_from_the_other_side_is_the_same_flows),
		cmocka_unit_test(
			alert_ends_after_a_day_without_a_packet_and_not_while_its_flow_lives),
		cmocka_unit_test(alert_is_not_withdrawn_by_what_is_inside_of_a_tunnel),
		cmocka_unit_test(alert_ends_although_the_end_of_its_flow_is_never_told),
		cmocka_unit_test(alert_of_evasion_is_a_finding_by_its_reason),
		cmocka_unit_test(alert_id_is_of_the_hour_and_what_it_is_about),
		cmocka_unit_test(alert_ids_told_are_those_of_their_findings),
		cmocka_unit_test(alert_that_is_graver_than_all_of_a_scan_is_told_at_once),
		cmocka_unit_test(alert_of_many_ports_is_a_scan_after_the_first_few),
		cmocka_unit_test(alert_of_many_peers_is_a_scan_after_the_first_few),
		cmocka_unit_test(alerts_without_anybody_to_tell_are_counted),
	};
	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
