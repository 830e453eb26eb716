#include "sensor.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "chart.h"
#include "clock.h"
#include "complaint.h"
#include "crew.h"
#include "fence.h"
#include "interrupt.h"
#include "log.h"
#include "notice.h"
#include "privileges.h"
#include "reload.h"
#include "source_dpdk.h"
#include "source_live.h"
#include "spread.h"

enum { DONE = 0, FAILED = 1, MISUSED = 2 };

#define LOOK_NS 20000000ull
#define SURVEY_NS 10000000000ull
#define LOOKS_PER_WATCH 50 /* once a second */

struct sensor {
	const struct sensor_options *options;
	struct reload reload; /* its charts */
	struct ledger ledger;
	struct crew *crew;
	unsigned workers;
	int through_dpdk;
	int is_reload_wanted, is_surveying;
	uint64_t survey_ns; /* steady clock: when the next one is due */
	struct source *source[SENSOR_WORKERS_MAX];
	uint64_t start_ns;
	char title[512];
};

/* --- sources ------------------------------------------------------------------------- */

static void join_names(char *const *name, size_t names, char *text, size_t bytes)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < names && used < bytes; i++)
		used += (size_t)snprintf(
			text + used, bytes - used, "%s%s", used ? ", " : "", name[i]);
}

static uint32_t hash_of(const void *inventory, const struct packet *p)
{
	return spread_hash(p, inventory);
}

/* A NIC's hash sees a mirror's tunnel, not what is in it. */
static int open_dpdk(struct sensor *s, char why[SOURCE_ERROR_BYTES])
{
	const struct chart_capture *c = &s->reload.chart->capture;
	const char *lcores = c->dpdk_lcores && *c->dpdk_lcores ? c->dpdk_lcores : NULL;
	unsigned cpus = lcores ? source_dpdk_cpus(lcores) : 0;
	struct source_dpdk_config config = {
		.device = (const char *const *)c->dpdk_device,
		.devices = c->dpdk_devices,
		.lcores = lcores,
		.eal = (const char *const *)c->dpdk_eal,
		.eals = c->dpdk_eals,
		.steer_in_software = c->mirror_endpoints > 0,
		.hash = hash_of,
		.hash_context = s->reload.chart->policy->inventory,
	};
	int error;

	s->workers = s->options->workers ? s->options->workers : cpus ? cpus : 1;
	if (s->workers > SENSOR_WORKERS_MAX)
		s->workers = SENSOR_WORKERS_MAX;
	config.workers = s->workers;
	error = source_dpdk_start(&config, why);
	for (unsigned i = 0; i < s->workers && error == 0; i++)
		error = source_dpdk_open(&s->source[i], i, why);
	if (error < 0)
		return error;
	s->through_dpdk = 1;
	for (size_t i = 0; source_dpdk_remark(i); i++)
		log_say(LOG_LEVEL_INFO, "%s", source_dpdk_remark(i));
	join_names(c->dpdk_device, c->dpdk_devices, s->title, sizeof(s->title));
	return 0;
}

static int open_live(struct sensor *s, char why[SOURCE_ERROR_BYTES])
{
	const struct chart_capture *c = &s->reload.chart->capture;
	struct source_live_config config = {
		.interface = (const char *const *)c->interface,
		.interfaces = c->interfaces,
	};

	s->workers = s->options->workers ? s->options->workers : 1;
	config.workers = s->workers;
	join_names(c->interface, c->interfaces, s->title, sizeof(s->title));
	if (s->workers > 1 && c->mirror_endpoints > 0)
		log_say(LOG_LEVEL_WARNING,
			"the kernel spreads packets by their outermost addresses: where two "
			"mirrors "
			"send the two directions of one conversation, use one worker, or DPDK");
	return source_live_open(s->source, &config, why);
}

static void close_sources(struct sensor *s)
{
	for (unsigned i = 0; i < SENSOR_WORKERS_MAX; i++) {
		if (s->source[i])
			s->source[i]->operations->close(s->source[i]);
		s->source[i] = NULL;
	}
}

