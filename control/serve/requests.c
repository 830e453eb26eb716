#include "serve/requests.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errors.h"
#include "base/format.h"
#include "config/settings.h"
#include "policy/ruleset.h"
#include "record/stats.h"
#include "run/collector.h"
#include "run/reload.h"
#include "run/snapshot.h"
#include "serve/control_socket.h"
#include "serve/flow_query.h"

#define SECOND_NS 1000000000ull

/* A mirror without packets for so long counts as dead. */
#define DEAD_NS (60 * SECOND_NS)

#define DROPS_SHARE 0.001
#define TABLE_SHARE 0.9

/* A time in the records' format; null: never. */
static json_t *json_when(uint64_t ns)
{
	char text[TIME_TEXT_BYTES];

	if (ns == 0)
		return json_null();
	format_time(ns, text);
	return json_string(text);
}

/* --- status ------------------------------------------------------------------------------ */

static json_t *policy_json(const struct snapshot *s)
{
	const struct ruleset *c = snapshot_ruleset(s);

	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "site", c->name, "profile",
		c->profile, "hash", c->hash, "appliances", (json_int_t)c->appliances, "rules",
		(json_int_t)c->policy->rules, "reloads", (json_int_t)s->reload->done,
		"reloads_refused", (json_int_t)s->reload->refused, "reloaded",
		json_when(s->reload->last_ns));
}

static json_t *events_json(const struct snapshot *s)
{
	const struct alerts *e = &s->collector->events;

	return json_pack("{s:I, s:I, s:I, s:I}", "alerts", (json_int_t)e->alerts, "coalesced",
		(json_int_t)e->coalesced, "delayed", (json_int_t)s->counters.events_delayed,
		"dropped", (json_int_t)s->records_dropped);
}

static json_t *channels_json(const struct channels *all)
{
	json_t *by_state = json_object();
	size_t count[CHANNEL_STATE_COUNT];

	channels_count(all, count);
	for (unsigned i = 0; i < CHANNEL_STATE_COUNT; i++)
		json_object_set_new(by_state, channel_state_name((enum channel_state)i),
			json_integer((json_int_t)count[i]));
	return by_state;
}

static json_t *capture_now(const struct snapshot *s)
{
	json_t *interfaces = json_array(), *capture;
	size_t count;
	const char *const *name = capture_interfaces(s->capture, &count);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(interfaces, json_string(name[i]));
	capture = json_pack("{s:s, s:o, s:I, s:o, s:o}", "source",
		s->capture->through_dpdk ? "dpdk" : "pcap", "interfaces", interfaces, "workers",
		(json_int_t)s->workers, "last_packet", json_when(s->last_packet_ns), "loss",
		capture_loss_json(&s->loss));
	return capture;
}

static void answer_status(
	struct requests *a, struct control_client *client, const json_t *arguments)
{
	const struct snapshot *s = a->snapshot;
	const char *worst;
	json_t *status = json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:b}", "version",
		PORTOLAN_VERSION, "pid", (json_int_t)getpid(), "now", json_when(s->now_ns),
		"started", json_when(s->start_ns), "policy", policy_json(s), "capture",
		capture_now(s), "events", events_json(s), "channels",
		channels_json(&s->collector->deployment.channels), "findings",
		(json_int_t)s->collector->deployment.correlations.count, "mirror_in_doubt",
		s->in_doubt);

	(void)arguments;
	json_decref(requests_health(a, &worst));
	json_object_set_new(status, "health", json_string(worst));
	json_object_set_new(status, "accounting", stats_json(&s->counters));
	if (a->sinks)
		json_object_set_new(status, "sinks", a->sinks(a->sinks_context));
	control_done(client, status);
}

/* --- health ------------------------------------------------------------------------------ */

enum grade { GRADE_OK, GRADE_WARNING, GRADE_FAILURE };

static const char *const grade_name[] = {"ok", "warning", "failure"};

struct checks {
	json_t *list;
	enum grade worst;
};

