#include "events.h"

#include <string.h>

#include "outlets.h"

#define FINDINGS_MAX 65536

/* So many ports of one peer, or peers of one port, are written one by one: more is a scan. */
#define SCAN_PORTS 4
#define SCAN_PEERS 16

void events_init(
	struct events *e, const struct ecs *ecs, struct json_lines *sink, uint64_t window_ns)
{
	*e = (struct events){.ecs = ecs, .sink = sink, .window_ns = window_ns};
	e->findings.max = e->by_peer.max = e->by_port.max = FINDINGS_MAX;
}

static json_t *json_finding(const char *state, const struct finding *f)
{
	json_t *finding = json_pack("{s:s, s:I}", "state", state, "count", (json_int_t)f->flows);

	if (f->several_ports)
		json_object_set_new(finding, "ports",
			json_pack("{s:I, s:i, s:i}", "count", (json_int_t)f->members, "lowest",
				f->port_low, "highest", f->port_high));
	if (f->several_peers)
		json_object_set_new(
			finding, "peers", json_pack("{s:I}", "count", (json_int_t)f->members));
	return finding;
}

/* Takes the document over. */
static void put(struct events *e, json_t *document)
{
	if (document)
		outlets_offer(e->outlets, document, false);
	if (e->sink)
		json_lines_write(e->sink, document);
	else
		json_decref(document);
}

static int is_heard(const struct events *e)
{
	return e->sink || e->outlets;
}

void events_write(struct events *e, const struct ecs *ecs, const struct record *r)
{
	e->alerts++;
	if (is_heard(e))
		put(e, ecs_flow(ecs, r));
}

void events_write_note(struct events *e, json_t *document)
{
	if (json_string_value(json_object_get(json_object_get(document, "event"), "kind"))[0] ==
		'a')
		e->alerts++;
	put(e, document);
}

/* The gravest flow speaks for the finding; its span replaces the flow's. */
static void write_alert(
	struct events *e, const char *state, const struct finding *f, const struct record *r)
{
	json_t *document;

	e->alerts++;
	if (!is_heard(e))
		return;
	document = ecs_flow(e->ecs, r);
	json_object_set_new(
		json_object_get(document, "portolan"), "finding", json_finding(state, f));
	put(e, document);
}

static void write_span(struct events *e, const char *state, const struct finding *f)
{
	struct record r = f->worst;

	r.start_ns = f->first_ns;
	r.end_ns = f->last_ns;
	write_alert(e, state, f, &r);
}

/* Adds a new finding to a wider one and says of how many it is now. */
static uint32_t join(struct findings *all, const struct finding_key *k, const struct record *r)
{
	struct finding *f = findings_find(all, k);

	if (!f)
		f = findings_add(all, k, r);
	else
		f->members++;
	return f ? f->members : 0;
}

static void take_new(struct events *e, const struct finding_key *k, const struct record *r)
{
	struct finding *f = findings_add(&e->findings, k, r);
	struct finding_key peer = finding_key_without_port(*k), port = finding_key_without_peer(*k);
	uint32_t ports, peers;

	if (!f) {
		e->coalesced++;
		return;
	}
	ports = join(&e->by_peer, &peer, r);
	peers = join(&e->by_port, &port, r);
	if (ports <= SCAN_PORTS && peers <= SCAN_PEERS)
		write_alert(e, "new", f, r);
	else
		e->coalesced++;
}

void events_take(struct events *e, const struct record *r)
{
	struct finding_key k = finding_key_of(r);
	struct finding *f;
	int graver;

	events_tick(e, r->end_ns);
	f = findings_find(&e->findings, &k);
	if (!f) {
		take_new(e, &k, r);
		return;
	}
	graver = r->severity > f->worst.severity;
	if (r->raised)
		f->worst = graver ? *r : f->worst;
	else
		findings_add(&e->findings, &k, r);
	if (graver)
		write_alert(e, "raised", f, r);
	else
		e->coalesced++;
}

static int is_scanned(const struct events *e, const struct finding *f)
{
	struct finding_key peer = finding_key_without_port(f->key),
			   port = finding_key_without_peer(f->key);
	const struct finding *ports = findings_find(&e->by_peer, &peer);
	const struct finding *peers = findings_find(&e->by_port, &port);

	return (ports && ports->members > SCAN_PORTS) || (peers && peers->members > SCAN_PEERS);
}

/* The wider findings get the totals of what they are made of. */
static void sum_up(struct events *e, struct findings *wide, finding_wider *wider)
{
	for (struct finding *f = wide->first; f; f = f->hh.next)
		f->flows = f->packets = f->bytes = f->members = 0;
	for (struct finding *f = e->findings.first; f; f = f->hh.next) {
		struct finding_key k = wider(f->key);
		struct finding *w = findings_find(wide, &k);
		if (!w)
			continue;
		finding_absorb(w, f);
		w->several_ports = wider == finding_key_without_port;
		w->several_peers = wider == finding_key_without_peer;
	}
}

void events_close_window(struct events *e)
{
	for (struct finding *f = e->findings.first; f; f = f->hh.next)
		if (f->flows > 1 && !is_scanned(e, f))
			write_span(e, "repeated", f);
	sum_up(e, &e->by_peer, finding_key_without_port);
	sum_up(e, &e->by_port, finding_key_without_peer);
	for (struct finding *f = e->by_peer.first; f; f = f->hh.next)
		if (f->members > SCAN_PORTS)
			write_span(e, "scan", f);
	for (struct finding *f = e->by_port.first; f; f = f->hh.next)
		if (f->members > SCAN_PEERS)
			write_span(e, "scan", f);
	findings_clear(&e->findings);
	findings_clear(&e->by_peer);
	findings_clear(&e->by_port);
}

void events_tick(struct events *e, uint64_t now_ns)
{
	if (now_ns < e->window_ends_ns)
		return;
	events_close_window(e);
	e->window_ends_ns = now_ns > UINT64_MAX - e->window_ns ? UINT64_MAX : now_ns + e->window_ns;
}

void events_fini(struct events *e)
{
	findings_clear(&e->findings);
	findings_clear(&e->by_peer);
	findings_clear(&e->by_port);
}
