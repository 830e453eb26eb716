#include "run/collector.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/mirror_json.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/fold.h"
#include "base/log.h"
#include "base/terminal.h"
#include "config/settings.h"
#include "policy/ruleset.h"
#include "record/stats.h"
#include "report/summary.h"
#include "run/baseline_output.h"
#include "run/evidence_output.h"
#include "sink/sinks.h"
#include "store/baseline.h"

static void take_live(struct collector *c, const struct record *r)
{
	alerts_add(&c->events, r);
	deployment_take(&c->deployment, r);
	mirror_report_add_live(&c->dump, r);
	if (c->live_flow_callback)
		c->live_flow_callback(c->live_flow_context, r);
}

static void take(struct collector *c, const struct record *r)
{
	switch (r->kind) {
	case RECORD_FLAGGED:
	case RECORD_WITHDRAWN:
		alerts_add(&c->events, r);
		break;
	case RECORD_EVASION:
		alerts_add(&c->events, r);
		usage_add_evasion(&c->usage, r);
		break;
	case RECORD_LIVE:
		take_live(c, r);
		break;
	case RECORD_CERTIFICATE:
		deployment_take(&c->deployment, r);
		break;
	default:
		alerts_add(&c->events, r);
		usage_add(&c->usage, r);
		deployment_take(&c->deployment, r);
	}
}

static __attribute__((noinline)) void render_flow(
	struct collector *c, const struct ecs *ecs, const struct record *r)
{
	struct event_words words;
	struct event v;

	event_of_record(&v, ecs, r, &words);
	ecs_render(&v, ecs, &c->flow_json);
	sinks_send(c->events.sinks, &v);
	if (c->flow_lines.is_open)
		json_lines_write(&c->flow_lines, v.json, v.json_bytes);
}

/* By itself, since the compiler clears what render_flow() has on its stack. */
static void write_flow(struct collector *c, const struct ecs *ecs, const struct record *r)
{
	bool is_wanted = c->flow_lines.is_open || sinks_want_flows(c->events.sinks);

	if (r->kind == RECORD_ENDED && is_wanted)
		render_flow(c, ecs, r);
}

/* Writes the flow with the texts of the former ruleset, and counts it in the current one. A flow
 * that does not exist there is not counted; its alert is written by itself. */
static void take_previous(struct collector *c, const struct record *r)
{
	struct record now = *r;

	if (remap_record(&c->previous.remap, &now)) {
		take(c, &now);
		store_feed_record(&c->store, &c->ecs, &now);
		evidence_output_note(c->evidence, &c->events, &now);
	} else if (r->kind == RECORD_FLAGGED || r->kind == RECORD_EVASION) {
		alerts_write(&c->events, &c->previous.ecs, r);
	}
	write_flow(c, &c->previous.ecs, r);
}

void collector_expect(void *context, const struct record *r)
{
	struct collector *c = context;

	alerts_expect(&c->events, r);
	evidence_output_expect(c->evidence, r);
}

void collector_add(void *context, const struct record *r)
{
	struct collector *c = context;

	if (c->previous.ruleset && r->generation != (uint16_t)c->ruleset->policy->generation) {
		take_previous(c, r);
		return;
	}
	take(c, r);
	store_feed_record(&c->store, &c->ecs, r);
	evidence_output_note(c->evidence, &c->events, r);
	write_flow(c, &c->ecs, r);
}

void collector_add_packet(void *context, const struct evidence_packet *p)
{
	evidence_files_add(((struct collector *)context)->evidence, p);
}

/* A pipe whose reader is slow is no failure. */
static void tell(struct json_lines *lines)
{
	int now = json_lines_flush(lines);

	now = now == -EAGAIN ? 0 : now;
	if (lines->mode != JSON_LINES_EXTEND || now == lines->told_error)
		return;
	lines->told_error = now;
	if (now < 0)
		log_say(LOG_LEVEL_ERROR, "%s: %s; will be tried again", json_lines_name(lines),
			strerror(-now));
	else
		log_say(LOG_LEVEL_NOTICE, "%s: is written again; %llu records were lost",
			json_lines_name(lines), (unsigned long long)lines->lost);
}

