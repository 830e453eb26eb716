#include "serve/metrics.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config/settings.h"
#include "policy/ruleset.h"
#include "record/counter_table.h"
#include "run/collector.h"
#include "run/reload.h"
#include "run/snapshot.h"

#define LABEL_BYTES 300

struct metrics_page {
	FILE *out;
	const struct metrics_source *source;
	const struct snapshot *s;
	const struct ruleset *ruleset;
	const struct metrics_family *family;
	size_t series, left_out; /* of the family */
};

enum type { COUNTER, GAUGE, INFO };

struct metrics_family {
	const char *name; /* name; of a counter without _total */
	enum type type;
	const char *help;
	void (*write)(struct metrics_page *);
};

/* --- samples ------------------------------------------------------------------------------ */

void metrics_escape(const char *value, char *text, size_t bytes)
{
	size_t used = 0;

	for (; *value && used + 3 < bytes; value++) {
		if (*value == '\\' || *value == '"' || *value == '\n')
			text[used++] = '\\';
		text[used++] = *value == '\n' ? 'n' : (unsigned char)*value < ' ' ? ' ' : *value;
	}
	text[used] = '\0';
}

/* Begins a series by writing its name; false if the family has too many. */
static bool begin(struct metrics_page *p)
{
	static const char *const suffix[] = {[COUNTER] = "_total", [GAUGE] = "", [INFO] = "_info"};

	if (p->series++ >= METRICS_SERIES_MAX) {
		p->left_out++;
		return false;
	}
	fprintf(p->out, "portolan_%s%s", p->family->name, suffix[p->family->type]);
	return true;
}

static void put_plain(struct metrics_page *p, double value)
{
	if (begin(p))
		fprintf(p->out, " %.15g\n", value);
}

/* Writes a sample; labels as `name="value"` pairs with escaped values. */
static void put(struct metrics_page *p, double value, const char *labels, ...)
	__attribute__((format(printf, 3, 4)));

static void put(struct metrics_page *p, double value, const char *labels, ...)
{
	va_list arguments;

	if (!begin(p))
		return;
	fputc('{', p->out);
	va_start(arguments, labels);
	vfprintf(p->out, labels, arguments);
	va_end(arguments);
	fprintf(p->out, "} %.15g\n", value);
}

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static void put_appliance(struct metrics_page *p, double value, uint16_t appliance,
	const char *name, const char *more)
{
	char label[LABEL_BYTES];

	metrics_escape(p->ruleset->appliance[appliance].name, label, sizeof(label));
	put(p, value, "appliance=\"%s\"%s%s%s%s", label, *name ? "," : "", name, *name ? "=" : "",
		more);
}

/* --- capture and decoding -------------------------------------------------------------------- */

#define SIMPLE(function, number)                                                                   \
	static void function(struct metrics_page *p)                                               \
	{                                                                                          \
		put_plain(p, (double)(number));                                                    \
	}

SIMPLE(put_duplicates, p->s->counters.duplicate)
SIMPLE(put_capacity, (double)p->s->reload->settings->flow_max * p->s->workers)
SIMPLE(put_alerts, p->s->collector->events.alerts)
SIMPLE(put_coalesced, p->s->collector->events.coalesced)
SIMPLE(put_dropped, p->s->records_dropped)
SIMPLE(put_doubt, p->s->in_doubt)
SIMPLE(put_reloads, p->s->reload->done)
SIMPLE(put_refused, p->s->reload->refused)
SIMPLE(put_reload_ok, !p->s->reload->last_refused)
SIMPLE(put_reload_time, seconds(p->s->reload->last_ns ? p->s->reload->last_ns : p->s->start_ns))
SIMPLE(put_start, seconds(p->s->start_ns))
SIMPLE(put_last_packet, seconds(p->s->last_packet_ns))
SIMPLE(put_unseen, p->s->collector->mirror.sum.unseen_bytes)
SIMPLE(put_acknowledged, p->s->collector->mirror.sum.acknowledged_bytes)
SIMPLE(put_workers, p->s->workers)

