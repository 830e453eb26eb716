#include "analysis/alerts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "policy/remap.h"
#include "policy/ruleset.h"
#include "sink/sinks.h"

#define FINDINGS_MAX 65536

/* At most so many aggregated findings; beyond that, findings are written one by one. */
#define WIDE_MAX 16384

#define MINUTE_NS (60 * 1000000000ull)
#define HOUR_NS (60 * MINUTE_NS)

/* A finding without a packet for so long has ended. */
#define ENDED_NS (24 * HOUR_NS)

/* A reported flow without a record for so long is forgotten: no timeout is longer by default. Where
 * half of the room is taken, the shorter time holds. */
#define FORGOTTEN_NS (25 * HOUR_NS)
#define FORGOTTEN_IN_NEED_NS (2 * HOUR_NS)

/* A scan that finds nothing new for so long is over: what comes then is told by itself again. */
#define SCAN_OVER_NS HOUR_NS

void alerts_init(
	struct alerts *a, const struct ecs *ecs, struct json_lines *lines, uint64_t window_ns)
{
	*a = (struct alerts){.ecs = ecs, .lines = lines, .window_ns = window_ns};
	findings_init(&a->findings, FINDINGS_MAX);
	findings_init(&a->by_peer, WIDE_MAX);
	findings_init(&a->by_port, WIDE_MAX);
}

/* ---- writing ---- */

static int is_reported(const struct alerts *a)
{
	return a->lines || a->sinks || a->listener;
}

static void write_event(struct alerts *a, const struct ecs *ecs, struct event *v)
{
	ecs_render(v, ecs, &a->json);
	sinks_send(a->sinks, v);
	if (a->listener)
		a->listener(a->context, v);
	if (a->lines)
		json_lines_write(a->lines, v->json, v->json_bytes);
}

void alerts_write(struct alerts *a, const struct ecs *ecs, const struct record *r)
{
	struct event_words words;
	struct event v;

	a->alerts++;
	if (!is_reported(a))
		return;
	event_of_record(&v, ecs, r, &words);
	write_event(a, ecs, &v);
}

void alerts_write_event(struct alerts *a, struct event *v)
{
	a->alerts += v->severity != 0;
	if (is_reported(a))
		write_event(a, a->ecs, v);
}

/* What of the finding is in the event. */
static void describe(const struct alerts *a, const char *state, const struct finding *f,
	struct event *v, struct event_words *words)
{
	struct event_finding finding = {
		.state = state,
		.flows = f->flows,
		.members = f->members,
		.port_low = f->port_low,
		.port_high = f->port_high,
		.several_ports = f->several_ports,
		.several_peers = f->several_peers,
	};
	finding_id(f, a->ecs->ruleset->appliance[f->key.appliance].name, finding.id);
	event_set_finding(v, a->ecs, &finding, words);
}

/* Writes the alert of a finding; `r` is its most severe flow, with the time span of the finding. */
static void write_alert(
	struct alerts *a, const char *state, const struct finding *f, const struct record *r)
{
	struct event_words words;
	struct event v;

	a->alerts++;
	if (!is_reported(a))
		return;
	event_of_record(&v, a->ecs, r, &words);
	describe(a, state, f, &v, &words);
	write_event(a, a->ecs, &v);
}

static struct record span_of(const struct finding *f)
{
	struct record r = finding_flow(f);

	r.start_ns = f->first_ns;
	r.end_ns = f->last_ns;
	return r;
}

static void write_span(struct alerts *a, const char *state, const struct finding *f)
{
	struct record r = span_of(f);

	write_alert(a, state, f, &r);
}

/* The end of a finding's life is no alert. `why`: of a finding that is withdrawn. */
static void write_last(
	struct alerts *a, const char *state, const struct finding *f, const char *why)
{
	struct record r = span_of(f);
	char message[2 * EVENT_MESSAGE_BYTES];
	struct event_words words;
	struct event v;

	if (f->told != FINDING_TOLD || !is_reported(a))
		return;
	event_of_record(&v, a->ecs, &r, &words);
	describe(a, state, f, &v, &words);
	snprintf(message, sizeof(message), "%s: %s: %s", state, why ? why : "no packet for a day",
		v.message);
	v.message = message;
	v.severity = SEVERITY_NONE;
	v.action = why ? "finding-withdrawn" : "finding-ended";
	v.finding.reason = why;
	write_event(a, a->ecs, &v);
}

/* ---- times ---- */

static uint64_t later(uint64_t now_ns, uint64_t by_ns)
{
	return now_ns > UINT64_MAX - by_ns ? UINT64_MAX : now_ns + by_ns;
}