static void check(struct checks *c, const char *what, enum grade g, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void check(struct checks *c, const char *what, enum grade g, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	json_array_append_new(c->list,
		json_pack("{s:s, s:s, s:s}", "check", what, "state", grade_name[g], "what", text));
	c->worst = g > c->worst ? g : c->worst;
}

static void check_link(struct checks *c, const struct snapshot *s)
{
	size_t links;

	capture_interfaces(s->capture, &links);
	if (s->links_down)
		check(c, "link", s->links_down < links ? GRADE_WARNING : GRADE_FAILURE,
			"%s (%u of %zu)", s->link_down, s->links_down, links);
	else
		check(c, "link", GRADE_OK, "up");
}

/* A sensor that has just been started may hear its first packet in a moment: that is no failure,
 * and nothing that is well. */
static void check_traffic(struct checks *c, const struct snapshot *s)
{
	enum grade quiet = s->quiet_ns > DEAD_NS ? GRADE_FAILURE : GRADE_WARNING;
	char since[32];

	format_elapsed(s->quiet_ns, since);
	if (s->counters.frames == 0)
		check(c, "traffic", quiet, "no packet since the start, %s: is the mirror up?",
			since);
	else if (quiet == GRADE_FAILURE)
		check(c, "traffic", quiet, "no packet for %s: is the mirror up?", since);
	else
		check(c, "traffic", GRADE_OK, "packets arrive");
}

static void check_loss(struct checks *c, const struct snapshot *s)
{
	const struct source_loss *l = &s->loss;
	uint64_t lost = l->dropped_kernel + l->dropped_interface + l->dropped_nic + l->no_buffer;
	double share = (double)lost / (double)(lost + s->counters.frames + 1);

	check(c, "loss", share > DROPS_SHARE ? GRADE_WARNING : GRADE_OK,
		"%llu packets lost by NIC and kernel since the start (%.3f %%)",
		(unsigned long long)lost, 100 * share);
}

static void check_mirror(struct checks *c, const struct snapshot *s)
{
	struct mirror_finding found[MIRROR_FINDINGS_MAX];
	size_t count = mirror_report_find(&s->collector->mirror, &s->counters, found);

	for (size_t i = 0; i < count; i++)
		check(c, "mirror", GRADE_WARNING, "%s: %s", found[i].what, found[i].remedy);
	if (count == 0)
		check(c, "mirror", GRADE_OK, "nothing wrong with it was noticed");
}

static void check_table(struct checks *c, const struct snapshot *s)
{
	double most = 0;

	for (unsigned i = 0; i < s->workers; i++) {
		double share =
			(double)s->worker[i].counters.flows_active / s->reload->settings->flow_max;
		most = share > most ? share : most;
	}
	check(c, "flow-table",
		most > TABLE_SHARE || s->counters.untracked_packets ? GRADE_WARNING : GRADE_OK,
		"%.1f %% of the fullest table in use, %llu flows evicted, %llu packets untracked",
		100 * most, (unsigned long long)s->counters.ended[END_EVICTED],
		(unsigned long long)s->counters.untracked_packets);
}

static void check_events(struct checks *c, const struct snapshot *s)
{
	check(c, "events", s->records_dropped ? GRADE_WARNING : GRADE_OK,
		"%llu records dropped, %llu alerts delayed", (unsigned long long)s->records_dropped,
		(unsigned long long)s->counters.events_delayed);
}

static void check_policy(struct checks *c, const struct snapshot *s)
{
	const struct reload *r = s->reload;

	if (r->last_refused)
		check(c, "policy", GRADE_WARNING,
			"the last reload was refused: the policy of before is in force");
	else
		check(c, "policy", GRADE_OK, "as the site was when it was read last");
}

static void check_sinks(struct checks *c, const struct requests *a)
{
	json_t *sinks = a->sinks ? a->sinks(a->sinks_context) : json_array(), *sink;
	size_t i;

	json_array_foreach(sinks, i, sink)
	{
		const char *name = json_string_value(json_object_get(sink, "name"));
		const char *state = json_string_value(json_object_get(sink, "state"));
		bool well = state && strcmp(state, "ok") == 0;
		check(c, "sink", well ? GRADE_OK : GRADE_WARNING, "%.200s: %s", name ? name : "?",
			state ? state : "?");
	}
	json_decref(sinks);
}

/* The files of --flows and --events. */
static void check_file(struct checks *c, const struct json_lines *l)
{
	char since[TIME_TEXT_BYTES];

	if (!l->is_open)
		return;
	format_time((uint64_t)l->since_s * SECOND_NS, since);
	if (l->error && l->error != -EAGAIN)
		check(c, "output", GRADE_FAILURE, "%.200s: %s since %s; %llu records lost",
			json_lines_name(l), strerror(-l->error), since,
			(unsigned long long)l->lost);
	else
		check(c, "output", l->lost ? GRADE_WARNING : GRADE_OK,
			"%.200s: %llu records written, %llu lost", json_lines_name(l),
			(unsigned long long)l->written, (unsigned long long)l->lost);
}

static void check_store(struct checks *c, const struct collector *from)
{
	struct store_state s;
	char since[TIME_TEXT_BYTES];

	if (!from->store.store)
		return;
	s = store_state(from->store.store);
	format_time(s.error_since_ns, since);
	if (s.error)
		check(c, "store", GRADE_FAILURE, "%.200s: %s since %s; %llu flows and events lost",
			s.folder, s.why, since, (unsigned long long)s.lost);
	else
		check(c, "store", s.lost ? GRADE_WARNING : GRADE_OK,
			"%.200s: %llu flows and events written, %llu lost", s.folder,
			(unsigned long long)s.written, (unsigned long long)s.lost);
}

static void check_evidence(struct checks *c, const struct evidence_files *files)
{
	const struct evidence_figures *f = files ? evidence_files_figures(files) : NULL;

	if (!f)
		return;
	if (f->error)
		check(c, "output", GRADE_FAILURE, "evidence: %s; %llu packets lost",
			strerror(-f->error), (unsigned long long)f->lost);
	else
		check(c, "output", f->lost ? GRADE_WARNING : GRADE_OK,
			"evidence: %llu packets written, %llu lost", (unsigned long long)f->packets,
			(unsigned long long)f->lost);
}

json_t *requests_health(const struct requests *a, const char **worst)
{
	struct checks c = {.list = json_array()};

	check_link(&c, a->snapshot);
	check_traffic(&c, a->snapshot);
	check_loss(&c, a->snapshot);
	check_mirror(&c, a->snapshot);
	check_table(&c, a->snapshot);
	check_events(&c, a->snapshot);
	check_policy(&c, a->snapshot);
	check_file(&c, &a->snapshot->collector->flow_lines);
	check_file(&c, &a->snapshot->collector->event_lines);
	check_store(&c, a->snapshot->collector);
	check_evidence(&c, a->snapshot->collector->evidence);
	check_sinks(&c, a);
	*worst = grade_name[c.worst];
	return c.list;
}

static void answer_health(
	struct requests *a, struct control_client *client, const json_t *arguments)
{
	const char *worst;
	json_t *list = requests_health(a, &worst), *item;
	size_t i;

	(void)arguments;
	json_array_foreach(list, i, item) control_item(client, json_incref(item));
	json_decref(list);
	control_done(client, json_pack("{s:s}", "state", worst));
}

/* --- long answers ------------------------------------------------------------------------ */

/* Items in a slice. */
#define SLICE 64

/* Who has not read for so long gives way to others. */
#define STALLED_NS SECOND_NS

/* What is left of an answer that is made in slices. */
struct long_answer {
	/* Adds some items; false: it was the end. */
	bool (*go_on)(const struct requests *, struct control_client *, struct long_answer *);
	struct flow_query *query;      /* of flows; owned */
	const struct ruleset *ruleset; /* of a matrix: in whose numbers it goes on */
	size_t appliance;	       /* next */
	uint32_t row;
	char *name, *state; /* only these; NULL: all; owned */
	size_t items;	    /* sent so far */
};

static struct long_answer *long_answer_new(struct control_client *client,
	bool (*go_on)(const struct requests *, struct control_client *, struct long_answer *))
{
	struct long_answer *l = calloc(1, sizeof(*l));

	if (!l) {
		control_refuse(client, "no more memory");
		return NULL;
	}
	l->go_on = go_on;
	control_set_user_data(client, l);
	return l;
}

static struct long_answer *begin_long_answer(struct control_client *client,
	bool (*go_on)(const struct requests *, struct control_client *, struct long_answer *))
{
	struct long_answer *l = long_answer_new(client, go_on);

	if (l)
		control_goes_on(client);
	return l;
}

static bool put_item(struct long_answer *l, struct control_client *client, json_t *item)
{
	if (!control_item(client, item)) {
		control_refuse(client, "no more memory");
		return false;
	}
	l->items++;
	return true;
}

/* --- channels and matrix ------------------------------------------------------------------- */

static json_t *certificate_item(const struct channel *ch, unsigned end, uint64_t now_ns)
{
	const struct certificate *c = ch->certificate[end].now;
	char text[CERTIFICATE_TEXT_BYTES];
	json_t *item;

	channel_certificate_text(ch, end, now_ns, text);
	item = json_pack("{s:s}", "text", text);
	if (!c)
		return item;
	json_object_update_new(
		item, json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:o}", "issuer", c->issuer,
			      "subject", c->subject, "sha256", c->fingerprint, "not_before",
			      json_when(c->not_before_ns), "not_after", json_when(c->not_after_ns),
			      "days_left", (json_int_t)certificate_days_left(c, now_ns), "seen",
			      json_when(ch->certificate[end].seen_ns)));
	return item;
}