void collector_tell(void *context)
{
	struct collector *c = context;

	tell(&c->flow_lines);
	tell(&c->event_lines);
	store_flush(c->store.store);
	/* In a replay packets have the only clock. */
	if (c->evidence)
		evidence_files_flush(c->evidence, c->options->extends ? clock_wall_ns() : 0);
}

static void reopen(struct json_lines *lines)
{
	int error = json_lines_reopen(lines);

	if (error < 0)
		log_say(LOG_LEVEL_ERROR, "%s: cannot be opened again: %s", json_lines_name(lines),
			file_place_error(error));
}

void collector_reopen(struct collector *c)
{
	collector_tell(c);
	reopen(&c->flow_lines);
	reopen(&c->event_lines);
}

/* --- dumps ---------------------------------------------------------------------------- */

void collector_begin_dump(struct collector *c)
{
	mirror_report_clear(&c->dump);
	deployment_begin_dump(&c->deployment);
	store_feed_begin_dump(&c->store);
}

void collector_end_dump(struct collector *c)
{
	struct mirror_report fresh = c->dump;

	c->dump = c->mirror;
	c->mirror = fresh;
}

void collector_evaluate(struct collector *c, const struct counters *counters, uint64_t now_ns)
{
	struct deployment_view view = {
		.exposures = &c->usage.exposures,
		.now_ns = now_ns,
		.in_doubt = mirror_report_is_in_doubt(&c->mirror, counters),
	};

	deployment_evaluate(&c->deployment, &view);
}

/* --- reload ---------------------------------------------------------------------------- */

/* The other profiles stay the same unless the profile in use changes. */
static void change_other_profiles(struct collector *c, const struct ruleset *ruleset)
{
	if (strcmp(c->ruleset->profile, ruleset->profile) == 0) {
		c->other_profiles.in_use = ruleset;
		return;
	}
	c->previous.other_profiles = c->other_profiles;
	c->previous.ecs.other_profiles = &c->previous.other_profiles;
	other_profiles_open(&c->other_profiles, ruleset);
}

static void change_ruleset(struct collector *c, const struct ruleset *ruleset, struct remap remap)
{
	c->previous =
		(struct collector_previous){.ruleset = c->ruleset, .ecs = c->ecs, .remap = remap};
	change_other_profiles(c, ruleset);
	c->ruleset = ruleset;
	c->ecs.ruleset = ruleset;
}

static void replace_report(struct mirror_report *old, struct mirror_report *fresh)
{
	fresh->interface = old->interface;
	fresh->interfaces = old->interfaces;
	mirror_report_fini(old);
	*old = *fresh;
}

int collector_reload(struct collector *c, const struct ruleset *ruleset, struct remap remap)
{
	struct mirror_report mirror, dump;
	int error = mirror_report_init(&mirror, ruleset, c->mirror.deduplicates);

	assert(!c->previous.ruleset);
	if (error < 0)
		return error;
	error = mirror_report_init(&dump, ruleset, c->mirror.deduplicates);
	if (error < 0) {
		mirror_report_fini(&mirror);
		return error;
	}
	alerts_reload(&c->events, &remap);
	change_ruleset(c, ruleset, remap);
	replace_report(&c->mirror, &mirror);
	replace_report(&c->dump, &dump);
	usage_reload(&c->usage, &c->previous.remap);
	if (deployment_reload(&c->deployment, &c->previous.remap) < 0)
		log_say(LOG_LEVEL_WARNING,
			"no memory to hand channels and use down: they are not followed any more");
	store_feed_policy(&c->store, ruleset, clock_wall_ns());
	return 0;
}

void collector_forget_previous(struct collector *c)
{
	if (!c->previous.ruleset)
		return;
	store_feed_forget_previous(&c->store);
	other_profiles_close(&c->previous.other_profiles);
	remap_close(&c->previous.remap);
	c->previous = (struct collector_previous){.ruleset = NULL};
}

static int open_lines(struct json_lines *lines, const char *path, enum json_lines_mode mode)
{
	int error = path ? json_lines_open(lines, path, mode) : 0;

	if (error < 0) {
		errors_say("%s: %s", path, file_place_error(error));
		return EXIT_FAILED;
	}
	if (path && lines->cut_bytes)
		errors_say("%s: half a record at its end was removed", path);
	return EXIT_DONE;
}