static void put_capture_drops(struct metrics_page *p)
{
	const struct source_loss *l = &p->s->loss;

	put(p, (double)l->dropped_kernel, "where=\"kernel\"");
	put(p, (double)l->dropped_interface, "where=\"interface\"");
	put(p, (double)l->dropped_nic, "where=\"nic\"");
	put(p, (double)l->no_buffer, "where=\"no_buffer\"");
	put(p, (double)l->errors, "where=\"error\"");
}

/* --- workers ------------------------------------------------------------------------------------
 */

static void put_worker_packets(struct metrics_page *p)
{
	for (unsigned i = 0; i < p->s->workers; i++)
		put(p, (double)p->s->worker[i].counters.frames, "worker=\"%u\"", i);
}

static void put_stage_packets(struct metrics_page *p)
{
	for (unsigned i = 0; i < p->s->workers; i++)
		put(p, (double)p->s->worker[i].cycle_counters.packets, "worker=\"%u\"", i);
}

static void put_stage_cycles(struct metrics_page *p)
{
	for (unsigned i = 0; i < p->s->workers; i++) {
		const struct cycle_counters *cycle_counters = &p->s->worker[i].cycle_counters;
		put(p, (double)cycle_counters->poll_cycles, "worker=\"%u\",stage=\"poll\"", i);
		put(p, (double)cycle_counters->process_cycles, "worker=\"%u\",stage=\"process\"",
			i);
		put(p, (double)cycle_counters->release_cycles, "worker=\"%u\",stage=\"release\"",
			i);
	}
}

/* --- the deployment
 * ------------------------------------------------------------------------------- */

static void put_channel_states(struct metrics_page *p)
{
	size_t count[CHANNEL_STATE_COUNT];

	channels_count(&p->s->collector->deployment.channels, count);
	for (unsigned i = 0; i < CHANNEL_STATE_COUNT; i++)
		put(p, (double)count[i], "state=\"%s\"", channel_state_name((enum channel_state)i));
}

static void put_channel(struct metrics_page *p, const struct channel *ch, double value)
{
	const struct channels *all = &p->s->collector->deployment.channels;
	char end[CHANNEL_END_BYTES], label[2][LABEL_BYTES];

	for (unsigned i = 0; i < 2; i++) {
		channel_end_text(all, ch, i, end);
		metrics_escape(end, label[i], sizeof(label[i]));
	}
	put(p, value, "a=\"%s\",b=\"%s\"", label[0], label[1]);
}

static void put_channel_up(struct metrics_page *p)
{
	for (const struct channel *ch = p->s->collector->deployment.channels.first; ch;
		ch = ch->hh.next)
		put_channel(p, ch, ch->state == CHANNEL_UP);
}

static void put_channel_seen(struct metrics_page *p)
{
	for (const struct channel *ch = p->s->collector->deployment.channels.first; ch;
		ch = ch->hh.next)
		put_channel(p, ch, seconds(ch->last_ns));
}

static void put_correlations(struct metrics_page *p)
{
	uint64_t count[CORRELATION_COUNT] = {0};

	for (const struct correlation *f = p->s->collector->deployment.correlations.first; f;
		f = f->hh.next)
		count[f->key.kind]++;
	for (unsigned i = 0; i < CORRELATION_COUNT; i++)
		put(p, (double)count[i], "kind=\"%s\"", correlation_name((enum correlation_kind)i));
}

static void put_exposures(struct metrics_page *p)
{
	static const char *const kind[] = {
		[EXPOSURE_CLEAR_SYSLOG] = "clear-syslog",
		[EXPOSURE_CLEAR_BIND] = "clear-ldap-bind",
		[EXPOSURE_OLD_SNMP] = "old-snmp",
		[EXPOSURE_CLEAR_HTTP] = "clear-http",
		[EXPOSURE_OLD_TLS] = "old-tls",
	};

	for (unsigned i = 0; i < EXPOSURE_COUNT; i++)
		put(p, (double)exposures_flows(&p->s->collector->usage.exposures, (enum exposure)i),
			"kind=\"%s\"", kind[i]);
}