static json_t *channel_item(const struct channels *all, const struct channel *ch, uint64_t now_ns)
{
	char end[2][CHANNEL_END_BYTES], reason[CHANNEL_CAUSE_BYTES];

	for (unsigned i = 0; i < 2; i++)
		channel_end_text(all, ch, i, end[i]);
	channel_reason(all, ch, reason);
	return json_pack("{s:[s, s], s:s, s:s, s:s, s:o, s:o, s:i, s:i, s:[o, o]}", "appliances",
		end[0], end[1], "state", channel_state_name(ch->state), "meaning",
		channel_state_words(ch->state), "reason", reason, "since", json_when(ch->since_ns),
		"last_packet", json_when(ch->last_ns), "connections", ch->up, "reconnects",
		channel_reconnects(ch), "certificates", certificate_item(ch, 0, now_ns),
		certificate_item(ch, 1, now_ns));
}

/* Skips what was sent: channels are few, and a list. */
/* Pairs that the site declares and that have no channel, at most so many. */
#define MISSING_MAX 1000

static json_t *missing_channels(const struct ruleset *c, const struct channels *all)
{
	struct declared_channels declared;
	json_t *list = json_array();

	if (declared_channels_open(&declared, c, all) < 0)
		return list;
	for (size_t a = 0; a < c->appliances && json_array_size(list) < MISSING_MAX; a++) {
		uint32_t at = 0;
		uint16_t manager;
		while ((manager = declared_channels_missing(&declared, a, &at)) != APPLIANCE_NONE)
			json_array_append_new(list, json_pack("[s, s]", c->appliance[a].name,
							    c->appliance[manager].name));
	}
	declared_channels_close(&declared);
	return list;
}

