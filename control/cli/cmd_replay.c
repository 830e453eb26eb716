/* `portolan replay`: classifies captures with a site's ruleset; writes records, events, accounting
 * and a summary (DESIGN 8).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/errors.h"
#include "base/literal.h"
#include "base/plain_text.h"
#include "cli/cli.h"
#include "config/settings.h"
#include "policy/open_site.h"
#include "policy/ruleset.h"
#include "report/report_file.h"
#include "run/collector.h"
#include "run/interrupt.h"
#include "run/replay.h"

struct replay_options {
	const char *site;
	const char *const *capture;
	size_t captures;
	unsigned workers;
	struct collector_options collector;
	const char *report; /* or NULL */
	struct interrupt *interrupt;
	bool fail_on_flagged;
};

static void title_of(const struct replay_options *o, char *title, size_t bytes)
{
	if (o->captures > 1)
		snprintf(title, bytes, "%zu captures", o->captures);
	else
		snprintf(title, bytes, "%s",
			strcmp(o->capture[0], "-") == 0 ? "standard input" : o->capture[0]);
	plain_text(title);
}

static json_t *captures_json(const struct replay_options *o, const struct replay *p)
{
	return json_pack("{s:{s:I, s:I, s:b}}", "captures", "given", (json_int_t)o->captures,
		"failed", (json_int_t)p->failures, "interrupted", p->interrupted);
}

/* The first minute is that of the first packet. */
static void tell_minute(void *context, const struct counters *c, uint64_t start_ns, uint64_t now_ns)
{
	struct collector *collector = context;

	collector_minute(collector, c, collector->store.minute_ns ? now_ns : start_ns, 0);
}

static int run_captures(const struct replay_options *o, const struct settings *settings,
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
		.expect = collector_expect,
		.idle = collector_tell,
		.minute = collector->store.store ? tell_minute : NULL,
		.context = collector,
		.mirror = &collector->mirror,
		.evidence = collector->evidence ? &settings->evidence : NULL,
		.take_packet = collector_add_packet,
	};
	struct collector_result result;
	int status, error;

	title_of(o, title, sizeof(title));
	status = collector_start_store(collector, title, 0);
	if (status != EXIT_DONE)
		return status;
	error = replay_run(&p);
	if (error < 0) {
		errors_say("replay: %s", strerror(-error));
		return EXIT_FAILED;
	}
	if (p.interrupted)
		fputs("portolan: replay: interrupted; what was read before counts\n", stderr);
	interrupt_doing(o->interrupt, "writing what was found");
	result = (struct collector_result){.counters = p.counters,
		.start_ns = p.start_ns,
		.end_ns = p.end_ns,
		.title = title,
		.is_nothing = p.failures > 0 && p.counters.frames == 0,
		.more = captures_json(o, &p)};
	status = collector_close(collector, &result);
	if (p.failures || p.interrupted)
		status = EXIT_FAILED;
	if (status == EXIT_DONE && o->fail_on_flagged && result.has_findings)
		status = EXIT_FLAGGED;
	return status;
}

/* Returns the command's exit status. */
static int replay_site(const struct replay_options *o)
{
	struct settings *settings = NULL;
	struct ruleset *ruleset = ruleset_open_site("replay", o->site, &settings);
	struct collector collector;
	int status;

	if (!ruleset)
		return EXIT_MISUSED;
	status = collector_open(&collector, ruleset, settings, &o->collector);
	if (status == EXIT_DONE)
		status = run_captures(o, settings, &collector);
	collector_fini(&collector);
	ruleset_close(ruleset);
	settings_free(settings);
	return status;
}

/* A report is made of a store: the one that was asked for, or one that goes with it. */
static int replay_with_report(const struct replay_options *asked)
{
	struct replay_options o = *asked;
	struct report_file file;
	int error = report_file_open(&file, o.report, o.collector.store), status;

	if (error < 0) {
		errors_say("%s: %s", o.report, strerror(-error));
		return EXIT_FAILED;
	}
	if (!o.collector.store)
		o.collector.store = file.folder;
	status = replay_site(&o);
	if (status != EXIT_MISUSED) {
		interrupt_doing(o.interrupt, "writing the report");
		error = report_file_write(&file, asked->collector.store);
		if (error < 0) {
			errors_say("%s: not written: %s", asked->report, strerror(-error));
			status = EXIT_FAILED;
		}
	}
	report_file_close(&file);
	return status;
}