static void put_appliance_seen(struct metrics_page *p)
{
	const struct mirror_counters *f = &p->s->collector->mirror.sum;

	for (size_t i = 0; i < f->hosts; i++)
		put_appliance(p, seconds(f->host[i].last_ns), (uint16_t)i, "", "");
}

/* Only cells with traffic are written. */
static void put_cells(struct metrics_page *p, bool wrong)
{
	for (size_t a = 0; a < p->ruleset->appliances; a++)
		for (uint32_t row = 1; row < p->ruleset->rows; row++) {
			uint16_t set = ruleset_row_set(p->ruleset, a, row);
			const struct matrix_cell *cell =
				matrix_cell(&p->s->collector->deployment.matrix, a, set);
			char rule[LABEL_BYTES];
			if (!cell || !(wrong ? cell->wrong_ns : cell->last_ns))
				continue;
			snprintf(rule, sizeof(rule), "\"%s\"%s", ruleset_set_id(p->ruleset, set),
				strcmp(ruleset_interface_of(p->ruleset, a, set), "data") == 0
					? ",interface=\"data\""
					: "");
			put_appliance(p, seconds(wrong ? cell->wrong_ns : cell->last_ns),
				(uint16_t)a, "rule", rule);
		}
}

static void put_rule_seen(struct metrics_page *p)
{
	put_cells(p, false);
}

static void put_rule_wrong(struct metrics_page *p)
{
	put_cells(p, true);
}

static void put_mirror_sides(struct metrics_page *p)
{
	const struct mirror_counters *f = &p->s->collector->mirror.sum;
	uint64_t one = 0, both = 0;

	for (uint32_t i = 0; i < f->lanes; i++) {
		one += f->lane[i].flows.one;
		both += f->lane[i].flows.both;
	}
	put(p, (double)one, "sides=\"one\"");
	put(p, (double)both, "sides=\"both\"");
}

static void put_mirror_findings(struct metrics_page *p)
{
	struct mirror_finding found[MIRROR_FINDINGS_MAX];
	size_t count = mirror_report_find(&p->s->collector->mirror, &p->s->counters, found);
	unsigned holds[MIRROR_FINDING_COUNT] = {0};

	for (size_t i = 0; i < count; i++)
		holds[found[i].kind]++;
	for (unsigned i = 0; i < MIRROR_FINDING_COUNT; i++)
		put(p, holds[i], "finding=\"%s\"",
			mirror_finding_name((enum mirror_finding_kind)i));
}

/* --- sensor --------------------------------------------------------------------------------- */

static void put_policy(struct metrics_page *p)
{
	char profile[LABEL_BYTES];

	metrics_escape(p->ruleset->profile, profile, sizeof(profile));
	put(p, 1, "profile=\"%s\",hash=\"%s\"", profile, p->ruleset->hash);
}

static void put_build(struct metrics_page *p)
{
	put(p, 1, "version=\"%s\",source=\"%s\"", PORTOLAN_VERSION,
		p->s->capture->through_dpdk ? "dpdk" : "pcap");
}

static void put_each_sink(struct metrics_page *p, const char *member)
{
	json_t *sinks = p->source->sinks ? p->source->sinks(p->source->sinks_context) : NULL, *sink;
	size_t i;

	json_array_foreach(sinks, i, sink)
	{
		const char *name = json_string_value(json_object_get(sink, "name"));
		const char *state = json_string_value(json_object_get(sink, "state"));
		char label[LABEL_BYTES];
		metrics_escape(name ? name : "", label, sizeof(label));
		put(p,
			*member ? json_number_value(json_object_get(sink, member))
				: state && strcmp(state, "ok") == 0,
			"sink=\"%s\"", label);
	}
	json_decref(sinks);
}

static void put_sink_up(struct metrics_page *p)
{
	put_each_sink(p, "");
}

