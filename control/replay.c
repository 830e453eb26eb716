#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "accounting.h"
#include "chart.h"
#include "complaint.h"
#include "events.h"
#include "nearest.h"
#include "passage.h"
#include "style.h"
#include "summary.h"

enum { DONE = 0, FAILED = 1, MISUSED = 2, FLAGGED = 3 };

#define HOST_BYTES 256

struct replay {
	const struct replay_options *options;
	struct chart *chart;
	struct atlas atlas;
	struct ecs ecs;
	struct json_lines flow_lines, event_lines;
	struct events events;
	struct summary summary;
	struct passage passage;
	char host[HOST_BYTES];
};

static void take(void *context, const struct record *r)
{
	struct replay *rp = context;

	if (r->kind == RECORD_FLAGGED) {
		events_take(&rp->events, r);
		return;
	}
	summary_take(&rp->summary, r);
	if (rp->flow_lines.file && rp->flow_lines.error == 0)
		json_lines_write(&rp->flow_lines, ecs_flow(&rp->ecs, r));
}

/* Without an inventory everything would be unmonitored, and "nothing flagged" a lie. */
static int open_chart(struct replay *rp)
{
	struct complaint complaint = {0};

	if (!rp->options->site) {
		fputs("portolan: replay: no site: who are the appliances? Get a proposal with\n"
		      "  portolan discover CAPTURE > site.yaml\n"
		      "read it, correct it, then: portolan replay --site site.yaml CAPTURE\n",
		        stderr);
		return MISUSED;
	}
	if (chart_open(&rp->chart, rp->options->site, NULL, &complaint) < 0) {
		complaint_print(&complaint, stderr);
		return MISUSED;
	}
	for (size_t i = 0; i < rp->chart->warnings; i++)
		fprintf(stderr, "portolan: warning: %s\n", rp->chart->warning[i]);
	if (rp->chart->appliances == 0) {
		fprintf(stderr,
		        "portolan: %s: no appliances: nothing would be monitored; "
		        "portolan discover CAPTURE proposes some\n",
		        rp->options->site);
		return MISUSED;
	}
	return DONE;
}

static int open_lines(struct json_lines *lines, const char *path)
{
	int error = path ? json_lines_open(lines, path) : 0;

	if (error < 0) {
		fprintf(stderr, "portolan: %s: %s\n", path, strerror(-error));
		return FAILED;
	}
	return DONE;
}

static int close_lines(struct json_lines *lines)
{
	int error = json_lines_close(lines);

	if (error < 0)
		fprintf(stderr, "portolan: %s: not all was written: %s\n", json_lines_name(lines),
		        strerror(-error));
	return error < 0 ? FAILED : DONE;
}

static json_t *stats_of(const struct replay *rp)
{
	json_t *stats = accounting_json(&rp->passage.counters);

	json_object_set_new(stats, "events",
	        json_pack("{s:I, s:I}", "alerts", (json_int_t)rp->events.alerts, "coalesced",
	                (json_int_t)rp->events.coalesced));
	json_object_set_new(stats, "captures",
	        json_pack("{s:I, s:I, s:b}", "given", (json_int_t)rp->options->captures, "failed",
	                (json_int_t)rp->passage.failures, "interrupted", rp->passage.interrupted));
	json_object_set_new(stats, "profile", json_string(rp->chart->profile));
	json_object_set_new(stats, "policy", json_string(rp->chart->hash));
	return stats;
}

static int write_stats(const struct replay *rp)
{
	struct json_lines lines = {0};
	int status = open_lines(&lines, rp->options->stats);

	if (!rp->options->stats || status != DONE)
		return status;
	json_lines_write(&lines, stats_of(rp));
	return close_lines(&lines);
}

static bool is_stdout(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

/* Records for programs and words for people do not share a pipe. */
static int print_summary(struct replay *rp)
{
	const struct replay_options *o = rp->options;
	FILE *out = is_stdout(o->flows) || is_stdout(o->events) || is_stdout(o->stats) ? stderr
	                                                                               : stdout;
	struct style style = style_of(style_wants_colour(out));
	char title[512];
	struct summary_input in = {
	        .title = title,
	        .counters = &rp->passage.counters,
	        .start_ns = rp->passage.start_ns,
	        .end_ns = rp->passage.end_ns,
	};

	snprintf(title, sizeof(title), "%s",
	        is_stdout(o->capture[0]) ? "standard input" : o->capture[0]);
	if (o->captures > 1)
		snprintf(title, sizeof(title), "%zu captures", o->captures);
	summary_print(&rp->summary, &in, &style, out);
	if (fflush(out) == EOF || ferror(out)) {
		fprintf(stderr, "portolan: standard output: %s\n", strerror(errno));
		return FAILED;
	}
	return DONE;
}

static int has_flagged(const struct counters *c)
{
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		if (verdict_is_flagged((enum verdict)v) && c->verdict_packets[v] > 0)
			return 1;
	return 0;
}

static int worse(int a, int b)
{
	return a > b ? a : b;
}

static int run(struct replay *rp)
{
	int status = DONE, error = passage_run(&rp->passage);

	if (error < 0) {
		fprintf(stderr, "portolan: replay: %s\n", strerror(-error));
		return FAILED;
	}
	events_tick(&rp->events, UINT64_MAX);
	if (!accounting_holds(&rp->passage.counters)) {
		fputs("portolan: replay: the accounting does not add up; please report this\n",
		        stderr);
		status = FAILED;
	}
	if (rp->passage.interrupted)
		fputs("portolan: replay: interrupted; what was read before counts\n", stderr);
	if (rp->passage.failures || rp->passage.interrupted)
		status = FAILED;
	status = worse(status, close_lines(&rp->flow_lines));
	status = worse(status, close_lines(&rp->event_lines));
	status = worse(status, write_stats(rp));
	status = worse(status, print_summary(rp));
	if (status == DONE && rp->options->fail_on_flagged && has_flagged(&rp->passage.counters))
		status = FLAGGED;
	return status;
}

int replay(const struct replay_options *options)
{
	struct replay rp = {.options = options};
	int status = open_chart(&rp);

	if (status == DONE)
		status = open_lines(&rp.flow_lines, options->flows);
	if (status == DONE)
		status = open_lines(&rp.event_lines, options->events);
	if (status == DONE) {
		gethostname(rp.host, sizeof(rp.host) - 1);
		atlas_open(&rp.atlas, rp.chart);
		rp.ecs = (struct ecs){rp.chart, &rp.atlas, rp.host};
		rp.passage = (struct passage){
		        .chart = rp.chart,
		        .capture = options->capture,
		        .captures = options->captures,
		        .take = take,
		        .context = &rp,
		};
		events_init(&rp.events, &rp.ecs, options->events ? &rp.event_lines : NULL);
		summary_init(&rp.summary, &rp.ecs);
		status = run(&rp);
		summary_fini(&rp.summary);
		events_fini(&rp.events);
	}
	json_lines_close(&rp.flow_lines);
	json_lines_close(&rp.event_lines);
	atlas_close(&rp.atlas);
	chart_close(rp.chart);
	return status;
}