/* DPDK where the site wants it, or names a device and leaves the choice to us. */
static int open_sources(struct sensor *s)
{
	const struct chart_capture *c = &s->reload.chart->capture;
	const char *wanted = c->source ? c->source : "auto";
	int only_dpdk = strcmp(wanted, "dpdk") == 0, only_pcap = strcmp(wanted, "pcap") == 0;
	char why[SOURCE_ERROR_BYTES] = "";

	if (only_dpdk || (!only_pcap && c->dpdk_devices > 0)) {
		if (open_dpdk(s, why) == 0) {
			log_say(LOG_LEVEL_INFO, "reading %s through DPDK: %s", s->title,
				only_dpdk ? "the site says so" : "a device is configured");
			return DONE;
		}
		close_sources(s);
		source_dpdk_stop();
		log_say(LOG_LEVEL_WARNING, "no DPDK: %s", why);
		if (only_dpdk)
			return FAILED;
	}
	if (c->interfaces == 0) {
		log_say(LOG_LEVEL_ERROR,
			"%s: names no interface; want capture: {interfaces: [eth1]}",
			s->reload.chart->name);
		return MISUSED;
	}
	if (open_live(s, why) < 0) {
		log_say(LOG_LEVEL_ERROR, "%s", why);
		return FAILED;
	}
	log_say(LOG_LEVEL_INFO, "reading %s through libpcap: %s", s->title,
		only_pcap ? "the site says so" : "no DPDK device in use");
	return DONE;
}

static void describe_sources(struct sensor *s)
{
	const struct source_operations *o = s->source[0]->operations;

	if (o->describe)
		log_say(LOG_LEVEL_INFO, "%s", o->describe(s->source[0]));
}

/* --- accounting of what was lost ------------------------------------------------------ */

static void add_loss(struct source_loss *sum, const struct source_loss *l)
{
	sum->received += l->received;
	sum->bytes += l->bytes;
	sum->dropped_kernel += l->dropped_kernel;
	sum->dropped_interface += l->dropped_interface;
	sum->dropped_nic += l->dropped_nic;
	sum->errors += l->errors;
	sum->no_buffer += l->no_buffer;
}

static json_t *loss_json(const struct source_loss *l)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "received", (json_int_t)l->received,
		"dropped_kernel", (json_int_t)l->dropped_kernel, "dropped_interface",
		(json_int_t)l->dropped_interface, "imissed", (json_int_t)l->dropped_nic, "ierrors",
		(json_int_t)l->errors, "rx_nombuf", (json_int_t)l->no_buffer);
}

static void add_xstat(void *context, const char *name, uint64_t value)
{
	json_object_set_new(context, name, json_integer((json_int_t)value));
}

static json_t *ports_json(void)
{
	json_t *ports = json_array();

	for (size_t i = 0; i < source_dpdk_ports(); i++) {
		struct source_dpdk_port p;
		json_t *port, *xstats;
		if (source_dpdk_port(i, &p) < 0)
			continue;
		port = loss_json(&p.loss);
		xstats = json_object();
		source_dpdk_xstats(i, add_xstat, xstats);
		json_object_set_new(port, "name", json_string(p.name));
		json_object_set_new(port, "driver", json_string(p.driver));
		json_object_set_new(port, "link", json_string(p.link));
		json_object_set_new(port, "xstats", xstats);
		json_array_append_new(ports, port);
	}
	return ports;
}

/* Asked before the sources close; the figures of a disappeared interface are left out. */
static json_t *capture_json(struct sensor *s)
{
	struct source_loss sum = {0}, one;
	json_t *capture;

	for (unsigned i = 0; i < s->workers; i++)
		if (s->source[i]->operations->loss &&
			s->source[i]->operations->loss(s->source[i], &one) == 0)
			add_loss(&sum, &one);
	capture = loss_json(&sum);
	json_object_set_new(capture, "source", json_string(s->through_dpdk ? "dpdk" : "pcap"));
	json_object_set_new(capture, "workers", json_integer(s->workers));
	if (s->through_dpdk)
		json_object_set_new(capture, "ports", ports_json());
	return json_pack("{s:o, s:{s:I}}", "capture", capture, "records", "dropped",
		(json_int_t)crew_dropped(s->crew));
}

/* --- telemetry ------------------------------------------------------------------------ */

static int answer_stats(void *context, const char *argument, struct source_dpdk_answer *a)
{
	struct counters c;

	(void)argument;
	crew_counters(((struct sensor *)context)->crew, &c);
	source_dpdk_answer_u64(a, "frames", c.frames);
	source_dpdk_answer_u64(a, "ip", c.ip);
	source_dpdk_answer_u64(a, "non_ip", c.non_ip);
	for (unsigned i = 0; i < DISCARD_COUNT; i++)
		source_dpdk_answer_u64(a, discard_name((enum discard)i), c.discarded[i]);
	source_dpdk_answer_u64(a, "monitored", c.monitored);
	source_dpdk_answer_u64(a, "unmonitored", c.unmonitored);
	for (unsigned i = 0; i < VERDICT_COUNT; i++)
		source_dpdk_answer_u64(a, verdict_name((enum verdict)i), c.verdict_packets[i]);
	return 0;
}