/* How long a finding that was told `step` times again is not told again: never shorter than the
 * window. */
static uint64_t interval_ns(const struct alerts *a, unsigned step)
{
	static const uint64_t interval[] = {10 * MINUTE_NS, HOUR_NS, 6 * HOUR_NS, 24 * HOUR_NS};
	unsigned last = sizeof(interval) / sizeof(interval[0]) - 1;
	uint64_t ns = interval[step < last ? step : last];

	return ns > a->window_ns ? ns : a->window_ns;
}

/* Notes that a finding was told; the first repetition may follow when the window ends. */
static void note_told(const struct alerts *a, struct finding *f, uint64_t now_ns, bool again)
{
	f->told = FINDING_TOLD;
	f->told_flows = f->flows;
	if (again) {
		f->next_ns = later(now_ns, interval_ns(a, f->step));
		f->step = (uint8_t)(f->step + (f->step < UINT8_MAX));
	} else {
		f->next_ns = a->window_ends_ns;
	}
}

/* ---- flows that come ---- */

/* Adds a new finding to its aggregate and returns how many findings that has; 0: no room. `speaks`:
 * it is the most severe of them so far. */
static uint32_t count_scan(
	struct findings *all, const struct finding_key *k, const struct record *r, bool *speaks)
{
	struct finding *f = findings_find(all, k);

	if (!f) {
		f = findings_insert(all, k, r);
		return f ? f->members : 0;
	}
	if (r->severity > f->description.severity) {
		f->description.severity = r->severity;
		*speaks = true;
	}
	if (r->end_ns > f->last_ns)
		f->last_ns = r->end_ns;
	return ++f->members;
}

/* Keeps the record of a finding that may be written when the window ends: one that is written by
 * itself, the one that completes a scan, and any that is more severe than those before, which a
 * scan does not hide. */
static void begin(struct alerts *a, struct finding *f, const struct record *r)
{
	struct finding_key peer = finding_key_without_port(f->key),
			   port = finding_key_without_peer(f->key);
	bool speaks = false, is_one_of_few;
	uint32_t ports = count_scan(&a->by_peer, &peer, r, &speaks);
	uint32_t peers = count_scan(&a->by_port, &port, r, &speaks);

	is_one_of_few = ports <= SCAN_PORTS && peers <= SCAN_PEERS;
	if (is_one_of_few || speaks) {
		write_alert(a, "new", f, r);
		note_told(a, f, r->end_ns, false);
	} else {
		a->coalesced++;
	}
	if (is_one_of_few || ports == SCAN_PORTS + 1 || peers == SCAN_PEERS + 1 || speaks)
		finding_keep_record(f, r);
}

/* A finding of which nothing was left has its aggregates' places still. */
static void begin_again(struct alerts *a, struct finding *f, const struct record *r)
{
	finding_add(f, r);
	f->description.severity = r->severity;
	finding_keep_record(f, r);
	write_alert(a, "new", f, r);
	note_told(a, f, r->end_ns, false);
}

/* Tells a flow of a finding that is there; graver ones at once. */
static void tell_again(struct alerts *a, struct finding *f, const struct record *r, bool graver)
{
	if (!graver) {
		a->coalesced++;
		return;
	}
	finding_keep_record(f, r);
	write_alert(a, f->told == FINDING_TOLD ? "raised" : "new", f, r);
	note_told(a, f, r->end_ns, false);
}

static struct finding *count_flow(
	struct alerts *a, const struct finding_key *k, const struct record *r, bool is_counted)
{
	struct finding *f = findings_find(&a->findings, k);
	bool graver;

	if (!f) {
		f = findings_insert(&a->findings, k, r);
		if (f)
			begin(a, f, r);
		else
			a->coalesced++;
	} else if (f->flows == 0) {
		begin_again(a, f, r);
	} else {
		graver = r->severity > f->description.severity;
		if (!is_counted)
			finding_add(f, r);
		tell_again(a, f, r, graver);
	}
	return f;
}

/* Takes back a flow that was counted; the finding is withdrawn if it was the only one. */
static void take_back(struct alerts *a, const struct finding_key *k, const char *why)
{
	struct finding *f = findings_find(&a->findings, k);

	if (!f || f->flows == 0)
		return;
	f->open -= f->open > 0;
	if (--f->flows > 0)
		return;
	a->withdrawn += f->told == FINDING_TOLD;
	write_last(a, "withdrawn", f, why);
	f->told = FINDING_UNTOLD;
	f->told_flows = 0;
	f->step = 0;
}

