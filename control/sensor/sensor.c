#include "sensor/sensor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/errors.h"
#include "base/file_place.h"
#include "base/log.h"
#include "base/signals.h"
#include "config/settings.h"
#include "policy/open_site.h"
#include "policy/ruleset.h"
#include "run/capture.h"
#include "run/reload.h"
#include "run/snapshot.h"
#include "run/worker_pool.h"
#include "sensor/rights.h"
#include "sensor/sd_notify.h"
#include "sensor/telemetry_answers.h"
#include "serve/control_protocol.h"
#include "serve/control_socket.h"
#include "serve/http_server.h"
#include "serve/metrics.h"
#include "serve/requests.h"
#include "sink/sinks.h"

#define POLL_MS 20
#define BUSY_POLL_MS 1
#define SECOND_NS 1000000000ull
#define DUMP_NS 10000000000ull

/* A clock that is slewed moves by less than that in a second. */
#define CLOCK_STEP_NS 500000000ll
#define SETTLING_NS (60 * SECOND_NS)

struct sensor {
	const struct sensor_options *options;
	struct reload reload; /* owns the rulesets */
	struct collector collector;
	struct snapshot snapshot;
	struct requests requests;
	struct control_socket *socket; /* NULL: could not be opened */
	struct metrics_source metrics;
	struct http *http;   /* NULL: no metrics configured */
	struct sinks *sinks; /* NULL: no sinks configured */
	struct worker_pool *pool;
	struct capture capture;
	struct telemetry telemetry;
	struct rights rights;
	int is_reload_wanted, is_dumping;
	int is_dump_wanted; /* at the start and after a reload */
	int is_evaluating;  /* evaluates after this dump: it is not only for a request */
	uint64_t alive_ns;
	uint64_t dump_ns; /* steady clock: when the next one is due */
	uint64_t start_ns;
	uint64_t start_steady_ns;
	uint64_t ahead_ns;   /* of the steady clock is the wall clock; modulo 2^64 */
	uint64_t settled_ns; /* steady clock: from then on times are comparable again */
	uint64_t minute;     /* since the epoch: the last one that was stored */
};

/* --- control socket --------------------------------------------------------------------- */

static const char *socket_error(int error, const struct control_address *place)
{
	if (error == -EADDRINUSE)
		return "another sensor answers there";
	if (error == -ENOENT && place->group)
		return "no such directory or group";
	if (error == -EPERM && place->group)
		return "the sensor's user has to be in the group";
	if (error == -EPERM)
		return "others may write to the folder; want one of root's, or --user";
	return file_place_error(error);
}

/* The default path may be unusable (its directory is created by systemd): then there is no socket.
 * For a path from the site that is an error. */
static int open_socket(struct sensor *s)
{
	const struct output_settings *o = &s->reload.settings->outputs;
	struct control_address place = {
		o->control_socket ? o->control_socket : CONTROL_SOCKET, o->control_group};
	struct control_handlers handlers = {
		requests_handle, requests_continue, requests_closed, &s->requests};
	int error = control_socket_open(&s->socket, &place, &handlers);

	s->requests.socket = s->socket;
	s->requests.snapshot = &s->snapshot;
	s->requests.collector = &s->collector;
	s->requests.reload = &s->reload;
	s->collector.live_flow_callback = requests_flow;
	s->collector.live_flow_context = &s->requests;
	if (error == 0)
		return EXIT_DONE;
	log_say(o->control_socket ? LOG_LEVEL_ERROR : LOG_LEVEL_NOTICE,
		"no control socket at %s: %s", place.path, socket_error(error, &place));
	return o->control_socket ? EXIT_FAILED : EXIT_DONE;
}

/* --- sinks ------------------------------------------------------------------------------ */

static json_t *sink_states(void *context)
{
	return sinks_states(context);
}

static int open_sinks(struct sensor *s)
{
	if (sinks_open(&s->sinks, &s->reload.settings->outputs) < 0)
		return EXIT_FAILED;
	s->collector.events.sinks = s->sinks;
	s->requests.sinks = s->sinks ? sink_states : NULL;
	s->requests.sinks_context = s->sinks;
	return EXIT_DONE;
}