static int answer_flows(void *context, const char *argument, struct source_dpdk_answer *a)
{
	struct counters c;

	(void)argument;
	crew_counters(((struct sensor *)context)->crew, &c);
	source_dpdk_answer_u64(a, "created", c.flows_created);
	source_dpdk_answer_u64(a, "active", c.flows_active);
	source_dpdk_answer_u64(a, "untracked_packets", c.untracked_packets);
	for (unsigned i = 0; i < END_COUNT; i++)
		source_dpdk_answer_u64(a, end_name((enum end)i), c.ended[i]);
	for (unsigned i = 0; i < VERDICT_COUNT; i++)
		source_dpdk_answer_u64(a, verdict_name((enum verdict)i), c.verdict_flows[i]);
	return 0;
}

static int answer_policy(void *context, const char *argument, struct source_dpdk_answer *a)
{
	const struct chart *c = ((struct sensor *)context)->reload.chart;

	(void)argument;
	source_dpdk_answer_text(a, "site", c->name);
	source_dpdk_answer_text(a, "profile", c->profile);
	source_dpdk_answer_text(a, "policy", c->hash);
	source_dpdk_answer_u64(a, "rules", c->policy->rules);
	source_dpdk_answer_u64(a, "appliances", c->appliances);
	return 0;
}

static void offer_telemetry(struct sensor *s)
{
	if (!s->through_dpdk)
		return;
	source_dpdk_command("/portolan/stats", "what was seen and judged", answer_stats, s);
	source_dpdk_command(
		"/portolan/flows", "flows: created, active, ended, by verdict", answer_flows, s);
	source_dpdk_command("/portolan/policy", "the policy in force", answer_policy, s);
}

/* --- rights --------------------------------------------------------------------------- */

#define WRITABLE_MAX 80

struct writable {
	char *directory[WRITABLE_MAX];
	size_t count;
};

static void may_write(struct writable *w, const char *path)
{
	char *copy = path && strcmp(path, "-") != 0 ? strdup(path) : NULL;

	if (copy && w->count < WRITABLE_MAX)
		w->directory[w->count++] = strdup(dirname(copy));
	free(copy);
}

/* Where this sensor writes: what it is told to, and the sockets of its libraries. */
static void list_writable(const struct sensor *s, struct writable *w)
{
	const struct chart_outputs *o = &s->reload.chart->outputs;

	may_write(w, s->options->ledger.flows);
	may_write(w, s->options->ledger.events);
	may_write(w, s->options->ledger.stats);
	for (size_t i = 0; i < o->sinks; i++)
		may_write(w, o->sink[i].path);
	may_write(w, o->control_socket);
	may_write(w, "/run/portolan/control.sock");
	may_write(w, "/var/run/dpdk/rte");
}

/* The sources are open: from here on nobody needs to open a raw socket or run a program. */
static int give_up_rights(struct sensor *s)
{
	struct writable w = {.count = 0};
	int error = privileges_drop(s->options->user);

	if (error < 0) {
		log_say(LOG_LEVEL_ERROR, "cannot give up privileges%s%s: %s",
			s->options->user ? " as user " : "",
			s->options->user ? s->options->user : "", strerror(-error));
		return FAILED;
	}
	list_writable(s, &w);
	error = fence_close((const char *const *)w.directory, w.count);
	for (size_t i = 0; i < w.count; i++)
		free(w.directory[i]);
	if (error == -ENOSYS || error == -EOPNOTSUPP)
		log_say(LOG_LEVEL_NOTICE, "no fence: this kernel has no Landlock");
	else if (error < 0)
		log_say(LOG_LEVEL_WARNING, "no fence: %s", strerror(-error));
	return DONE;
}

/* --- the watch ------------------------------------------------------------------------ */

static void watch_sources(struct sensor *s)
{
	char text[SOURCE_ERROR_BYTES];

	for (unsigned i = 0; i < s->workers; i++) {
		const struct source_operations *o = s->source[i]->operations;
		while (o->watch && o->watch(s->source[i], text) == 1)
			log_say(LOG_LEVEL_WARNING, "%s", text);
	}
}

static int is_over(const struct sensor *s)
{
	uint64_t duration = s->options->duration_ns;

	return interrupt_asked() || crew_busy(s->crew) < s->workers ||
	       (duration && clock_wall_ns() - s->start_ns >= duration);
}

static void reload_site(struct sensor *s)
{
	struct complaint complaint = {.length = 0};

	s->is_reload_wanted = 0;
	notice_reloading();
	reload_now(&s->reload, &complaint);
	notice_ready(s->title);
}

/* --- surveys -------------------------------------------------------------------------- */

static void begin_survey(struct sensor *s)
{
	s->survey_ns = clock_steady_ns() + SURVEY_NS;
	s->is_surveying = 1;
	ledger_begin_survey(&s->ledger);
	crew_survey(s->crew);
}