static void add_flagged(struct alerts *a, const struct record *r)
{
	struct reported_flow *flow = reported_find(&a->reported, r);
	struct finding_key k = finding_key_of(r);
	bool is_same = flow && memcmp(&flow->finding, &k, sizeof(k)) == 0;
	struct finding *f;

	if (flow && !is_same)
		take_back(a, &flow->finding, "its flow is classified otherwise by now");
	/* Of a flow that is not remembered, for want of room, only its own word is known. */
	f = count_flow(a, &k, r, is_same || (!flow && r->repeated_graver));
	if (!flow)
		flow = reported_add(&a->reported, r, &k);
	else
		flow->finding = k;
	if (f && flow && !is_same)
		f->open++;
}

static void withdraw(struct alerts *a, const struct record *r, const char *why)
{
	struct reported_flow *flow = reported_find(&a->reported, r);

	if (!flow)
		return;
	take_back(a, &flow->finding, why);
	reported_drop(&a->reported, flow);
}

/* The last word on a flow that was reported: where it is no finding's any more, or another's, that
 * was not told yet. */
static void end_flow(struct alerts *a, const struct record *r)
{
	struct reported_flow *flow = reported_find(&a->reported, r);
	struct finding_key k;
	struct finding *f;

	if (!flow)
		return;
	if (!verdict_is_flagged((enum verdict)r->verdict)) {
		withdraw(a, r, "its flow turned out to be allowed");
		return;
	}
	k = finding_key_of(r);
	if (memcmp(&flow->finding, &k, sizeof(k)) != 0) {
		take_back(a, &flow->finding, "its flow is classified otherwise by now");
		count_flow(a, &k, r, false);
	} else {
		f = findings_find(&a->findings, &k);
		if (f) {
			f->open -= f->open > 0;
			f->last_ns = r->end_ns > f->last_ns ? r->end_ns : f->last_ns;
		}
	}
	reported_drop(&a->reported, flow);
}

/* A live flow keeps its finding from ending. */
static void refresh(struct alerts *a, const struct record *r)
{
	const struct reported_flow *flow = reported_find(&a->reported, r);
	struct finding *f = flow ? findings_find(&a->findings, &flow->finding) : NULL;

	if (f && r->end_ns > f->last_ns)
		f->last_ns = r->end_ns;
}

static void add_evasion(struct alerts *a, const struct record *r)
{
	struct finding_key k = finding_key_of(r);

	count_flow(a, &k, r, false);
}

void alerts_expect(const struct alerts *a, const struct record *r)
{
	struct finding_key k, peer;

	if (r->kind != RECORD_EVASION)
		reported_expect(&a->reported, r);
	if (r->kind != RECORD_FLAGGED)
		return;
	k = finding_key_of(r);
	peer = finding_key_without_port(k);
	findings_expect(&a->findings, &k);
	findings_expect(&a->by_peer, &peer);
}

void alerts_add(struct alerts *a, const struct record *r)
{
	switch (r->kind) {
	case RECORD_FLAGGED:
		alerts_tick(a, r->end_ns);
		add_flagged(a, r);
		break;
	case RECORD_EVASION:
		alerts_tick(a, r->end_ns);
		add_evasion(a, r);
		break;
	case RECORD_WITHDRAWN:
		withdraw(a, r, "its flow turned out to be allowed");
		break;
	case RECORD_ENDED:
		end_flow(a, r);
		break;
	case RECORD_LIVE:
		refresh(a, r);
		break;
	default:
		break;
	}
}

/* ---- what is due ---- */

static int is_scanned(const struct alerts *a, const struct finding *f)
{
	struct finding_key peer = finding_key_without_port(f->key),
			   port = finding_key_without_peer(f->key);
	const struct finding *ports = findings_find(&a->by_peer, &peer);
	const struct finding *peers = findings_find(&a->by_port, &port);

	return (ports && ports->members > SCAN_PORTS) || (peers && peers->members > SCAN_PEERS);
}

static void clear_total(struct finding *w)
{
	w->flows = w->packets = w->bytes = w->members = 0;
	w->worst = NULL;
	w->description.severity = 0;
}

/* Sums up the findings in their aggregates. */
static void total_scans(struct alerts *a, struct findings *wide, finding_wider *wider)
{
	for (size_t i = 0; i < wide->count; i++)
		clear_total(&wide->finding[i]);
	for (size_t i = 0; i < a->findings.count; i++) {
		const struct finding *f = &a->findings.finding[i];
		struct finding_key k = wider(f->key);
		struct finding *w = findings_find(wide, &k);
		if (!w || f->flows == 0)
			continue;
		finding_absorb(w, f);
		w->several_ports = wider == finding_key_without_port;
		w->several_peers = wider == finding_key_without_peer;
	}
}