static bool continue_channels(
	const struct requests *a, struct control_client *client, struct long_answer *l)
{
	const struct channels *all = &a->snapshot->collector->deployment.channels;
	uint64_t now_ns = a->snapshot->collector->deployment.evaluated_ns;
	const struct channel *ch = all->first;

	for (size_t i = 0; i < l->items && ch; i++)
		ch = ch->hh.next;
	for (size_t i = 0; i < SLICE && ch && control_has_room(client); i++, ch = ch->hh.next)
		if (!put_item(l, client, channel_item(all, ch, now_ns)))
			return false;
	if (ch)
		return true;
	control_done(
		client, json_pack("{s:I, s:I, s:b, s:o, s:o}", "channels", (json_int_t)all->count,
				"overflowed", (json_int_t)all->overflowed, "in_doubt",
				a->snapshot->in_doubt, "judged",
				json_when(a->snapshot->collector->deployment.evaluated_ns),
				"missing", missing_channels(snapshot_ruleset(a->snapshot), all)));
	return false;
}

static void answer_channels(
	struct requests *a, struct control_client *client, const json_t *arguments)
{
	(void)a;
	(void)arguments;
	begin_long_answer(client, continue_channels);
}

/* The features of a rule set, each once. */
static json_t *set_features(const struct ruleset *c, uint16_t set)
{
	json_t *features = json_array();

	for (uint32_t k = 0; k < c->policy->set[set].count; k++) {
		const char *feature = ruleset_member_text(c, set, k)->feature;
		size_t i = 0;
		while (i < json_array_size(features) &&
			strcmp(json_string_value(json_array_get(features, i)), feature) != 0)
			i++;
		if (i == json_array_size(features))
			json_array_append_new(features, json_string(feature));
	}
	return features;
}