static int open_metrics(struct sensor *s)
{
	s->metrics = (struct metrics_source){.snapshot = &s->snapshot,
		.sinks = s->requests.sinks,
		.sinks_context = s->requests.sinks_context};
	return http_open(&s->http, &s->reload.settings->outputs, &s->metrics) < 0 ? EXIT_FAILED
										  : EXIT_DONE;
}

/* --- end and reload --------------------------------------------------------------------- */

static int is_over(const struct sensor *s)
{
	uint64_t duration = s->options->duration_ns;

	return signals_stop_requested() || worker_pool_busy(s->pool) < s->capture.workers ||
	       (duration && clock_steady_ns() - s->start_steady_ns >= duration);
}

static void reload_site(struct sensor *s)
{
	struct errors errors = {.length = 0};

	s->is_reload_wanted = 0;
	notify_reloading();
	requests_reloaded(&s->requests, reload_now(&s->reload, &errors), &errors);
	notify_ready(s->capture.title);
}

/* --- dumps -------------------------------------------------------------------------- */

static int is_due(const struct sensor *s)
{
	return clock_steady_ns() >= s->dump_ns;
}

static void begin_dump(struct sensor *s)
{
	s->is_dumping = 1;
	s->is_dump_wanted = 0;
	s->is_evaluating = is_due(s) && clock_steady_ns() >= s->settled_ns;
	if (is_due(s))
		s->dump_ns = clock_steady_ns() + DUMP_NS;
	requests_begin_dump(&s->requests);
	collector_begin_dump(&s->collector);
	worker_pool_dump(s->pool);
}

static void end_dump(struct sensor *s)
{
	struct counters c;

	worker_pool_collect(s->pool);
	worker_pool_dumped_mirror(s->pool, &s->collector.dump);
	worker_pool_counters(s->pool, &c);
	s->is_dumping = 0;
	collector_end_dump(&s->collector);
	if (s->is_evaluating)
		collector_evaluate(&s->collector, &c, clock_wall_ns());
	requests_end_dump(&s->requests);
}

/* Not while flows are being rejudged: figures would be in the numbers of two rulesets. */
static void dump(struct sensor *s)
{
	if (s->is_dumping && worker_pool_has_dumped(s->pool))
		end_dump(s);
	else if (!s->is_dumping && !s->reload.previous &&
		 (requests_want_dump(&s->requests) || s->is_dump_wanted || is_due(s)))
		begin_dump(s);
}

/* --- main loop ------------------------------------------------------------------- */

/* Serves control socket and metrics, waiting at most `wait_ms`. */
static void serve_requests(struct sensor *s, int wait_ms)
{
	struct timespec delay = {.tv_nsec = wait_ms * 1000000L};

	if (s->socket)
		control_socket_poll(s->socket, wait_ms, clock_steady_ns());
	else if (wait_ms > 0)
		nanosleep(&delay, NULL);
	http_run(s->http, clock_steady_ns());
}

static void keep_alive(struct sensor *s)
{
	uint64_t every_ns = notify_watchdog_ns(), now_ns = clock_steady_ns();

	if (!every_ns || now_ns < s->alive_ns)
		return;
	notify_alive();
	s->alive_ns = now_ns + every_ns;
}

static void handle_reloads(struct sensor *s)
{
	s->is_reload_wanted |= signals_reload_requested() | s->requests.is_reload_wanted;
	if (s->is_reload_wanted && !s->is_dumping && !s->reload.previous)
		reload_site(s);
	if (!reload_tick(&s->reload))
		return;
	requests_rejudged(&s->requests);
	s->is_dump_wanted = 1; /* refresh the mirror's figures, which are by appliance */
}

/* The wall clock was set: what waits for a time of it is due, and who was silent for how long is
 * judged once packets of the new time have come. */
