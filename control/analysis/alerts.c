#include "analysis/alerts.h"

#include <stdbool.h>
#include <string.h>

#include "sink/sinks.h"

#define FINDINGS_MAX 65536

/* At most so many aggregated findings; beyond that, findings are written one by one. */
#define WIDE_MAX 16384

void alerts_init(
	struct alerts *a, const struct ecs *ecs, struct json_lines *lines, uint64_t window_ns)
{
	*a = (struct alerts){.ecs = ecs, .lines = lines, .window_ns = window_ns};
	findings_init(&a->findings, FINDINGS_MAX);
	findings_init(&a->by_peer, WIDE_MAX);
	findings_init(&a->by_port, WIDE_MAX);
}

static int is_reported(const struct alerts *a)
{
	return a->lines || a->sinks;
}

static void write_event(struct alerts *a, const struct ecs *ecs, struct event *v)
{
	ecs_render(v, ecs, &a->json);
	sinks_send(a->sinks, v);
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
	v.finding = (struct event_finding){
		.state = state,
		.flows = f->flows,
		.members = f->members,
		.port_low = f->port_low,
		.port_high = f->port_high,
		.several_ports = f->several_ports,
		.several_peers = f->several_peers,
	};
	write_event(a, a->ecs, &v);
}

static void write_span(struct alerts *a, const char *state, const struct finding *f)
{
	struct record r = finding_flow(f);

	r.start_ns = f->first_ns;
	r.end_ns = f->last_ns;
	write_alert(a, state, f, &r);
}

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
	return ++f->members;
}

/* Keeps the record of a finding that may be written when the window ends: one that is written by
 * itself, the one that completes a scan, and any that is more severe than those before. */
static void add_new(struct alerts *a, const struct finding_key *k, const struct record *r)
{
	struct finding *f = findings_insert(&a->findings, k, r);
	struct finding_key peer = finding_key_without_port(*k), port = finding_key_without_peer(*k);
	uint32_t ports, peers;
	bool speaks = false;

	if (!f) {
		a->coalesced++;
		return;
	}
	ports = count_scan(&a->by_peer, &peer, r, &speaks);
	peers = count_scan(&a->by_port, &port, r, &speaks);
	if (ports <= SCAN_PORTS && peers <= SCAN_PEERS)
		write_alert(a, "new", f, r);
	else
		a->coalesced++;
	if ((ports <= SCAN_PORTS && peers <= SCAN_PEERS) || ports == SCAN_PORTS + 1 ||
		peers == SCAN_PEERS + 1 || speaks)
		finding_keep_record(f, r);
}

void alerts_add(struct alerts *a, const struct record *r)
{
	struct finding_key k = finding_key_of(r);
	struct finding *f;
	int graver;

	alerts_tick(a, r->end_ns);
	f = findings_find(&a->findings, &k);
	if (!f) {
		add_new(a, &k, r);
		return;
	}
	graver = r->severity > f->description.severity;
	if (!r->repeated_graver)
		finding_add(f, r);
	if (graver) {
		finding_keep_record(f, r);
		write_alert(a, "raised", f, r);
	} else {
		a->coalesced++;
	}
}

static int is_scanned(const struct alerts *a, const struct finding *f)
{
	struct finding_key peer = finding_key_without_port(f->key),
			   port = finding_key_without_peer(f->key);
	const struct finding *ports = findings_find(&a->by_peer, &peer);
	const struct finding *peers = findings_find(&a->by_port, &port);

	return (ports && ports->members > SCAN_PORTS) || (peers && peers->members > SCAN_PEERS);
}

/* Sums up the findings in their aggregates. */
static void total_scans(struct alerts *a, struct findings *wide, finding_wider *wider)
{
	for (size_t i = 0; i < wide->count; i++) {
		struct finding *w = &wide->finding[i];
		w->flows = w->packets = w->bytes = w->members = 0;
	}
	for (size_t i = 0; i < a->findings.count; i++) {
		const struct finding *f = &a->findings.finding[i];
		struct finding_key k = wider(f->key);
		struct finding *w = findings_find(wide, &k);
		if (!w)
			continue;
		finding_absorb(w, f);
		w->several_ports = wider == finding_key_without_port;
		w->several_peers = wider == finding_key_without_peer;
	}
}

static void write_scans(struct alerts *a, const struct findings *wide, uint32_t more_than)
{
	for (size_t i = 0; i < wide->count; i++)
		if (wide->finding[i].members > more_than)
			write_span(a, "scan", &wide->finding[i]);
}

void alerts_close_window(struct alerts *a)
{
	for (size_t i = 0; i < a->findings.count; i++) {
		const struct finding *f = &a->findings.finding[i];
		if (f->flows > 1 && !is_scanned(a, f))
			write_span(a, "repeated", f);
	}
	total_scans(a, &a->by_peer, finding_key_without_port);
	total_scans(a, &a->by_port, finding_key_without_peer);
	write_scans(a, &a->by_peer, SCAN_PORTS);
	write_scans(a, &a->by_port, SCAN_PEERS);
	findings_clear(&a->by_peer);
	findings_clear(&a->by_port);
	findings_clear(&a->findings);
}

void alerts_tick(struct alerts *a, uint64_t now_ns)
{
	if (now_ns < a->window_ends_ns)
		return;
	alerts_close_window(a);
	a->window_ends_ns = now_ns > UINT64_MAX - a->window_ns ? UINT64_MAX : now_ns + a->window_ns;
}

void alerts_fini(struct alerts *a)
{
	buffer_fini(&a->json);
	findings_clear(&a->findings);
	findings_clear(&a->by_peer);
	findings_clear(&a->by_port);
}
