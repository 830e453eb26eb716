#include "analysis/alerts.h"

#include <stdbool.h>
#include <string.h>

#include "sink/sinks.h"

#define FINDINGS_MAX 65536

/* Of the wider ones fewer: what finds no place there is told one by one. */
#define WIDE_MAX 16384

void alerts_init(
	struct alerts *e, const struct ecs *ecs, struct json_lines *lines, uint64_t window_ns)
{
	*e = (struct alerts){.ecs = ecs, .lines = lines, .window_ns = window_ns};
	findings_init(&e->findings, FINDINGS_MAX);
	findings_init(&e->by_peer, WIDE_MAX);
	findings_init(&e->by_port, WIDE_MAX);
}

static int is_reported(const struct alerts *e)
{
	return e->lines || e->sinks;
}

static void write_event(struct alerts *e, const struct ecs *ecs, struct event *v)
{
	ecs_render(v, ecs, &e->json);
	sinks_send(e->sinks, v);
	if (e->lines)
		json_lines_write(e->lines, v->json, v->json_bytes);
}

void alerts_write(struct alerts *e, const struct ecs *ecs, const struct record *r)
{
	struct event_words words;
	struct event v;

	e->alerts++;
	if (!is_reported(e))
		return;
	event_of_record(&v, ecs, r, &words);
	write_event(e, ecs, &v);
}

void alerts_write_event(struct alerts *e, struct event *v)
{
	e->alerts += v->severity != 0;
	if (is_reported(e))
		write_event(e, e->ecs, v);
}

/* The gravest flow speaks for the finding; its span replaces the flow's. */
static void write_alert(
	struct alerts *e, const char *state, const struct finding *f, const struct record *r)
{
	struct event_words words;
	struct event v;

	e->alerts++;
	if (!is_reported(e))
		return;
	event_of_record(&v, e->ecs, r, &words);
	v.finding = (struct event_finding){
		.state = state,
		.flows = f->flows,
		.members = f->members,
		.port_low = f->port_low,
		.port_high = f->port_high,
		.several_ports = f->several_ports,
		.several_peers = f->several_peers,
	};
	write_event(e, e->ecs, &v);
}

static void write_span(struct alerts *e, const char *state, const struct finding *f)
{
	struct record r = finding_flow(f);

	r.start_ns = f->first_ns;
	r.end_ns = f->last_ns;
	write_alert(e, state, f, &r);
}

/* Adds a new finding to a wider one and says of how many it is now; 0: there is no room. `speaks`
 * where it is the gravest of them so far. */
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

/* The record is kept of what may have to be written when the window ends: a finding that is told
 * by itself, and of a scan the one that made it one, and whatever is graver than those before. */
static void add_new(struct alerts *e, const struct finding_key *k, const struct record *r)
{
	struct finding *f = findings_insert(&e->findings, k, r);
	struct finding_key peer = finding_key_without_port(*k), port = finding_key_without_peer(*k);
	uint32_t ports, peers;
	bool speaks = false;

	if (!f) {
		e->coalesced++;
		return;
	}
	ports = count_scan(&e->by_peer, &peer, r, &speaks);
	peers = count_scan(&e->by_port, &port, r, &speaks);
	if (ports <= SCAN_PORTS && peers <= SCAN_PEERS)
		write_alert(e, "new", f, r);
	else
		e->coalesced++;
	if ((ports <= SCAN_PORTS && peers <= SCAN_PEERS) || ports == SCAN_PORTS + 1 ||
		peers == SCAN_PEERS + 1 || speaks)
		finding_keep_record(f, r);
}

void alerts_add(struct alerts *e, const struct record *r)
{
	struct finding_key k = finding_key_of(r);
	struct finding *f;
	int graver;

	alerts_tick(e, r->end_ns);
	f = findings_find(&e->findings, &k);
	if (!f) {
		add_new(e, &k, r);
		return;
	}
	graver = r->severity > f->description.severity;
	if (!r->repeated_graver)
		finding_add(f, r);
	if (graver) {
		finding_keep_record(f, r);
		write_alert(e, "raised", f, r);
	} else {
		e->coalesced++;
	}
}

static int is_scanned(const struct alerts *e, const struct finding *f)
{
	struct finding_key peer = finding_key_without_port(f->key),
			   port = finding_key_without_peer(f->key);
	const struct finding *ports = findings_find(&e->by_peer, &peer);
	const struct finding *peers = findings_find(&e->by_port, &port);

	return (ports && ports->members > SCAN_PORTS) || (peers && peers->members > SCAN_PEERS);
}

/* The wider findings get the totals of what they are made of. */
static void total_scans(struct alerts *e, struct findings *wide, finding_wider *wider)
{
	for (size_t i = 0; i < wide->count; i++) {
		struct finding *w = &wide->finding[i];
		w->flows = w->packets = w->bytes = w->members = 0;
	}
	for (size_t i = 0; i < e->findings.count; i++) {
		const struct finding *f = &e->findings.finding[i];
		struct finding_key k = wider(f->key);
		struct finding *w = findings_find(wide, &k);
		if (!w)
			continue;
		finding_absorb(w, f);
		w->several_ports = wider == finding_key_without_port;
		w->several_peers = wider == finding_key_without_peer;
	}
}

static void write_scans(struct alerts *e, const struct findings *wide, uint32_t more_than)
{
	for (size_t i = 0; i < wide->count; i++)
		if (wide->finding[i].members > more_than)
			write_span(e, "scan", &wide->finding[i]);
}

void alerts_close_window(struct alerts *e)
{
	for (size_t i = 0; i < e->findings.count; i++) {
		const struct finding *f = &e->findings.finding[i];
		if (f->flows > 1 && !is_scanned(e, f))
			write_span(e, "repeated", f);
	}
	total_scans(e, &e->by_peer, finding_key_without_port);
	total_scans(e, &e->by_port, finding_key_without_peer);
	write_scans(e, &e->by_peer, SCAN_PORTS);
	write_scans(e, &e->by_port, SCAN_PEERS);
	findings_clear(&e->by_peer);
	findings_clear(&e->by_port);
	findings_clear(&e->findings);
}

void alerts_tick(struct alerts *e, uint64_t now_ns)
{
	if (now_ns < e->window_ends_ns)
		return;
	alerts_close_window(e);
	e->window_ends_ns = now_ns > UINT64_MAX - e->window_ns ? UINT64_MAX : now_ns + e->window_ns;
}

void alerts_fini(struct alerts *e)
{
	buffer_fini(&e->json);
	findings_clear(&e->findings);
	findings_clear(&e->by_peer);
	findings_clear(&e->by_port);
}
