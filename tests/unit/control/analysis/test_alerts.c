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
	assert_int_equal(json_lines_open(&d->lines, d->path), 0);
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

	fflush(d->lines.file);
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

static void alert_is_new_once_and_repeated_when_its_window_ends(void **state)
{
	struct fixture *d = fixture_open_alerts();
	long long flows = 0;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		add(d, flagged(d, 1, 4444, NOW + i * SECOND, 2));
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

static void alert_of_the_next_window_is_new_again(void **state)
{
	struct fixture *d = fixture_open_alerts();

	(void)state;
	add(d, flagged(d, 1, 4444, NOW, 2));
	add(d, flagged(d, 1, 4444, NOW + WINDOW + SECOND, 2));
	assert_int_equal(written(d, "new", NULL), 2);
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
	alerts_close_window(&d->alerts);
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
	alerts_close_window(&d->alerts);
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
		cmocka_unit_test(alert_of_the_next_window_is_new_again),
		cmocka_unit_test(alert_of_many_ports_is_a_scan_after_the_first_few),
		cmocka_unit_test(alert_of_many_peers_is_a_scan_after_the_first_few),
		cmocka_unit_test(alerts_without_anybody_to_tell_are_counted),
	};
	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