/* --- command --- */

enum { SITE, WORKERS, FLOWS, EVENTS, STATS, STORE, LEARN, EVIDENCE, REPORT, ALL, FAIL_ON };

static const struct cli_option options[] = {
	[SITE] = {"site", "FILE", "the deployment: profile, appliances, features (required)", NULL},
	[WORKERS] = {"workers", "N",
		"classify with N threads; the result is the same for every N (1)", NULL},
	[FLOWS] = {"flows", "FILE", "write a JSON line for every monitored flow at its end", NULL},
	[EVENTS] = {"events", "FILE", "write a JSON line for every finding as it is made", NULL},
	[STATS] = {"stats", "FILE", "write the accounting as one JSON object", NULL},
	[STORE] = {"store", "DIR", "remember it in the event store DIR, for portolan triage", NULL},
	[LEARN] = {"learn", "TIME",
		"say what is new, silent or regular after that long: 1d, 7d (needs --store)", NULL},
	[REPORT] = {"report", "FILE", "write a page of HTML that travels with a ticket", NULL},
	[EVIDENCE] = {"evidence", "DIR", "write the packets of findings to pcapng files in DIR",
		NULL},
	[ALL] = {"all", NULL, "the whole summary: nothing left out or shortened", NULL},
	[FAIL_ON] = {"fail-on", "WHAT", "exit with status 3 if there is any; WHAT is: flagged",
		"flagged"},
	{0},
};

static int run(const struct cli_request *r)
{
	struct interrupt interrupt;
	struct replay_options o;
	uint64_t learn_ns = 0;
	long workers = 1;
	int status;

	if (r->value[WORKERS])
		workers = cli_number("replay", "workers", r->value[WORKERS], 1, REPLAY_WORKERS_MAX);
	if (workers < 0)
		return EXIT_MISUSED;
	if (r->value[LEARN] && (literal_duration_ns(r->value[LEARN], &learn_ns) < 0 || !learn_ns))
		return cli_misuse("replay",
			"--learn: found '%s'; want a time such as 12h, 1d or 7d", r->value[LEARN]);
	if (learn_ns && !r->value[STORE] && !r->value[REPORT])
		return cli_misuse("replay", "--learn needs --store DIR or --report FILE");
	o = (struct replay_options){
		.workers = (unsigned)workers,
		.site = r->value[SITE],
		.capture = r->argument,
		.captures = r->arguments,
		.collector = {.flows = r->value[FLOWS],
			.events = r->value[EVENTS],
			.stats = r->value[STATS],
			.store = r->value[STORE],
			.evidence = r->value[EVIDENCE],
			.learn_ns = learn_ns,
			.shows_all = r->value[ALL] != NULL,
			.extends = false,
			.progress = &interrupt.progress},
		.report = r->value[REPORT],
		.interrupt = &interrupt,
		.fail_on_flagged = r->value[FAIL_ON] != NULL,
	};
	interrupt_begin(&interrupt, "replay");
	status = o.report ? replay_with_report(&o) : replay_site(&o);
	interrupt_end(&interrupt);
	return status;
}

const struct cli_command cli_replay = {
	.name = "replay",
	.summary = "classify captures and say what is not allowed",
	.arguments = "CAPTURE…",
	.arguments_min = 1,
	.arguments_max = SIZE_MAX,
	.description = "Classifies pcap and pcapng files, several as one stream in the order "
		       "given; '-' reads\n"
		       "standard input. A summary for people goes to standard output; where an "
		       "option below\n"
		       "says '-', which is standard output too, the summary goes to standard "
		       "error. A capture\n"
		       "that is broken is said, and what was read of it counts; the exit status is "
		       "then 1.",
	.options = options,
	.run = run,
};