static int open_evidence(struct collector *c, const struct evidence_settings *settings)
{
	const char *folder = c->options->evidence  ? c->options->evidence
			     : c->options->extends ? settings->path
						   : NULL;
	int error = folder ? evidence_files_open(&c->evidence, folder, settings) : 0;

	if (error == 0 && c->evidence) {
		c->store.evidence = realpath(folder, NULL);
		evidence_files_listen(c->evidence, store_feed_place, &c->store);
	}
	if (error == 0)
		return EXIT_DONE;
	errors_say("%s: %s", folder, file_place_error(error));
	return EXIT_FAILED;
}

static int finish_evidence(struct collector *c)
{
	int error = c->evidence ? evidence_files_finish(c->evidence) : 0;

	if (error < 0)
		errors_say("evidence: not all was written: %s", strerror(-error));
	return error < 0 ? EXIT_FAILED : EXIT_DONE;
}

static int close_lines(struct json_lines *lines)
{
	int error = json_lines_close(lines);

	if (error < 0 && error != -EPIPE)
		errors_say("%s: not all was written: %s", json_lines_name(lines), strerror(-error));
	return error < 0 ? EXIT_FAILED : EXIT_DONE;
}

static int open_store(struct collector *c, const struct settings *settings)
{
	struct feed_config config = {
		.folder = c->options->store ? c->options->store : settings->store.path,
		.settings = settings,
		.is_replay = !c->options->extends,
		.learn_ns = c->options->learn_ns,
		.progress = c->options->progress,
	};

	if (!c->options->store && config.is_replay) /* the site's is the sensor's */
		config.folder = NULL;
	c->store.alerts = &c->events;
	c->store.channels = &c->deployment.channels;
	if (!config.folder)
		return EXIT_DONE;
	if (store_feed_open(&c->store, &config) < 0)
		return EXIT_FAILED;
	c->events.listener = store_feed_event;
	c->events.context = &c->store;
	if (c->store.unclean)
		log_say(LOG_LEVEL_WARNING,
			"store %s: the last run did not end by itself: it was killed, "
			"or the machine went down",
			config.folder);
	return EXIT_DONE;
}

static void tell_meant(
	void *context, const struct record *meant, const char reason[CHANNEL_CAUSE_BYTES])
{
	struct collector *c = context;

	store_feed_meant(&c->store, &c->ecs, meant, reason);
}

int collector_start_store(struct collector *c, const char *title, uint64_t began_ns)
{
	struct stored_run run = {.kind = c->options->extends ? "run" : "replay",
		.title = title,
		.began_ns = began_ns};
	int error = store_feed_recall(&c->store, &c->deployment.channels);

	channels_listen_meant(&c->deployment.channels, tell_meant, c);
	if (error == 0 && c->store.store)
		error = store_start(c->store.store);
	if (error < 0) {
		errors_say("store: %s", strerror(-error));
		return EXIT_FAILED;
	}
	store_feed_begin(&c->store, &c->ecs, &run);
	return EXIT_DONE;
}

/* Sinks whose state is another one than the store has. */
static void store_sinks(struct collector *c, uint64_t now_ns)
{
	json_t *states, *sink;
	size_t i;

	if (!c->store.store || !c->events.sinks)
		return;
	if (!c->sinks_told)
		c->sinks_told = json_object();
	states = sinks_states(c->events.sinks);
	json_array_foreach(states, i, sink)
	{
		const char *name = json_string_value(json_object_get(sink, "name"));
		json_t *state = json_object_get(sink, "state");
		if (!name || json_equal(json_object_get(c->sinks_told, name), state))
			continue;
		json_object_set(c->sinks_told, name, state);
		store_sink(c->store.store,
			&(struct stored_sink){name, json_string_value(state), now_ns,
				(uint64_t)json_integer_value(json_object_get(sink, "delivered")),
				(uint64_t)json_integer_value(json_object_get(sink, "dropped"))});
	}
	json_decref(states);
}

/* What the last question found; what comes of the next one is told a minute later. */
static void tell_baseline(struct collector *c, uint64_t now_ns)
{
	struct baseline_finding *found = store_take_baseline(c->store.store, false);

	baseline_output_write(&c->events, &c->ecs, found);
	baseline_findings_free(found);
	store_ask_baseline(c->store.store, now_ns);
}

/* All that a capture has, before its store is closed: more than one evaluation finds comes with the
 * next one, which knows by the store what was told. */
