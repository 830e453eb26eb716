#include "control/record_fixture.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "policy/ruleset.h"
#include "run/collector.h"
#include "run/reload.h"
#include "run/worker_pool.h"
#include "source_handoff.h"

#define SITE_SSH_OFF RECORD_SITE "features: {ssh: {enabled: no}}\n"

/* A sensor without a capture: a worker that waits for packets, and a site in a file. */
struct sensor {
	char path[40];
	struct reload reload;
	struct collector_options options;
	struct collector collector;
	struct worker_pool *pool;
	struct source *source;
};

static void write_site(const struct sensor *s, const char *text)
{
	FILE *f = fopen(s->path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct sensor *sensor_open(const char *text)
{
	struct sensor *s = calloc(1, sizeof(*s));
	struct worker_pool_config config = {.workers = 1, .take = collector_add};
	struct errors errors = {0};
	struct settings *settings;
	struct ruleset *ruleset;
	int fd;

	assert_non_null(s);
	strcpy(s->path, "/tmp/test_reload.XXXXXX");
	fd = mkstemp(s->path);
	assert_true(fd >= 0);
	close(fd);
	write_site(s, text);
	assert_int_equal(ruleset_open(&ruleset, &settings, s->path, NULL, &errors), 0);
	reload_init(&s->reload, s->path, ruleset, settings);
	assert_int_equal(collector_open(&s->collector, ruleset, settings, &s->options), 0);
	assert_int_equal(source_handoff_open(&s->source), 0);
	config.ruleset = ruleset;
	config.settings = settings;
	config.source = &s->source;
	config.context = &s->collector;
	assert_int_equal(worker_pool_start(&s->pool, &config), 0);
	s->reload.pool = s->pool;
	s->reload.collector = &s->collector;
	return s;
}

static void sensor_close(struct sensor *s)
{
	source_handoff_end(s->source);
	worker_pool_stop(s->pool);
	worker_pool_finish(s->pool, 0);
	worker_pool_free(s->pool);
	s->source->operations->close(s->source);
	collector_fini(&s->collector);
	reload_fini(&s->reload);
	unlink(s->path);
	free(s);
}

/* 1 once the workers have rejudged their flows; 0 after ten seconds. */
static int wait_until_rejudged(struct sensor *s)
{
	for (unsigned i = 0; i < 10000; i++) {
		worker_pool_collect(s->pool);
		if (reload_tick(&s->reload))
			return 1;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return 0;
}

static void reload_puts_the_site_in_force_and_lets_go_of_the_one_before(void **state)
{
	struct sensor *s = sensor_open(RECORD_SITE);
	struct errors errors = {0};
	char before[80];

	(void)state;
	strcpy(before, s->reload.ruleset->hash);
	write_site(s, SITE_SSH_OFF);
	assert_int_equal(reload_now(&s->reload, &errors), 0);
	assert_string_not_equal(s->reload.ruleset->hash, before);
	assert_non_null(s->reload.previous);
	assert_int_equal(s->reload.ruleset->policy->generation, 2);
	assert_true(wait_until_rejudged(s));
	assert_null(s->reload.previous);
	assert_int_equal(s->reload.done, 1);
	write_site(s, RECORD_SITE);
	assert_int_equal(reload_now(&s->reload, &errors), 0);
	assert_string_equal(s->reload.ruleset->hash, before);
	assert_true(wait_until_rejudged(s));
	sensor_close(s);
}

static void reload_refuses_a_site_that_is_wrong_and_keeps_the_policy(void **state)
{
	static const char *const wrong[] = {"appliances: 7\n", "{}\n", "profile: nope\n"};
	struct sensor *s = sensor_open(RECORD_SITE);
	const struct ruleset *before = s->reload.ruleset;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct errors errors = {0};
		write_site(s, wrong[i]);
		assert_int_equal(reload_now(&s->reload, &errors), -EINVAL);
		assert_true(errors.length > 0);
		assert_ptr_equal(s->reload.ruleset, before);
		assert_true(s->reload.last_refused);
	}
	assert_int_equal(s->reload.refused, 3);
	assert_int_equal(s->reload.done, 0);
	sensor_close(s);
}

static void reload_says_what_waits_for_the_next_start(void **state)
{
	struct sensor *s = sensor_open(RECORD_SITE);
	struct errors errors = {0};
	char later[64];

	(void)state;
	write_site(s, RECORD_SITE "capture: {interfaces: [eth9]}\nflow: {max: 77}\n");
	assert_int_equal(reload_now(&s->reload, &errors), 0);
	reload_needs_restart(&s->reload, later, sizeof(later));
	assert_string_equal(later, "capture, flow.max");
	assert_true(wait_until_rejudged(s));
	write_site(s, RECORD_SITE);
	assert_int_equal(reload_now(&s->reload, &errors), 0);
	reload_needs_restart(&s->reload, later, sizeof(later));
	assert_string_equal(later, "");
	assert_true(wait_until_rejudged(s));
	sensor_close(s);
}

static void reload_reads_a_draft_without_putting_it_in_force(void **state)
{
	struct sensor *s = sensor_open(RECORD_SITE);
	struct errors errors = {0};
	struct ruleset *draft;

	(void)state;
	write_site(s, SITE_SSH_OFF);
	draft = reload_read(&s->reload, NULL, &errors);
	assert_non_null(draft);
	assert_string_not_equal(draft->hash, s->reload.ruleset->hash);
	assert_int_equal(s->reload.done, 0);
	ruleset_close(draft);
	sensor_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reload_puts_the_site_in_force_and_lets_go_of_the_one_before),
		cmocka_unit_test(reload_refuses_a_site_that_is_wrong_and_keeps_the_policy),
		cmocka_unit_test(reload_says_what_waits_for_the_next_start),
		cmocka_unit_test(reload_reads_a_draft_without_putting_it_in_force),
	};
	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