static void end_survey(struct sensor *s)
{
	struct counters c;

	crew_collect(s->crew);
	crew_surveyed_mirror(s->crew, &s->ledger.survey);
	crew_counters(s->crew, &c);
	s->is_surveying = 0;
	ledger_end_survey(&s->ledger, &c, clock_wall_ns());
}

/* Not while flows wait to be judged by another policy: the figures would be in the numbers of two
 * charts. */
static void survey(struct sensor *s)
{
	if (s->is_surveying && crew_has_surveyed(s->crew))
		end_survey(s);
	else if (!s->is_surveying && !s->reload.former && clock_steady_ns() >= s->survey_ns)
		begin_survey(s);
}

/* --- round and round ------------------------------------------------------------------- */

static void stand_watch(struct sensor *s)
{
	struct timespec look = {.tv_nsec = LOOK_NS};
	uint64_t alive_every_ns = notice_watchdog_ns(), alive_ns = 0;

	for (unsigned long i = 0; !is_over(s); i++) {
		if (crew_collect(s->crew) == 0)
			nanosleep(&look, NULL);
		events_tick(&s->ledger.events, clock_wall_ns());
		if (alive_every_ns && clock_steady_ns() >= alive_ns) {
			notice_alive();
			alive_ns = clock_steady_ns() + alive_every_ns;
		}
		s->is_reload_wanted |= interrupt_hung_up();
		if (s->is_reload_wanted && !s->is_surveying && !s->reload.former)
			reload_site(s);
		reload_tick(&s->reload);
		survey(s);
		if (i % LOOKS_PER_WATCH == 0)
			watch_sources(s);
	}
}

static void name_interfaces(struct sensor *s)
{
	const struct chart_capture *c = &s->reload.chart->capture;

	if (s->through_dpdk)
		ledger_name_interfaces(
			&s->ledger, (const char *const *)c->dpdk_device, c->dpdk_devices);
	else
		ledger_name_interfaces(
			&s->ledger, (const char *const *)c->interface, c->interfaces);
}

static int run(struct sensor *s)
{
	struct crew_config config = {
		.chart = s->reload.chart,
		.workers = s->workers,
		.source = s->source,
		.take = ledger_take,
		.context = &s->ledger,
	};
	struct ledger_result result = {.title = s->title};
	int status = DONE, error;

	if (getrandom(&config.seed, sizeof(config.seed), 0) < 0)
		config.seed = clock_wall_ns();
	error = crew_start(&s->crew, &config);
	if (error < 0) {
		log_say(LOG_LEVEL_ERROR, "%s", strerror(-error));
		return FAILED;
	}
	s->start_ns = clock_wall_ns();
	ledger_begin(&s->ledger, s->start_ns);
	s->reload.crew = s->crew;
	s->reload.ledger = &s->ledger;
	interrupt_watch_hangup();
	offer_telemetry(s);
	notice_ready(s->title);
	stand_watch(s);
	notice_stopping("writing what is left");
	crew_stop(s->crew);
	ledger_begin_survey(&s->ledger); /* flows that have not ended are live */
	crew_finish(s->crew, clock_wall_ns());
	watch_sources(s);
	if (crew_failure(s->crew)) {
		log_say(LOG_LEVEL_ERROR, "%s", crew_failure(s->crew));
		status = FAILED;
	}
	crew_counters(s->crew, &result.counters);
	mirror_report_clear(&s->ledger.mirror);
	crew_mirror(s->crew, &s->ledger.mirror);
	result.start_ns = s->start_ns;
	result.end_ns = clock_wall_ns();
	result.more = capture_json(s);
	return ledger_close(&s->ledger, &result) == LEDGER_DONE ? status : FAILED;
}

int sensor_run(const struct sensor_options *options)
{
	struct sensor *s = calloc(1, sizeof(*s));
	int status = s ? DONE : FAILED;

	if (!s)
		return FAILED;
	s->options = options;
	reload_init(&s->reload, options->site, ledger_chart("run", options->site));
	if (!s->reload.chart)
		status = MISUSED;
	if (status == DONE)
		status = open_sources(s);
	if (status == DONE) {
		describe_sources(s);
		status = ledger_open(&s->ledger, s->reload.chart, &options->ledger);
		name_interfaces(s);
	}
	if (status == DONE)
		status = give_up_rights(s);
	if (status == DONE)
		status = run(s);
	close_sources(s);
	source_dpdk_stop();
	crew_free(s->crew);
	ledger_fini(&s->ledger);
	reload_fini(&s->reload);
	free(s);
	return status;
}