static void tell_baseline_of_capture(struct collector *c, uint64_t end_ns)
{
	struct baseline_finding **last = &c->baseline;
	unsigned found;

	if (!c->store.store || !c->options->learn_ns)
		return;
	do {
		store_ask_baseline(c->store.store, end_ns);
		*last = store_take_baseline(c->store.store, true);
		baseline_output_write(&c->events, &c->ecs, *last);
		for (found = 0; *last; found++)
			last = &(*last)->next;
	} while (found == BASELINE_FOUND_MAX && store_state(c->store.store).error == 0);
}

void collector_minute(
	struct collector *c, const struct counters *counters, uint64_t now_ns, uint64_t dropped)
{
	store_sinks(c, now_ns);
	store_feed_minute(&c->store, counters, now_ns, dropped,
		mirror_report_is_in_doubt(&c->mirror, counters));
	if (c->options->extends)
		tell_baseline(c, now_ns);
}

static void write_event(void *context, struct event *v)
{
	alerts_write_event(&((struct collector *)context)->events, v);
}

int collector_open(struct collector *c, const struct ruleset *ruleset,
	const struct settings *settings, const struct collector_options *options)
{
	enum json_lines_mode mode;
	int status;

	*c = (struct collector){.options = options, .ruleset = ruleset};
	gethostname(c->host, sizeof(c->host) - 1);
	other_profiles_open(&c->other_profiles, ruleset);
	c->ecs = (struct ecs){
		.ruleset = ruleset, .other_profiles = &c->other_profiles, .observer = c->host};
	alerts_init(&c->events, &c->ecs, options->events ? &c->event_lines : NULL,
		settings->outputs.window_ns);
	usage_init(&c->usage, &c->ecs);
	if (mirror_report_init(&c->mirror, ruleset, settings->capture.deduplicate) < 0 ||
		mirror_report_init(&c->dump, ruleset, settings->capture.deduplicate) < 0 ||
		deployment_init(&c->deployment, &c->ecs) < 0) {
		fputs("portolan: no more memory\n", stderr);
		return EXIT_FAILED;
	}
	c->deployment.listener = write_event;
	c->deployment.context = c;
	status = open_store(c, settings);
	if (status != EXIT_DONE)
		return status;
	mode = options->extends ? JSON_LINES_EXTEND : JSON_LINES_REPLACE;
	status = open_lines(&c->flow_lines, options->flows, mode);
	if (status == EXIT_DONE)
		status = open_lines(&c->event_lines, options->events, mode);
	if (status == EXIT_DONE)
		status = open_evidence(c, &settings->evidence);
	/* Opened now, although it is written at the end: rights are dropped by then, and errors
	 * should show at the start. */
	return status == EXIT_DONE ? open_lines(&c->stats_lines, options->stats, JSON_LINES_REPLACE)
				   : status;
}

void collector_begin(struct collector *c, uint64_t now_ns)
{
	c->deployment.correlations.start_ns = now_ns;
	c->deployment.is_continuous = true;
}

void collector_name_interfaces(struct collector *c, const char *const *name, size_t names)
{
	c->ecs.interface = name;
	c->ecs.interfaces = names;
	c->mirror.interface = c->dump.interface = name;
	c->mirror.interfaces = c->dump.interfaces = names;
	if (c->evidence)
		evidence_files_name_interfaces(c->evidence, name, names);
}