static json_t *matrix_item(const struct requests *a, size_t appliance, uint32_t row)
{
	const struct ruleset *c = snapshot_ruleset(a->snapshot);
	uint16_t set = ruleset_row_set(c, appliance, row);
	const struct matrix_cell *cell =
		matrix_cell(&a->snapshot->collector->deployment.matrix, appliance, set);
	const struct matrix_count count =
		matrix_count(&a->snapshot->collector->deployment.matrix, cell);
	const char *interface = ruleset_interface_of(c, appliance, set);
	json_t *item;

	item = json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:I, s:I, s:I}", "appliance",
		c->appliance[appliance].name, "role", role_name(c->appliance[appliance].role),
		"rule", ruleset_set_id(c, set), "features", set_features(c, set), "state",
		matrix_state(cell), "last_seen", json_when(cell ? cell->last_ns : 0), "last_wrong",
		json_when(cell ? cell->wrong_ns : 0), "live", (json_int_t)count.live, "flows",
		(json_int_t)count.flows, "wrong", (json_int_t)count.violations);
	if (*interface)
		json_object_set_new(item, "interface", json_string(interface));
	if (cell && cell->wrong_ns)
		json_object_set_new(
			item, "verdict", json_string(verdict_name((enum verdict)cell->verdict)));
	return item;
}

/* What is implied is a row where it was seen: nobody misses it. */
static bool is_row(const struct ruleset *c, const struct matrix *m, size_t appliance, uint16_t set)
{
	return set != SET_NONE &&
	       (!policy_rule(c->policy, set, 0)->implied || matrix_cell(m, appliance, set));
}

static bool is_state(const char *state)
{
	return strcmp(state, "never") == 0 || strcmp(state, "last seen") == 0 ||
	       strcmp(state, "wrong") == 0;
}

static bool is_wanted(const struct requests *a, const struct long_answer *l)
{
	const struct matrix *m = &a->snapshot->collector->deployment.matrix;
	uint16_t set = ruleset_row_set(l->ruleset, l->appliance, l->row);

	return is_row(l->ruleset, m, l->appliance, set) &&
	       (!l->state ||
		       strcmp(l->state, matrix_state(matrix_cell(m, l->appliance, set))) == 0);
}

/* An appliance's next row, or the first one of the next appliance. */
static void step(struct long_answer *l)
{
	if (++l->row < l->ruleset->rows)
		return;
	l->row = 1;
	do
		l->appliance++;
	while (l->appliance < l->ruleset->appliances && l->name &&
		strcmp(l->name, l->ruleset->appliance[l->appliance].name) != 0);
}

static bool continue_matrix(
	const struct requests *a, struct control_client *client, struct long_answer *l)
{
	if (l->ruleset != snapshot_ruleset(a->snapshot)) {
		control_refuse(client, "the policy was reloaded meanwhile; ask again");
		return false;
	}
	for (size_t i = 0;
		i < SLICE && l->appliance < l->ruleset->appliances && control_has_room(client);
		i++, step(l))
		if (is_wanted(a, l) && !put_item(l, client, matrix_item(a, l->appliance, l->row)))
			return false;
	if (l->appliance < l->ruleset->appliances)
		return true;
	control_done(client, json_pack("{s:I, s:b, s:b}", "shown", (json_int_t)l->items, "complete",
				     1, "in_doubt", a->snapshot->in_doubt));
	return false;
}

