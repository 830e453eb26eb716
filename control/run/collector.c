#include "run/collector.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/mirror_json.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/terminal.h"
#include "config/settings.h"
#include "policy/ruleset.h"
#include "record/stats.h"
#include "report/summary.h"
#include "sink/sinks.h"

static bool is_of_this_ruleset(const struct collector *l, const struct record *r)
{
	return r->generation == (uint16_t)l->ruleset->policy->generation || !l->previous.ruleset;
}

static void take_live(struct collector *l, const struct record *r)
{
	deployment_take(&l->deployment, r);
	mirror_report_add_live(&l->dump, r);
	if (l->live_flow_callback)
		l->live_flow_callback(l->live_flow_context, r);
}

static void take(struct collector *l, const struct record *r)
{
	switch (r->kind) {
	case RECORD_FLAGGED:
		alerts_add(&l->events, r);
		break;
	case RECORD_LIVE:
		take_live(l, r);
		break;
	default:
		usage_add(&l->usage, r);
		deployment_take(&l->deployment, r);
	}
}

static void write_flow(struct collector *l, const struct ecs *ecs, const struct record *r)
{
	struct sinks *sinks = l->events.sinks;
	bool is_written = l->flow_lines.file && l->flow_lines.error == 0;
	struct event_words words;
	struct event v;

	if (r->kind != RECORD_ENDED || (!is_written && !sinks_want_flows(sinks)))
		return;
	event_of_record(&v, ecs, r, &words);
	ecs_render(&v, ecs, &l->flow_json);
	sinks_send(sinks, &v);
	if (is_written)
		json_lines_write(&l->flow_lines, v.json, v.json_bytes);
}

/* Written in the words of its own ruleset, counted with what it is in the ruleset in force. What
 * has no place there is no finding of it; an alert is written by itself. */
static void take_previous(struct collector *l, const struct record *r)
{
	struct record now = *r;

	if (remap_record(&l->previous.remap, &now))
		take(l, &now);
	else if (r->kind == RECORD_FLAGGED)
		alerts_write(&l->events, &l->previous.ecs, r);
	write_flow(l, &l->previous.ecs, r);
}

void collector_add(void *context, const struct record *r)
{
	struct collector *l = context;

	if (!is_of_this_ruleset(l, r)) {
		take_previous(l, r);
		return;
	}
	take(l, r);
	write_flow(l, &l->ecs, r);
}

/* --- dumps ---------------------------------------------------------------------------- */

void collector_begin_dump(struct collector *l)
{
	mirror_report_clear(&l->dump);
	deployment_begin_dump(&l->deployment);
}

void collector_end_dump(struct collector *l)
{
	struct mirror_report fresh = l->dump;

	l->dump = l->mirror;
	l->mirror = fresh;
}

void collector_evaluate(struct collector *l, const struct counters *c, uint64_t now_ns)
{
	struct deployment_view view = {
		.exposures = &l->usage.exposures,
		.now_ns = now_ns,
		.in_doubt = mirror_report_is_in_doubt(&l->mirror, c),
	};

	deployment_evaluate(&l->deployment, &view);
}

/* --- another ruleset ------------------------------------------------------------------- */

static bool has_same_profile(const struct ruleset *a, const struct ruleset *b)
{
	return strcmp(a->profile, b->profile) == 0;
}

/* The other profiles are the same ones, unless another one is in use. */
static void change_other_profiles(struct collector *l, const struct ruleset *ruleset)
{
	if (has_same_profile(l->ruleset, ruleset)) {
		l->other_profiles.in_use = ruleset;
		return;
	}
	l->previous.other_profiles = l->other_profiles;
	l->previous.ecs.other_profiles = &l->previous.other_profiles;
	other_profiles_open(&l->other_profiles, ruleset);
}

static void change_ruleset(struct collector *l, const struct ruleset *ruleset, struct remap remap)
{
	l->previous =
		(struct collector_previous){.ruleset = l->ruleset, .ecs = l->ecs, .remap = remap};
	change_other_profiles(l, ruleset);
	l->ruleset = ruleset;
	l->ecs.ruleset = ruleset;
}

static void replace_report(struct mirror_report *old, struct mirror_report *fresh)
{
	fresh->interface = old->interface;
	fresh->interfaces = old->interfaces;
	mirror_report_fini(old);
	*old = *fresh;
}

int collector_reload(struct collector *l, const struct ruleset *ruleset, struct remap remap)
{
	struct mirror_report mirror, dump;
	int error = mirror_report_init(&mirror, ruleset, l->mirror.deduplicates);

	assert(!l->previous.ruleset);
	if (error < 0)
		return error;
	error = mirror_report_init(&dump, ruleset, l->mirror.deduplicates);
	if (error < 0) {
		mirror_report_fini(&mirror);
		return error;
	}
	alerts_close_window(&l->events);
	change_ruleset(l, ruleset, remap);
	replace_report(&l->mirror, &mirror);
	replace_report(&l->dump, &dump);
	usage_reload(&l->usage, &l->previous.remap);
	if (deployment_reload(&l->deployment, &l->previous.remap) < 0)
		log_say(LOG_LEVEL_WARNING,
			"no memory to hand channels and use down: they are not followed any more");
	return 0;
}

void collector_forget_previous(struct collector *l)
{
	if (!l->previous.ruleset)
		return;
	other_profiles_close(&l->previous.other_profiles);
	remap_close(&l->previous.remap);
	l->previous = (struct collector_previous){.ruleset = NULL};
}