/* When findings are told, and whether their intervals count. */
struct moment {
	uint64_t now_ns;
	bool is_last;
};

static bool is_due(const struct finding *f, const struct moment *m)
{
	return f->flows > f->told_flows && (m->is_last || m->now_ns >= f->next_ns);
}

static void tell_scan(
	struct alerts *a, struct finding *w, uint32_t more_than, const struct moment *m)
{
	if (w->flows == 0 && w->told == FINDING_TOLD) {
		a->withdrawn++;
		write_last(a, "withdrawn", w, "its flows turned out to be allowed");
		w->told = FINDING_UNTOLD;
		w->told_flows = 0;
	} else if (w->members > more_than && is_due(w, m)) {
		write_span(a, "scan", w);
		note_told(a, w, m->now_ns, true);
	}
}

static void tell_scans(
	struct alerts *a, struct findings *wide, uint32_t more_than, const struct moment *m)
{
	for (size_t i = 0; i < wide->count; i++)
		tell_scan(a, &wide->finding[i], more_than, m);
}

/* A finding that was counted with a scan only is new when it is told by itself. */
static void tell_finding(struct alerts *a, struct finding *f, const struct moment *m)
{
	if (f->flows == 0)
		return;
	if (is_scanned(a, f)) {
		if (f->told == FINDING_UNTOLD)
			f->told = FINDING_COUNTED;
		f->told_flows = f->flows;
		return;
	}
	if (!is_due(f, m))
		return;
	write_span(a, f->told == FINDING_TOLD ? "repeated" : "new", f);
	note_told(a, f, m->now_ns, true);
}

/* What a keeper is asked with. */
struct sweep {
	struct alerts *alerts;
	uint64_t now_ns, silent_ns;
};

static bool is_alive(void *context, const struct finding *f)
{
	const struct sweep *s = context;

	if (f->flows == 0)
		return false;
	if (f->open > 0 || later(f->last_ns, s->silent_ns) > s->now_ns)
		return true;
	s->alerts->ended += f->told == FINDING_TOLD;
	write_last(s->alerts, "ended", f, NULL);
	return false;
}

static bool is_scan_alive(void *context, const struct finding *w)
{
	const struct sweep *s = context;

	return w->members > 0 && later(w->last_ns, SCAN_OVER_NS) > s->now_ns;
}

static bool was_seen(void *context, const struct finding *f)
{
	const struct sweep *s = context;

	return later(f->last_ns, s->silent_ns) > s->now_ns;
}

static bool is_kept_never(void *context, const struct finding *f)
{
	(void)context;
	(void)f;
	return false;
}

/* A table that is full tells nothing new: it forgets what was silent for a window, and if that is
 * not enough, everything. */
static void make_room(struct alerts *a, uint64_t now_ns)
{
	struct sweep s = {.alerts = a, .now_ns = now_ns, .silent_ns = a->window_ns};

	if (a->findings.count > FINDINGS_MAX / 2)
		a->forgotten += findings_retain(&a->findings, was_seen, &s);
	if (a->findings.count > FINDINGS_MAX / 2)
		a->forgotten += findings_retain(&a->findings, is_kept_never, &s);
}

static void tell_all(struct alerts *a, const struct moment *m)
{
	for (size_t i = 0; i < a->findings.count; i++)
		tell_finding(a, &a->findings.finding[i], m);
	total_scans(a, &a->by_peer, finding_key_without_port);
	total_scans(a, &a->by_port, finding_key_without_peer);
	tell_scans(a, &a->by_peer, SCAN_PORTS, m);
	tell_scans(a, &a->by_port, SCAN_PEERS, m);
}

static void forget_flow(void *context, const struct finding_key *k)
{
	struct finding *f = findings_find(&((struct alerts *)context)->findings, k);

	if (f)
		f->open -= f->open > 0;
}

static void forget_flows(struct alerts *a, uint64_t now_ns)
{
	uint64_t silent_ns = HASH_COUNT(a->reported.flow) > REPORTED_MAX / 2 ? FORGOTTEN_IN_NEED_NS
									     : FORGOTTEN_NS;

	if (now_ns > silent_ns)
		reported_expire(&a->reported, now_ns - silent_ns, forget_flow, a);
}