static char *copy_of(const json_t *text)
{
	return json_is_string(text) ? strdup(json_string_value(text)) : NULL;
}

static void answer_matrix(
	struct requests *a, struct control_client *client, const json_t *arguments)
{
	const char *state = json_string_value(json_object_get(arguments, "state"));
	const char *name = json_string_value(json_object_get(arguments, "appliance"));
	struct long_answer *l;

	if (name && ruleset_appliance(snapshot_ruleset(a->snapshot), name) == APPLIANCE_NONE) {
		control_refuse(client, "appliance: the site has no '%.100s'", name);
		return;
	}

	if (state && !is_state(state)) {
		control_refuse(client, "state: want never, last seen or wrong");
		return;
	}
	l = begin_long_answer(client, continue_matrix);
	if (!l)
		return;
	l->ruleset = snapshot_ruleset(a->snapshot);
	l->name = copy_of(json_object_get(arguments, "appliance"));
	l->state = copy_of(json_object_get(arguments, "state"));
	l->row = l->ruleset->rows; /* the step to the first appliance's first row */
	l->appliance = SIZE_MAX;
	step(l);
}

/* --- flows (wait for a dump) ------------------------------------------------------------- */

static bool continue_flows(
	const struct requests *a, struct control_client *client, struct long_answer *l)
{
	(void)a;
	return flow_query_continue(l->query, client);
}

/* One bound of memory for all: who does not read gives way, then new ones are refused. */
static bool is_room_for(struct requests *a, const struct flow_query *q)
{
	while (a->query_bytes + flow_query_bytes(q) > REQUESTS_QUERY_BYTES_MAX)
		if (!control_drop_slowest(a->socket, STALLED_NS))
			return false;
	return true;
}

static void wait_for_dump(
	struct requests *a, struct control_client *client, struct flow_query *q, const char *why)
{
	struct long_answer *l;

	if (q && !is_room_for(a, q)) {
		flow_query_free(q);
		q = NULL;
		why = "too many ask for so many flows at the same time; ask for fewer, or try "
		      "again";
	}
	if (!q) {
		control_refuse(client, "%s", why);
		return;
	}
	l = long_answer_new(client, continue_flows);
	if (!l) {
		flow_query_free(q);
		return;
	}
	l->query = q;
	a->query_bytes += flow_query_bytes(q);
	a->waiting[a->waiters++] = client; /* room for all clients of the socket */
}

static void answer_flows(struct requests *a, struct control_client *client, const json_t *arguments)
{
	char why[FLOW_QUERY_WHY_BYTES];
	struct flow_query *q =
		flow_query_of_flows(arguments, &a->collector->ecs, clock_wall_ns(), why);

	wait_for_dump(a, client, q, why);
}

bool requests_want_dump(const struct requests *a)
{
	return a->waiters > a->dumped;
}

void requests_begin_dump(struct requests *a)
{
	a->dumped = a->waiters;
}

static struct long_answer *long_answer_of(const struct control_client *client)
{
	return control_user_data(client);
}

void requests_flow(void *context, const struct record *r)
{
	struct requests *a = context;

	for (size_t i = 0; i < a->dumped; i++)
		flow_query_add(long_answer_of(a->waiting[i])->query, r);
}

static void forget_long_answer(struct requests *a, struct control_client *client)
{
	struct long_answer *l = long_answer_of(client);

	if (!l)
		return;
	if (l->query)
		a->query_bytes -= flow_query_bytes(l->query);
	flow_query_free(l->query);
	free(l->name);
	free(l->state);
	free(l);
	control_set_user_data(client, NULL);
}