static int open_lines(struct json_lines *lines, const char *path)
{
	int error = path ? json_lines_open(lines, path) : 0;

	if (error < 0) {
		fprintf(stderr, "portolan: %s: %s\n", path, strerror(-error));
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

static int close_lines(struct json_lines *lines)
{
	int error = json_lines_close(lines);

	if (error < 0)
		fprintf(stderr, "portolan: %s: not all was written: %s\n", json_lines_name(lines),
			strerror(-error));
	return error < 0 ? EXIT_FAILED : EXIT_DONE;
}

static void write_event(void *context, struct event *v)
{
	alerts_write_event(&((struct collector *)context)->events, v);
}

int collector_open(struct collector *l, const struct ruleset *ruleset,
	const struct settings *settings, const struct collector_options *options)
{
	int status;

	*l = (struct collector){.options = options, .ruleset = ruleset};
	gethostname(l->host, sizeof(l->host) - 1);
	other_profiles_open(&l->other_profiles, ruleset);
	l->ecs = (struct ecs){
		.ruleset = ruleset, .other_profiles = &l->other_profiles, .observer = l->host};
	alerts_init(&l->events, &l->ecs, options->events ? &l->event_lines : NULL,
		settings->outputs.window_ns);
	usage_init(&l->usage, &l->ecs);
	if (mirror_report_init(&l->mirror, ruleset, settings->capture.deduplicate) < 0 ||
		mirror_report_init(&l->dump, ruleset, settings->capture.deduplicate) < 0 ||
		deployment_init(&l->deployment, &l->ecs) < 0) {
		fputs("portolan: no more memory\n", stderr);
		return EXIT_FAILED;
	}
	l->deployment.listener = write_event;
	l->deployment.context = l;
	status = open_lines(&l->flow_lines, options->flows);
	if (status == EXIT_DONE)
		status = open_lines(&l->event_lines, options->events);
	/* At once, though it is written at the end: by then there may be no right to, and who
	 * asked for it should know before the hours that it takes. */
	return status == EXIT_DONE ? open_lines(&l->stats_lines, options->stats) : status;
}

void collector_begin(struct collector *l, uint64_t now_ns)
{
	l->deployment.correlations.start_ns = now_ns;
	l->deployment.is_watched = true;
}

void collector_name_interfaces(struct collector *l, const char *const *name, size_t names)
{
	l->ecs.interface = name;
	l->ecs.interfaces = names;
	l->mirror.interface = l->dump.interface = name;
	l->mirror.interfaces = l->dump.interfaces = names;
}

static int write_stats(struct collector *l, const struct collector_result *result)
{
	json_t *stats;
	char *text;

	if (!l->options->stats)
		return EXIT_DONE;
	stats = stats_json(&result->counters);
	json_object_update_new(json_object_get(stats, "events"),
		json_pack("{s:I, s:I}", "alerts", (json_int_t)l->events.alerts, "coalesced",
			(json_int_t)l->events.coalesced));
	if (l->events.sinks)
		json_object_set_new(
			json_object_get(stats, "events"), "sinks", sinks_states(l->events.sinks));
	json_object_set_new(stats, "mirror", mirror_report_json(&l->mirror, &result->counters));
	json_object_set_new(stats, "profile", json_string(l->ruleset->profile));
	json_object_set_new(stats, "policy", json_string(l->ruleset->hash));
	if (result->more)
		json_object_update(stats, result->more);
	text = json_dumps(stats, JSON_COMPACT);
	json_lines_write(&l->stats_lines, text, text ? strlen(text) : 0);
	free(text);
	json_decref(stats);
	return close_lines(&l->stats_lines);
}

static bool is_stdout(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

/* Records for programs and words for people do not share a pipe. */
static int print_summary(struct collector *l, const struct collector_result *result)
{
	const struct collector_options *o = l->options;
	int taken = is_stdout(o->flows) || is_stdout(o->events) || is_stdout(o->stats) ||
		    sinks_use_stdout(l->events.sinks);
	FILE *out = taken ? stderr : stdout;
	struct terminal_style style = terminal_style_of(terminal_wants_colour(out));
	struct summary_input in = {
		.title = result->title,
		.counters = &result->counters,
		.mirror = &l->mirror,
		.deployment = &l->deployment,
		.start_ns = result->start_ns,
		.end_ns = result->end_ns,
	};
	int error;

	summary_print(&l->usage, &in, &style, out);
	error = stream_flush(out);
	if (error == 0)
		return EXIT_DONE;
	fprintf(stderr, "portolan: standard output: %s\n", strerror(-error));
	return EXIT_FAILED;
}

int collector_close(struct collector *l, struct collector_result *result)
{
	int status = EXIT_DONE;

	if (!l->deployment.is_watched)
		l->deployment.correlations.start_ns = result->start_ns;
	collector_evaluate(l, &result->counters, result->end_ns);
	alerts_tick(&l->events, UINT64_MAX);
	sinks_finish(l->events.sinks);
	if (!stats_balance(&result->counters)) {
		fputs("portolan: the accounting does not add up; please report this\n", stderr);
		status = EXIT_FAILED;
	}
	status |= close_lines(&l->flow_lines);
	status |= close_lines(&l->event_lines);
	status |= write_stats(l, result);
	status |= print_summary(l, result);
	json_decref(result->more);
	result->more = NULL;
	return status;
}

void collector_fini(struct collector *l)
{
	if (!l->options)
		return;
	json_lines_close(&l->flow_lines);
	json_lines_close(&l->event_lines);
	json_lines_close(&l->stats_lines);
	buffer_fini(&l->flow_json);
	collector_forget_previous(l);
	usage_fini(&l->usage);
	mirror_report_fini(&l->mirror);
	mirror_report_fini(&l->dump);
	deployment_fini(&l->deployment);
	alerts_fini(&l->events);
	other_profiles_close(&l->other_profiles);
}
