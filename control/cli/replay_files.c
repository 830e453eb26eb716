#include "cli/replay_files.h"

#include <stdio.h>
#include <string.h>

#include "config/settings.h"
#include "policy/open_site.h"
#include "policy/ruleset.h"
#include "run/replay.h"

enum { DONE = 0, FAILED = 1, MISUSED = 2, FLAGGED = 3 };

static int has_flagged(const struct counters *c)
{
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		if (verdict_is_flagged((enum verdict)v) && c->verdict_packets[v] > 0)
			return 1;
	return 0;
}

static void title_of(const struct replay_options *o, char *title, size_t bytes)
{
	if (o->captures > 1)
		snprintf(title, bytes, "%zu captures", o->captures);
	else
		snprintf(title, bytes, "%s",
			strcmp(o->capture[0], "-") == 0 ? "standard input" : o->capture[0]);
}

static json_t *captures_json(const struct replay_options *o, const struct replay *p)
{
	return json_pack("{s:{s:I, s:I, s:b}}", "captures", "given", (json_int_t)o->captures,
		"failed", (json_int_t)p->failures, "interrupted", p->interrupted);
}

static int run(const struct replay_options *o, const struct settings *settings,
	struct collector *collector)
{
	char title[512];
	struct replay p = {
		.ruleset = collector->ruleset,
		.settings = settings,
		.capture = o->capture,
		.captures = o->captures,
		.workers = o->workers,
		.take = collector_add,
		.context = collector,
		.mirror = &collector->mirror,
	};
	struct collector_result result;
	int status, error = replay_run(&p);

	if (error < 0) {
		fprintf(stderr, "portolan: replay: %s\n", strerror(-error));
		return FAILED;
	}
	if (p.interrupted)
		fputs("portolan: replay: interrupted; what was read before counts\n", stderr);
	title_of(o, title, sizeof(title));
	result = (struct collector_result){
		p.counters, p.start_ns, p.end_ns, title, captures_json(o, &p)};
	status = collector_close(collector, &result);
	if (p.failures || p.interrupted)
		status = FAILED;
	if (status == DONE && o->fail_on_flagged && has_flagged(&p.counters))
		status = FLAGGED;
	return status;
}

int replay(const struct replay_options *o)
{
	struct settings *settings = NULL;
	struct ruleset *ruleset = ruleset_open_site("replay", o->site, &settings);
	struct collector collector;
	int status;

	if (!ruleset)
		return MISUSED;
	status = collector_open(&collector, ruleset, settings, &o->collector);
	if (status == DONE)
		status = run(o, settings, &collector);
	collector_fini(&collector);
	ruleset_close(ruleset);
	settings_free(settings);
	return status;
}