void requests_end_dump(struct requests *a)
{
	size_t left = a->waiters - a->dumped;

	for (size_t i = 0; i < a->dumped; i++)
		control_goes_on(a->waiting[i]);
	memmove(a->waiting, a->waiting + a->dumped, left * sizeof(*a->waiting));
	a->waiters = left;
	a->dumped = 0;
}

void requests_continue(void *context, struct control_client *client)
{
	struct long_answer *l = long_answer_of(client);

	if (!l->go_on(context, client, l))
		forget_long_answer(context, client);
}

void requests_closed(void *context, struct control_client *client)
{
	struct requests *a = context;

	if (a->reloader == client) {
		a->reloader = NULL;
		a->is_reload_wanted = false;
	}
	for (size_t i = 0; i < a->waiters; i++) {
		if (a->waiting[i] != client)
			continue;
		memmove(&a->waiting[i], &a->waiting[i + 1],
			(a->waiters - i - 1) * sizeof(*a->waiting));
		a->waiters--;
		a->dumped -= i < a->dumped;
		break;
	}
	forget_long_answer(a, client);
}

/* --- reload ---------------------------------------------------------------------------------- */

/* `site`: a draft's absolute path, read with the sensor's rights; NULL: the site itself. */
static void dry_run(struct requests *a, struct control_client *client, const char *site)
{
	struct errors errors = {.length = 0};
	struct ruleset *ruleset = site ? reload_read_draft(a->reload, site, &errors)
				       : reload_read(a->reload, NULL, &errors);
	struct flow_query *q;

	if (!ruleset) {
		control_refuse(client, "%s", errors.text);
		return;
	}
	q = flow_query_of_ruleset(ruleset, &a->collector->ecs, clock_wall_ns());
	if (!q)
		ruleset_close(ruleset);
	wait_for_dump(a, client, q, "no more memory");
}

/* The sensor's loop starts it when no dump or reload is in progress. */
static void reload_for(struct requests *a, struct control_client *client)
{
	if (a->reloader) {
		control_refuse(client, "another reload is under way; try again");
		return;
	}
	a->reloader = client;
	a->is_reload_wanted = true;
}

void requests_reloaded(struct requests *a, int error, const struct errors *errors)
{
	a->is_reload_wanted = false;
	if (error == 0 || !a->reloader)
		return;
	control_refuse(a->reloader, "the policy stays as it was: %s", errors->text);
	a->reloader = NULL;
}

static void answer_reload(
	struct requests *a, struct control_client *client, const json_t *arguments)
{
	if (!control_may_change(client))
		control_refuse(client, "reload takes root or the sensor's own user");
	else if (json_is_true(json_object_get(arguments, "dry_run")))
		dry_run(a, client, json_string_value(json_object_get(arguments, "site")));
	else
		reload_for(a, client);
}

void requests_rejudged(struct requests *a)
{
	const struct ruleset *c = a->reload->ruleset;
	char later[64];

	if (!a->reloader || a->is_reload_wanted) /* this client's reload has not begun */
		return;
	reload_needs_restart(a->reload, later, sizeof(later));
	control_done(
		a->reloader, json_pack("{s:s, s:s, s:I, s:I, s:s}", "profile", c->profile, "policy",
				     c->hash, "appliances", (json_int_t)c->appliances, "rules",
				     (json_int_t)c->policy->rules, "at_next_start", later));
	a->reloader = NULL;
}

/* --- dispatch -------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*answer)(struct requests *, struct control_client *, const json_t *arguments);
} command_of[] = {
	{"status", answer_status},
	{"health", answer_health},
	{"channels", answer_channels},
	{"matrix", answer_matrix},
	{"flows", answer_flows},
	{"reload", answer_reload},
};

void requests_handle(
	void *context, struct control_client *client, const char *command, const json_t *arguments)
{
	for (size_t i = 0; i < sizeof(command_of) / sizeof(*command_of); i++)
		if (strcmp(command, command_of[i].name) == 0) {
			command_of[i].answer(context, client, arguments);
			return;
		}
	control_refuse(client,
		"command: found '%.40s'; want status, health, channels, matrix, flows or reload",
		command);
}