static void watch_clock(struct sensor *s)
{
	uint64_t ahead_ns = clock_wall_ns() - clock_steady_ns();
	int64_t moved_ns = (int64_t)(ahead_ns - s->ahead_ns);

	if (moved_ns > -CLOCK_STEP_NS && moved_ns < CLOCK_STEP_NS)
		return;
	s->ahead_ns = ahead_ns;
	s->settled_ns = clock_steady_ns() + SETTLING_NS;
	alerts_clock_was_set(&s->collector.events);
	log_say(LOG_LEVEL_WARNING, "the clock was set %lld s %s", llabs(moved_ns / 1000000000),
		moved_ns < 0 ? "back" : "forward");
}

/* Files are written in blocks: what is in them is told when nothing more comes at the moment. */
static size_t take_records(struct sensor *s)
{
	size_t records = worker_pool_collect(s->pool);

	if (records == 0)
		collector_tell(&s->collector);
	return records;
}

/* Workers that dump or rejudge their flows fill the queue of records in a few milliseconds. */
static int wait_ms(const struct sensor *s)
{
	return s->is_dumping || s->reload.previous ? BUSY_POLL_MS : POLL_MS;
}

/* What was seen and lost, once a minute. */
static void store_minute_of(struct sensor *s)
{
	uint64_t now_ns = clock_wall_ns(), minute = now_ns / (60 * SECOND_NS);
	struct source_loss loss;
	struct counters c;

	if (minute == s->minute)
		return;
	s->minute = minute;
	worker_pool_counters(s->pool, &c);
	capture_loss(&s->capture, &loss);
	collector_minute(&s->collector, &c, now_ns,
		loss.dropped_kernel + loss.dropped_interface + loss.dropped_nic + loss.no_buffer);
}

/* For the statistics at the end of each file of packets. */
static void tell_loss(struct sensor *s)
{
	struct source_loss loss = {.received = 0};

	if (!s->collector.evidence)
		return;
	capture_loss(&s->capture, &loss);
	evidence_files_set_loss(s->collector.evidence,
		&(struct pcapng_loss){loss.received, loss.dropped_interface + loss.dropped_nic,
			loss.dropped_kernel + loss.no_buffer});
}

static void run_loop(struct sensor *s)
{
	uint64_t second_ns = 0;

	while (!is_over(s)) {
		serve_requests(s, take_records(s) ? 0 : wait_ms(s));
		alerts_tick(&s->collector.events, clock_wall_ns());
		keep_alive(s);
		handle_reloads(s);
		if (signals_reopen_requested()) {
			collector_reopen(&s->collector);
			sinks_reopen(s->sinks);
		}
		dump(s);
		if (clock_steady_ns() < second_ns)
			continue;
		second_ns = clock_steady_ns() + SECOND_NS;
		watch_clock(s);
		tell_loss(s);
		collector_tell(&s->collector);
		capture_watch(&s->capture);
		store_minute_of(s);
		snapshot_take(&s->snapshot, s->pool, clock_wall_ns(), clock_steady_ns());
	}
}