static int write_stats(struct collector *c, const struct collector_result *result)
{
	json_t *stats;
	char *text;

	if (!c->options->stats)
		return EXIT_DONE;
	stats = stats_json(&result->counters);
	json_object_update_new(json_object_get(stats, "events"),
		json_pack("{s:I, s:I, s:I, s:I, s:I}", "alerts", (json_int_t)c->events.alerts,
			"coalesced", (json_int_t)c->events.coalesced, "withdrawn",
			(json_int_t)c->events.withdrawn, "ended", (json_int_t)c->events.ended,
			"forgotten", (json_int_t)c->events.forgotten));
	if (c->events.sinks)
		json_object_set_new(
			json_object_get(stats, "events"), "sinks", sinks_states(c->events.sinks));
	evidence_output_stats(json_object_get(stats, "evidence"),
		c->evidence ? evidence_files_figures(c->evidence)
			    : &(const struct evidence_figures){.files = 0});
	json_object_set_new(stats, "mirror", mirror_report_json(&c->mirror, &result->counters));
	json_object_set_new(stats, "profile", json_string(c->ruleset->profile));
	json_object_set_new(stats, "policy", json_string(c->ruleset->hash));
	if (result->more)
		json_object_update(stats, result->more);
	text = json_dumps(stats, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_lines_write(&c->stats_lines, text, text ? strlen(text) : 0);
	free(text);
	json_decref(stats);
	return close_lines(&c->stats_lines);
}

static bool is_stdout(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

/* The summary goes to standard error if records go to standard output. */
static int print_summary(struct collector *c, const struct collector_result *result)
{
	const struct collector_options *o = c->options;
	int taken = is_stdout(o->flows) || is_stdout(o->events) || is_stdout(o->stats) ||
		    sinks_use_stdout(c->events.sinks);
	FILE *out = taken ? stderr : stdout, *text;
	struct terminal_style style = terminal_style_of(terminal_wants_colour(out));
	struct summary_input in = {
		.title = result->title,
		.counters = &result->counters,
		.mirror = &c->mirror,
		.deployment = &c->deployment,
		.alerts = &c->events,
		.baseline = c->baseline,
		.shows_all = o->shows_all,
		.start_ns = result->start_ns,
		.end_ns = result->end_ns,
	};
	int error;

	text = fold_open_terminal(out);
	summary_print(&c->usage, &in, &style, text ? text : out);
	if (text)
		fclose(text);
	error = stream_flush(out);
	if (error < 0 && error != -EPIPE) /* `head` has seen enough */
		errors_say("standard output: %s", strerror(-error));
	return error < 0 ? EXIT_FAILED : EXIT_DONE;
}

/* What is known at the end only is stored with it. */
static int close_store(struct collector *c, const struct collector_result *result)
{
	int error;

	if (!c->store.store)
		return EXIT_DONE;
	if (!c->deployment.is_continuous)
		store_feed_correlations(
			&c->store, &c->deployment.correlations, &c->ecs, result->end_ns);
	store_feed_mirror(
		&c->store, &c->mirror, &result->counters, result->start_ns, result->end_ns);
	store_feed_minute(&c->store, &result->counters, result->end_ns, c->store.told_dropped,
		mirror_report_is_in_doubt(&c->mirror, &result->counters));
	if (!c->options->extends)
		tell_baseline_of_capture(c, result->end_ns);
	c->events.listener = NULL;
	error = store_feed_close(&c->store, result->end_ns, false);
	if (error < 0)
		errors_say("store: not all was written: %s", strerror(-error));
	return error < 0 ? EXIT_FAILED : EXIT_DONE;
}

int collector_close(struct collector *c, struct collector_result *result)
{
	int status = EXIT_DONE;

	if (!c->deployment.is_continuous)
		c->deployment.correlations.start_ns = result->start_ns;
	collector_evaluate(c, &result->counters, result->end_ns);
	alerts_flush(&c->events);
	status |= finish_evidence(c);
	status |= close_store(c, result);
	sinks_finish(c->events.sinks);
	if (!stats_balance(&result->counters)) {
		fputs("portolan: the accounting does not add up; please report this\n", stderr);
		status = EXIT_FAILED;
	}
	status |= close_lines(&c->flow_lines);
	status |= close_lines(&c->event_lines);
	status |= write_stats(c, result);
	if (!result->is_nothing)
		status |= print_summary(c, result);
	result->has_findings = summary_has_findings(&c->usage, &result->counters);
	json_decref(result->more);
	result->more = NULL;
	return status;
}

void collector_fini(struct collector *c)
{
	if (!c->options)
		return;
	json_lines_discard(&c->flow_lines);
	json_lines_discard(&c->event_lines);
	json_lines_discard(&c->stats_lines);
	evidence_files_close(c->evidence);
	buffer_fini(&c->flow_json);
	json_decref(c->sinks_told);
	baseline_findings_free(c->baseline);
	collector_forget_previous(c);
	store_feed_close(&c->store, 0, true);
	usage_fini(&c->usage);
	mirror_report_fini(&c->mirror);
	mirror_report_fini(&c->dump);
	deployment_fini(&c->deployment);
	alerts_fini(&c->events);
	other_profiles_close(&c->other_profiles);
}