void alerts_tick(struct alerts *a, uint64_t now_ns)
{
	struct moment m = {.now_ns = now_ns};
	struct sweep s = {.alerts = a, .now_ns = now_ns, .silent_ns = ENDED_NS};

	if (now_ns < a->window_ends_ns)
		return;
	tell_all(a, &m);
	forget_flows(a, now_ns);
	findings_retain(&a->findings, is_alive, &s);
	make_room(a, now_ns);
	findings_retain(&a->by_peer, is_scan_alive, &s);
	findings_retain(&a->by_port, is_scan_alive, &s);
	a->window_ends_ns = later(now_ns, a->window_ns);
}

void alerts_clock_was_set(struct alerts *a)
{
	a->window_ends_ns = 0;
}

void alerts_flush(struct alerts *a)
{
	tell_all(a, &(struct moment){.now_ns = a->window_ends_ns, .is_last = true});
}

/* ---- reload ---- */

void alerts_reload(struct alerts *a, const struct remap *remap)
{
	alerts_flush(a);
	memset(a->said, 0, sizeof(a->said));
	for (size_t i = 0; i < a->findings.count; i++) {
		struct finding *f = &a->findings.finding[i];
		struct record r = finding_flow(f);
		if (f->flows == 0 || remap_record(remap, &r))
			continue;
		a->withdrawn += f->told == FINDING_TOLD;
		write_last(a, "withdrawn", f, "a reload took its appliance or rule away");
	}
	findings_release_records(&a->findings);
	findings_translate(&a->findings, remap);
	findings_clear(&a->by_peer);
	findings_clear(&a->by_port);
	reported_translate(&a->reported, remap);
}

/* Whatever is not remembered any more has the id that it would get now. */
void alerts_id(const struct alerts *a, const struct finding *f, char id[FINDING_ID_BYTES])
{
	struct finding same = *f;
	const struct findings *all = &a->findings;
	const struct finding *told;

	if (f->several_ports) {
		all = &a->by_peer;
		same.key = finding_key_without_port(f->key);
	} else if (f->several_peers) {
		all = &a->by_port;
		same.key = finding_key_without_peer(f->key);
	}
	told = findings_find(all, &same.key);
	if (told)
		same.born_ns = told->born_ns;
	finding_id(&same, a->ecs->ruleset->appliance[f->key.appliance].name, id);
}

/* The scan of which the finding is one, as tell_scans() will tell it. */
static bool find_scan(const struct alerts *a, const struct finding_key *k, struct finding *scan)
{
	struct finding_key peer = finding_key_without_port(*k), port = finding_key_without_peer(*k);
	const struct finding *ports = findings_find(&a->by_peer, &peer), *peers;

	if (ports && ports->members > SCAN_PORTS) {
		*scan = *ports;
		scan->several_ports = 1;
		return true;
	}
	peers = findings_find(&a->by_port, &port);
	if (!peers || peers->members <= SCAN_PEERS)
		return false;
	*scan = *peers;
	scan->several_peers = 1;
	return true;
}

static bool is_said(const struct told_id *said, const struct finding *f)
{
	return said->is_known && said->born_ns == f->born_ns &&
	       said->several_ports == f->several_ports && said->several_peers == f->several_peers &&
	       memcmp(&said->key, &f->key, sizeof(f->key)) == 0;
}

static void write_id(struct alerts *a, const struct finding *f, char id[FINDING_ID_BYTES])
{
	struct told_id *said = &a->said[(f->key.port ^ f->key.peer.byte[15]) % TOLD_IDS];

	if (!is_said(said, f)) {
		*said = (struct told_id){.key = f->key,
			.several_ports = f->several_ports,
			.several_peers = f->several_peers,
			.is_known = 1,
			.born_ns = f->born_ns};
		finding_id(f, a->ecs->ruleset->appliance[f->key.appliance].name, said->id);
	}
	memcpy(id, said->id, sizeof(said->id));
}

bool alerts_told_id(struct alerts *a, const struct record *r, char id[FINDING_ID_BYTES])
{
	struct finding found = {.key = finding_key_of(r), .born_ns = r->start_ns};
	const struct finding *own = findings_find(&a->findings, &found.key);
	bool is_scan = (!own || own->told != FINDING_TOLD) && find_scan(a, &found.key, &found);

	if (own && !is_scan)
		found = *own;
	write_id(a, &found, id);
	return is_scan || own;
}

void alerts_fini(struct alerts *a)
{
	buffer_fini(&a->json);
	findings_clear(&a->findings);
	findings_clear(&a->by_peer);
	findings_clear(&a->by_port);
	reported_clear(&a->reported);
}