static void put_sink_queued(struct metrics_page *p)
{
	put_each_sink(p, "queued");
}

static void put_sink_delivered(struct metrics_page *p)
{
	put_each_sink(p, "delivered");
}

static void put_sink_dropped(struct metrics_page *p)
{
	put_each_sink(p, "dropped");
}

static void put_resident(struct metrics_page *p)
{
	FILE *statm = fopen("/proc/self/statm", "re");
	unsigned long total = 0, resident = 0;

	if (statm && fscanf(statm, "%lu %lu", &total, &resident) != 2)
		resident = 0;
	if (statm)
		fclose(statm);
	put_plain(p, (double)resident * (double)sysconf(_SC_PAGESIZE));
}

static void put_cpu(struct metrics_page *p)
{
	struct rusage used = {0};

	getrusage(RUSAGE_SELF, &used);
	put_plain(p, (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
			     (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
}

/* --- table ---------------------------------------------------------------------------------- */

static const struct metrics_family family_of[] = {
	{"build", INFO, "What this is, and what it reads through.", put_build},
	{"policy", INFO, "The policy in force.", put_policy},
	{"start_time_seconds", GAUGE, "When the sensor started.", put_start},
	{"last_packet_timestamp_seconds", GAUGE,
		"When packets arrived last, to a second; 0 for never.", put_last_packet},
	{"workers", GAUGE, "Workers.", put_workers},
	{"worker_packets", COUNTER, "Packets by worker.", put_worker_packets},
	{"capture_dropped_packets", COUNTER, "Packets lost before they were seen.",
		put_capture_drops},
	{"duplicate_packets", COUNTER, "Second copies that were dropped.", put_duplicates},
	{"flow_table_capacity_flows", GAUGE, "Flows that the tables hold at most.", put_capacity},
	{"stage_packets", COUNTER, "Packets of the bursts that were timed (one in 64).",
		put_stage_packets},
	{"stage_cycles", COUNTER, "Cycles of the time stamp counter that they took, by stage.",
		put_stage_cycles},
	{"alerts", COUNTER, "Events of kind alert.", put_alerts},
	{"alerts_coalesced", COUNTER,
		"Suppressed duplicates: flagged flows that were counted on another one's event.",
		put_coalesced},
	{"records_dropped", COUNTER, "Records of flows that found no room.", put_dropped},
	{"sink_up", GAUGE, "Whether a sink works.", put_sink_up},
	{"sink_queued_events", GAUGE, "Events that wait for a sink.", put_sink_queued},
	{"sink_delivered_events", COUNTER, "Events that a sink has taken.", put_sink_delivered},
	{"sink_dropped_events", COUNTER, "Events that a sink had no room for.", put_sink_dropped},
	{"channels", GAUGE, "Pairs of appliances by the state of their channel.",
		put_channel_states},
	{"channel_up", GAUGE, "Whether both connections of a pair are established.",
		put_channel_up},
	{"channel_last_seen_timestamp_seconds", GAUGE, "The pair's last packet.", put_channel_seen},
	{"findings", GAUGE, "Correlated findings that hold, by kind.", put_correlations},
	{"exposed_flows", COUNTER, "Flows in clear text or of legacy protocols, by kind.",
		put_exposures},
	{"appliance_last_seen_timestamp_seconds", GAUGE, "An appliance's last packet; 0 for never.",
		put_appliance_seen},
	{"rule_last_seen_timestamp_seconds", GAUGE,
		"When an appliance used a rule last; no series for never.", put_rule_seen},
	{"rule_last_wrong_timestamp_seconds", GAUGE,
		"When something on a rule's port was flagged last; no series for never.",
		put_rule_wrong},
	{"mirror_in_doubt", GAUGE, "Whether the mirror is degraded: what is not seen may be there.",
		put_doubt},
	{"mirror_findings", GAUGE, "Mirror problems.", put_mirror_findings},
	{"mirror_tcp_flows", COUNTER, "TCP flows with data that ended, by sides seen.",
		put_mirror_sides},
	{"mirror_acknowledged_bytes", COUNTER, "TCP bytes acknowledged, of a sample.",
		put_acknowledged},
	{"mirror_unseen_bytes", COUNTER, "Of these, never seen.", put_unseen},
	{"policy_reloads", COUNTER, "Reloads that were done.", put_reloads},
	{"policy_reloads_refused", COUNTER, "Reloads that were refused.", put_refused},
	{"policy_last_reload_successful", GAUGE, "Whether the last attempt was done.",
		put_reload_ok},
	{"policy_last_reload_success_timestamp_seconds", GAUGE,
		"When the policy in force was read.", put_reload_time},
	{"process_resident_memory_bytes", GAUGE, "Resident memory.", put_resident},
	{"process_cpu_seconds", COUNTER, "CPU time of all threads.", put_cpu},
};

/* OpenMetrics names a family without the suffix of its samples. */
static void put_head(struct metrics_page *p, bool open_metrics)
{
	static const char *const plain[] = {"counter", "gauge", "gauge"};
	static const char *const open[] = {"counter", "gauge", "info"};
	const struct metrics_family *f = p->family;
	const char *suffix = open_metrics	  ? ""
			     : f->type == COUNTER ? "_total"
			     : f->type == INFO	  ? "_info"
						  : "";

	fprintf(p->out, "# HELP portolan_%s%s %s\n# TYPE portolan_%s%s %s\n", f->name, suffix,
		f->help, f->name, suffix, open_metrics ? open[f->type] : plain[f->type]);
}

static void put_entry(struct metrics_page *p, const struct counter_entry *e)
{
	const uint64_t *n = counter_at(&p->s->counters, e);

	if (!e->name && !*e->label)
		put_plain(p, (double)*n);
	else if (!e->name)
		put(p, (double)*n, "%s", e->label);
	for (unsigned i = 0; e->name && i < e->count; i++)
		put(p, (double)n[i], "%s=\"%s\"", e->label, e->name[i]);
}

/* The counters: consecutive entries of the table with the same name are a family. */
static void put_counters(struct metrics_page *p, bool open_metrics)
{
	for (size_t i = 0; i < counter_entries; i++) {
		const struct counter_entry *e = &counter_table[i];
		struct metrics_family family = {
			e->metric, e->kind == COUNTER_KIND_GAUGE ? GAUGE : COUNTER, e->help, NULL};
		if (!*e->help)
			continue;
		p->family = &family;
		p->series = 0;
		put_head(p, open_metrics);
		for (size_t k = i; k < counter_entries; k++)
			if (strcmp(counter_table[k].metric, e->metric) == 0)
				put_entry(p, &counter_table[k]);
	}
	p->family = NULL;
}

static size_t put_all(struct metrics_page *p, bool open_metrics)
{
	size_t left_out = 0;

	put_counters(p, open_metrics);
	for (size_t i = 0; i < sizeof(family_of) / sizeof(*family_of); i++) {
		p->family = &family_of[i];
		p->series = p->left_out = 0;
		put_head(p, open_metrics);
		p->family->write(p);
		left_out += p->left_out;
	}
	return left_out;
}

char *metrics_text(const struct metrics_source *source, bool open_metrics, size_t *length)
{
	static const struct metrics_family omitted = {"metrics_omitted_series", GAUGE,
		"Series that are not here, since their family has too many.", NULL};
	struct metrics_page p = {.source = source,
		.s = source->snapshot,
		.ruleset = snapshot_ruleset(source->snapshot)};
	char *text = NULL;
	size_t left_out;

	p.out = open_memstream(&text, length);
	if (!p.out)
		return NULL;
	left_out = put_all(&p, open_metrics);
	p.family = &omitted;
	p.series = 0;
	put_head(&p, open_metrics);
	put_plain(&p, (double)left_out);
	if (open_metrics)
		fputs("# EOF\n", p.out);
	if (fclose(p.out) == 0)
		return text;
	free(text);
	return NULL;
}