static int run(struct sensor *s)
{
	struct worker_pool_config config = {
		.ruleset = s->reload.ruleset,
		.settings = s->reload.settings,
		.workers = s->capture.workers,
		.source = s->capture.source,
		.take = collector_add,
		.expect = collector_expect,
		.evidence = s->collector.evidence ? &s->reload.settings->evidence : NULL,
		.take_packet = collector_add_packet,
		.context = &s->collector,
	};
	struct collector_result result = {.title = s->capture.title};
	int status = EXIT_DONE, error;

	if (getrandom(&config.seed, sizeof(config.seed), 0) < 0)
		config.seed = clock_wall_ns();
	error = worker_pool_start(&s->pool, &config);
	if (error < 0) {
		log_say(LOG_LEVEL_ERROR, "%s", strerror(-error));
		return EXIT_FAILED;
	}
	s->start_ns = clock_wall_ns();
	s->start_steady_ns = clock_steady_ns();
	s->ahead_ns = s->start_ns - s->start_steady_ns;
	if (collector_start_store(&s->collector, s->capture.title, s->start_ns) != EXIT_DONE)
		return EXIT_FAILED;
	collector_begin(&s->collector, s->start_ns);
	s->dump_ns = clock_steady_ns() + DUMP_NS;
	s->is_dump_wanted = 1;
	s->reload.pool = s->pool;
	s->reload.collector = &s->collector;
	snapshot_init(&s->snapshot, &s->reload, &s->collector, &s->capture, s->start_ns);
	snapshot_take(&s->snapshot, s->pool, s->start_ns, s->start_steady_ns);
	s->telemetry = (struct telemetry){s->pool, &s->reload};
	if (s->capture.through_dpdk)
		telemetry_offer(&s->telemetry);
	notify_ready(s->capture.title);
	run_loop(s);
	notify_stopping("writing what is left");
	worker_pool_stop(s->pool);
	collector_begin_dump(&s->collector); /* flows ended by the stop are still live */
	worker_pool_finish(s->pool, clock_wall_ns());
	capture_watch(&s->capture);
	tell_loss(s);
	if (worker_pool_failure(s->pool)) {
		log_say(LOG_LEVEL_ERROR, "%s", worker_pool_failure(s->pool));
		status = EXIT_FAILED;
	}
	worker_pool_counters(s->pool, &result.counters);
	mirror_report_clear(&s->collector.mirror);
	worker_pool_mirror(s->pool, &s->collector.mirror);
	result.start_ns = s->start_ns;
	result.end_ns = clock_wall_ns();
	result.more = json_pack("{s:o, s:{s:I}}", "capture", capture_json(&s->capture), "records",
		"dropped", (json_int_t)worker_pool_dropped(s->pool));
	return collector_close(&s->collector, &result) == EXIT_DONE ? status : EXIT_FAILED;
}

/* --- start, in the order of rights -------------------------------------------------------- */

static int open_site(struct sensor *s)
{
	struct settings *settings = NULL;
	struct ruleset *ruleset = ruleset_open_site("run", s->options->site, &settings);

	reload_init(&s->reload, s->options->site, ruleset, settings);
	return ruleset ? EXIT_DONE : EXIT_MISUSED;
}

/* What is made here belongs to the user that the sensor becomes. */
static int open_outputs(struct sensor *s)
{
	int status = collector_open(
		&s->collector, s->reload.ruleset, s->reload.settings, &s->options->collector);

	if (status == EXIT_DONE)
		status = open_socket(s);
	return status == EXIT_DONE ? open_sinks(s) : status;
}

static int open_capture(struct sensor *s)
{
	const char *const *interface;
	size_t interfaces;
	int status = capture_open(
		&s->capture, s->reload.ruleset, &s->reload.settings->capture, s->options->workers);

	if (status == EXIT_DONE) {
		interface = capture_interfaces(&s->capture, &interfaces);
		collector_name_interfaces(&s->collector, interface, interfaces);
	}
	return status;
}

int sensor_run(const struct sensor_options *options)
{
	struct sensor *s = calloc(1, sizeof(*s));
	int status;

	if (!s) {
		errors_say("run: no more memory");
		return EXIT_FAILED;
	}
	s->options = options;
	signals_watch_reload(); /* first of all: the default action of both signals ends the program
				 */
	signals_watch_reopen();
	status = rights_begin(&s->rights, options->user, options->dumps_core);
	if (status == EXIT_DONE)
		status = open_site(s);
	if (status == EXIT_DONE)
		status = open_outputs(s);
	if (status == EXIT_DONE)
		status = rights_act_as_root(&s->rights);
	if (status == EXIT_DONE)
		status = open_capture(s);
	if (status == EXIT_DONE)
		status = open_metrics(s);
	if (status == EXIT_DONE)
		status = rights_give_up(&s->rights, &options->collector, s->reload.settings);
	if (status == EXIT_DONE && sinks_start(s->sinks) < 0)
		status = EXIT_FAILED;
	if (status == EXIT_DONE)
		status = run(s);
	http_close(s->http);
	control_socket_close(s->socket);
	capture_close(&s->capture);
	worker_pool_free(s->pool);
	sinks_close(s->sinks);
	collector_fini(&s->collector);
	reload_fini(&s->reload);
	free(s);
	return status;
}
