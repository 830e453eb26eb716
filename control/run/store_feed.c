#include "run/store_feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/correlation.h"
#include "analysis/deployment.h"
#include "analysis/exposure.h"
#include "analysis/mirror_report.h"
#include "base/clock.h"
#include "base/format.h"
#include "base/hash_table.h"
#include "base/heap.h"
#include "config/settings.h"
#include "policy/ruleset.h"
#include "protocol.h"
#include "report/policy_json.h"
#include "sink/evidence_files.h"

#ifndef PORTOLAN_VERSION
#define PORTOLAN_VERSION "unknown"
#endif

#define SECOND_NS 1000000000ull
#define MINUTE_NS (60 * SECOND_NS)

/* A live flow that is older is told in parts. */
#define LONG_NS (10 * MINUTE_NS)

/* A sensor that stops waits so long for its store at most. */
#define CLOSE_NS (10 * SECOND_NS)

/* --- endpoints ------------------------------------------------------------------------ */

struct feed_endpoint_key {
	uint32_t generation;
	uint16_t appliance, set;
	uint8_t verdict, direction, zero[2];
};

struct feed_endpoint {
	struct feed_endpoint_key key;
	uint32_t number;
	UT_hash_handle hh;
};

static void features_of(const struct ruleset *c, uint16_t set, char *text, size_t bytes)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < c->policy->set[set].count && used < bytes; i++) {
		const char *feature = ruleset_member_text(c, set, i)->feature;
		if (i == 0 || strcmp(feature, ruleset_member_text(c, set, i - 1)->feature) != 0)
			used += (size_t)snprintf(
				text + used, bytes - used, "%s%s", used ? " " : "", feature);
	}
}

static void tell_endpoint(
	struct store_feed *f, const struct ruleset *c, const struct feed_endpoint *e)
{
	const struct appliance_text *a = &c->appliance[e->key.appliance];
	char features[512];
	struct stored_endpoint told = {
		.number = e->number,
		.appliance = a->name,
		.role = role_name(a->role),
		.direction = direction_name((enum direction)e->key.direction),
		.rule = ruleset_set_id(c, e->key.set),
		.features = features,
		.verdict = verdict_name((enum verdict)e->key.verdict),
	};

	features_of(c, e->key.set, features, sizeof(features));
	store_endpoint(f->store, &told);
}

/* Its number; 0: no appliance, or no memory. */
static uint32_t endpoint_of(
	struct store_feed *f, const struct ecs *ecs, const struct record *r, unsigned end)
{
	struct feed_endpoint_key k;
	struct feed_endpoint *e;

	if (r->appliance[end] == APPLIANCE_NONE)
		return 0;
	memset(&k, 0, sizeof(k));
	k.generation = ecs->ruleset->policy->generation;
	k.appliance = r->appliance[end];
	k.set = r->set[end];
	k.verdict = r->end_verdict[end];
	k.direction = (uint8_t)record_direction(end);
	HASH_FIND(hh, f->endpoint, &k, sizeof(k), e);
	if (e)
		return e->number;
	e = heap_calloc(1, sizeof(*e));
	if (!e)
		return 0;
	e->key = k;
	e->number = ++f->endpoints;
	HASH_ADD(hh, f->endpoint, key, sizeof(e->key), e);
	tell_endpoint(f, ecs->ruleset, e);
	return e->number;
}

static void forget_endpoints(struct store_feed *f)
{
	struct feed_endpoint *e, *next;

	HASH_ITER(hh, f->endpoint, e, next)
	{
		HASH_DEL(f->endpoint, e);
		free(e);
	}
	f->endpoints = 0;
}

/* All numbers begin anew: those of the former ruleset would never be used again. */
void store_feed_forget_previous(struct store_feed *f)
{
	forget_endpoints(f);
}

/* --- live flows ----------------------------------------------------------------------- */

struct feed_live_key {
	struct address address[2];
	uint64_t start_ns;
	uint32_t tunnel;
	uint16_t port[2];
	uint8_t protocol, version, zero[6];
};

struct feed_live {
	struct feed_live_key key;
	uint64_t packets[2], bytes[2], booked_ns; /* told so far */
	UT_hash_handle hh;
};

static struct feed_live_key live_key(const struct record *r)
{
	struct feed_live_key k;

	memset(&k, 0, sizeof(k));
	memcpy(k.address, r->address, sizeof(k.address));
	k.start_ns = r->start_ns;
	k.tunnel = r->tunnel;
	memcpy(k.port, r->port, sizeof(k.port));
	k.protocol = r->protocol;
	k.version = r->version;
	return k;
}

static struct feed_live *live_of(struct store_feed *f, const struct record *r, bool adds)
{
	struct feed_live_key k = live_key(r);
	struct feed_live *l;

	HASH_FIND(hh, f->live, &k, sizeof(k), l);
	if (l || !adds || HASH_COUNT(f->live) >= FEED_LIVE_MAX)
		return l;
	l = heap_calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->key = k;
	HASH_ADD(hh, f->live, key, sizeof(l->key), l);
	return l;
}

static void drop_live(struct store_feed *f, struct feed_live *l)
{
	HASH_DEL(f->live, l);
	free(l);
}

/* Takes what was told of it before out of a flow. */
static void subtract(struct stored_flow *s, const struct feed_live *l)
{
	for (unsigned end = 0; end < 2; end++) {
		s->packets[end] -=
			l->packets[end] < s->packets[end] ? l->packets[end] : s->packets[end];
		s->bytes[end] -= l->bytes[end] < s->bytes[end] ? l->bytes[end] : s->bytes[end];
	}
	s->booked_ns = l->booked_ns;
}

/* --- flows ---------------------------------------------------------------------------- */

/* The name that a flow asked for, of those services that have one. */
static void name_of(const struct record *r, char name[STORED_NAME_BYTES])
{
	const struct facts *facts = &r->facts;
	unsigned which = r->service == SERVICE_HTTP;

	name[0] = '\0';
	if (!facts->known || (r->service != SERVICE_TLS && r->service != SERVICE_DTLS &&
				     r->service != SERVICE_DNS && r->service != SERVICE_HTTP))
		return;
	snprintf(name, STORED_NAME_BYTES, "%.*s", facts->length[which], facts_text(facts, which));
}

static uint8_t exposures_of(const struct record *r, unsigned end)
{
	uint8_t found = 0;

	for (unsigned k = 0; k < EXPOSURE_COUNT; k++)
		if (exposure_holds((enum exposure)k, r, end))
			found |= (uint8_t)(1u << k);
	return found;
}

static void describe(
	struct store_feed *f, const struct ecs *ecs, const struct record *r, struct stored_flow *s)
{
	*s = (struct stored_flow){
		.start_ns = r->start_ns,
		.end_ns = r->end_ns,
		.version = r->version,
		.protocol = r->protocol,
		.verdict = r->verdict,
		.connection = r->connection,
		.basis = r->basis,
		.severity = r->severity,
		.service = (uint8_t)(r->service < SERVICE_COUNT ? r->service + 1 : 0),
		.service_basis = r->service_basis,
		.end = r->end,
		.is_live = r->kind == RECORD_LIVE,
		.is_flagged = verdict_is_flagged((enum verdict)r->verdict) != 0,
		.is_first = 1,
		.has_ports = protocol_has_ports(r->protocol) != 0,
		.evasions = r->evasions,
		.vlan = r->encap.vlan[0],
	};
	for (unsigned end = 0; end < 2; end++) {
		s->address[end] = r->address[end];
		s->port[end] = r->port[end];
		s->packets[end] = s->all_packets[end] = r->packets[end];
		s->bytes[end] = s->all_bytes[end] = r->bytes[end];
		s->endpoint[end] = endpoint_of(f, ecs, r, end);
		s->exposures[end] = exposures_of(r, end);
	}
	name_of(r, s->name);
	record_history(r, s->history);
	if (s->is_flagged)
		alerts_told_id(f->alerts, r, s->finding);
}

static void tell_live(struct store_feed *f, const struct ecs *ecs, const struct record *r)
{
	struct feed_live *l;
	struct stored_flow s;

	if (r->end_ns - r->start_ns < LONG_NS)
		return;
	l = live_of(f, r, true);
	if (!l || (l->booked_ns && r->end_ns < l->booked_ns + LONG_NS))
		return;
	describe(f, ecs, r, &s);
	s.is_first = l->booked_ns == 0;
	subtract(&s, l);
	memcpy(l->packets, r->packets, sizeof(l->packets));
	memcpy(l->bytes, r->bytes, sizeof(l->bytes));
	l->booked_ns = r->end_ns;
	store_flow(f->store, &s);
}

static void tell_ended(struct store_feed *f, const struct ecs *ecs, const struct record *r)
{
	struct feed_live *l = live_of(f, r, false);
	struct stored_flow s;

	describe(f, ecs, r, &s);
	if (l) {
		subtract(&s, l);
		s.is_first = 0;
		drop_live(f, l);
	}
	store_flow(f->store, &s);
}

/* --- connections of channels ---------------------------------------------------------- */

#define END_BYTES 400

static void end_text(const struct store_feed *f, const struct ecs *ecs, const struct record *r,
	unsigned end, char text[END_BYTES])
{
	const char *name = ecs->ruleset->appliance[r->appliance[end]].name;
	char address[ADDRESS_TEXT_BYTES];

	format_address(&r->address[end], r->version, address);
	if (f->channels->ruleset == ecs->ruleset && f->channels->is_network &&
		f->channels->is_network[r->appliance[end]])
		snprintf(text, END_BYTES, "%.300s (%s)", name, address);
	else
		snprintf(text, END_BYTES, "%.300s", name);
}

static void socket_text(const struct record *r, unsigned end, char text[ENDPOINT_TEXT_BYTES])
{
	char address[ADDRESS_TEXT_BYTES];

	format_address(&r->address[end], r->version, address);
	snprintf(text, ENDPOINT_TEXT_BYTES, r->version == 4 ? "%s:%u" : "[%s]:%u", address,
		r->port[end]);
}

static bool has_channels(const struct store_feed *f, const struct ecs *ecs)
{
	return f->channels->ruleset == ecs->ruleset && f->channels->is_channel;
}

/* Both ends as texts, in the order in which the store has them: the first one's end. */
static unsigned ends_of(const struct store_feed *f, const struct ecs *ecs, const struct record *r,
	char end[2][END_BYTES])
{
	for (unsigned i = 0; i < 2; i++)
		end_text(f, ecs, r, i, end[i]);
	return strcmp(end[0], end[1]) > 0;
}

static void tell_connection(struct store_feed *f, const struct ecs *ecs, const struct record *r,
	const char *connection, const char *reason)
{
	char end[2][END_BYTES], socket[2][ENDPOINT_TEXT_BYTES];
	unsigned one = ends_of(f, ecs, r, end);
	struct stored_connection c = {
		.one = end[one],
		.other = end[1 - one],
		.initiator = socket[0],
		.responder = socket[1],
		.connection = connection,
		.ending = r->kind == RECORD_LIVE ? NULL : end_name((enum end)r->end),
		.first_ns = r->start_ns,
		.last_ns = r->end_ns,
		.reason = reason,
		.tls = channel_record_is_sealed(r) ? "1.3" : "",
	};

	for (unsigned i = 0; i < 2; i++)
		socket_text(r, i, socket[i]);
	store_connection(f->store, &c);
}

static void tell_certificate(struct store_feed *f, const struct ecs *ecs, const struct record *r)
{
	char end[2][END_BYTES];
	unsigned one, holder;
	const struct certificate *c =
		has_channels(f, ecs) ? channels_certificate(f->channels, r, &holder) : NULL;

	if (!c)
		return;
	one = ends_of(f, ecs, r, end);
	store_certificate(f->store, &(struct stored_certificate){.one = end[one],
					    .other = end[1 - one],
					    .holder = end[holder],
					    .fingerprint = c->fingerprint,
					    .issuer = c->issuer,
					    .subject = c->subject,
					    .not_before_ns = c->not_before_ns,
					    .not_after_ns = c->not_after_ns,
					    .seen_ns = r->end_ns});
}

void store_feed_meant(
	struct store_feed *f, const struct ecs *ecs, const struct record *meant, const char *reason)
{
	if (f->store)
		tell_connection(f, ecs, meant, channel_state_name(CHANNEL_WRONG_ADDRESS), reason);
}

static void tell_channel(struct store_feed *f, const struct ecs *ecs, const struct record *r)
{
	char reason[CHANNEL_CAUSE_BYTES];
	struct record meant;

	if (!has_channels(f, ecs))
		return;
	if (channels_wants(f->channels, r)) {
		channel_record_reason(f->channels, r, reason);
		tell_connection(f, ecs, r, connection_name((enum connection)r->connection), reason);
	} else if (channels_meant(f->channels, r, &meant, reason)) {
		store_feed_meant(f, ecs, &meant, reason);
	}
}

void store_feed_begin_dump(struct store_feed *f)
{
	uint64_t now_ns = clock_steady_ns();

	f->tells_live = now_ns >= f->live_ns;
	if (f->tells_live)
		f->live_ns = now_ns + MINUTE_NS;
}

void store_feed_record(struct store_feed *f, const struct ecs *ecs, const struct record *r)
{
	if (f->store && r->kind == RECORD_CERTIFICATE)
		tell_certificate(f, ecs, r);
	if (!f->store || (r->kind != RECORD_ENDED && r->kind != RECORD_LIVE))
		return;
	if (r->kind == RECORD_LIVE && !f->tells_live)
		return;
	if (r->kind == RECORD_LIVE)
		tell_live(f, ecs, r);
	else
		tell_ended(f, ecs, r);
	tell_channel(f, ecs, r);
}

/* --- findings ------------------------------------------------------------------------- */

static void tell_flow_finding(struct store_feed *f, const struct event *v, const char *document)
{
	const struct record *r = v->record;
	unsigned end = record_judged_end(r);
	bool is_evasion = r->kind == RECORD_EVASION;
	char peer[ADDRESS_TEXT_BYTES], port[ENDPOINT_TEXT_BYTES];
	struct stored_finding s = {
		.id = v->finding.id,
		.family = is_evasion ? "evasion" : "flow",
		.state = v->finding.state,
		.reason = v->finding.reason,
		.appliance = v->appliance,
		.peer = v->finding.several_peers ? "several" : peer,
		.direction = direction_name(record_direction(end)),
		.port = v->finding.several_ports ? "several" : port,
		.verdict = is_evasion ? evasion_name((enum evasion)r->evasion_reason)
				      : verdict_name((enum verdict)r->verdict),
		.connection = connection_name((enum connection)r->connection),
		.rule = v->rule,
		.message = v->message,
		.policy = v->policy,
		.document = document,
		.first_ns = r->start_ns,
		.last_ns = r->end_ns,
		.told_ns = v->time_ns,
		.flows = v->finding.flows,
		.members = v->finding.members,
		.severity = v->severity,
	};

	format_address(&r->address[1 - end], r->version, peer);
	format_port(r->protocol, r->port[1], port);
	store_finding(f->store, &s);
}

static void tell_relation(struct store_feed *f, const struct event *v, const char *document)
{
	const struct event_correlation *c = &v->correlation;
	bool begins = strcmp(c->state, "begins") == 0;
	struct stored_finding s = {
		.id = c->id,
		.family = c->is_baseline ? "baseline" : "relation",
		.state = begins ? "new" : "ended",
		.appliance = c->appliance,
		.peer = c->peer,
		.direction = c->direction,
		.verdict = c->kind,
		.rule = c->rule,
		.message = v->message,
		.policy = v->policy,
		.document = document,
		.first_ns = c->is_baseline ? c->first_ns : v->time_ns,
		.last_ns = c->is_baseline ? c->last_ns : v->time_ns,
		.told_ns = v->time_ns,
		.flows = c->flows,
		.members = 1,
		.severity = v->severity,
		.inconclusive = c->inconclusive,
	};

	store_finding(f->store, &s);
}

void store_feed_event(void *context, const struct event *v)
{
	struct store_feed *f = context;
	char *document = v->json ? strndup(v->json, v->json_bytes) : NULL;

	if (v->kind == EVENT_ALERT || (v->record && v->finding.state)) {
		if (v->finding.state)
			tell_flow_finding(f, v, document);
	} else if (v->kind == EVENT_CORRELATION) {
		tell_relation(f, v, document);
	}
	free(document);
}

void store_feed_correlations(
	struct store_feed *f, const struct correlations *n, const struct ecs *ecs, uint64_t now_ns)
{
	if (!f->store)
		return;
	for (const struct correlation *r = n->first; r; r = r->hh.next) {
		char text[CORRELATION_TEXT_BYTES];
		struct event v;
		correlation_text(n, r, text);
		event_init(&v, EVENT_CORRELATION, ecs, r->last_ns ? r->last_ns : now_ns);
		v.message = text;
		v.severity = correlation_severity((enum correlation_kind)r->key.kind);
		v.correlation = deployment_correlation(ecs->ruleset, r, true);
		tell_relation(f, &v, NULL);
	}
}

/* --- packets ---------------------------------------------------------------------------- */

void store_feed_place(void *context, const struct evidence_place *p)
{
	struct store_feed *f = context;
	char *file = NULL;

	if (!f->store || asprintf(&file, "%s/%s", f->evidence ? f->evidence : ".", p->file) < 0)
		return;
	store_place(f->store,
		&(struct stored_place){p->finding_id, file, p->first_offset, p->packets, p->bytes});
	free(file);
}

/* --- the mirror ----------------------------------------------------------------------- */

static uint64_t flagged_packets(const struct counters *c)
{
	uint64_t sum = 0;

	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		if (verdict_is_flagged((enum verdict)v))
			sum += c->verdict_packets[v];
	return sum;
}

static uint64_t not_judged(const struct counters *c)
{
	uint64_t sum = c->fragments_unattributed + c->untracked_packets;

	for (unsigned i = 0; i < DISCARD_COUNT; i++)
		sum += c->discarded[i];
	return sum;
}

void store_feed_minute(struct store_feed *f, const struct counters *c, uint64_t now_ns,
	uint64_t dropped, bool in_doubt)
{
	uint64_t minute_ns = now_ns - now_ns % MINUTE_NS;
	const struct counters *b = &f->told;
	struct stored_minute m = {
		.minute_ns = f->minute_ns ? f->minute_ns : minute_ns,
		.frames = c->frames - b->frames,
		.bytes = c->frame_bytes - b->frame_bytes,
		.monitored = c->monitored - b->monitored,
		.flagged = flagged_packets(c) - flagged_packets(b),
		.dropped = dropped - f->told_dropped,
		.truncated = c->truncated_frames - b->truncated_frames,
		.not_judged = not_judged(c) - not_judged(b),
		.in_doubt = in_doubt,
	};

	if (!f->store || now_ns == 0)
		return;
	if (!f->minute_ns)
		store_began(f->store, now_ns);
	store_minute(f->store, &m);
	f->minute_ns = minute_ns;
	f->told = *c;
	f->told_dropped = dropped;
	store_flush(f->store);
}

void store_feed_mirror(struct store_feed *f, const struct mirror_report *m,
	const struct counters *c, uint64_t first_ns, uint64_t last_ns)
{
	struct mirror_finding found[MIRROR_FINDINGS_MAX];
	size_t count = f->store ? mirror_report_find(m, c, found) : 0;

	for (size_t i = 0; i < count; i++)
		store_mirror(f->store, &(struct stored_mirror){mirror_finding_name(found[i].kind),
					       found[i].what, found[i].remedy, first_ns, last_ns});
}

/* --- begin and end -------------------------------------------------------------------- */

int store_feed_open(struct store_feed *f, const struct feed_config *c)
{
#define EXPOSURE_NAME(name, text) text,
	static const char *const exposure[] = {EXPOSURE_LIST(EXPOSURE_NAME)};
#undef EXPOSURE_NAME
	const struct store_settings *s = &c->settings->store;
	struct store_config config = {
		.folder = c->folder,
		.keeps_all = s->keeps_all,
		.may_wait = c->is_replay,
		.keep_ns = s->keep_ns,
		.learn_ns = c->is_replay ? c->learn_ns : s->learn_ns,
		.size_bytes = s->size_bytes,
		.progress = c->progress,
		.exposure = exposure,
	};

	if (c->is_replay) /* a capture may be of any year */
		config.keep_ns = config.size_bytes = 0;
	return store_open(&f->store, &config, &f->unclean);
}

static void recall_issuer(void *channels, const struct stored_certificate *c)
{
	bool is_one = strcmp(c->holder, c->one) == 0;

	channels_know_issuer(
		channels, c->holder, is_one ? c->other : c->one, c->issuer, c->seen_ns);
}

int store_feed_recall(const struct store_feed *f, struct channels *channels)
{
	return f->store ? store_certificates(f->store, recall_issuer, channels) : 0;
}

static void tell_appliances(struct store_feed *f, const struct ruleset *c, uint64_t at_ns)
{
	for (size_t i = 0; i < c->appliances; i++) {
		const struct appliance_text *a = &c->appliance[i];
		char addresses[1024] = "";
		size_t used = 0;
		for (size_t k = 0; k < a->addresses && used < sizeof(addresses); k++)
			used += (size_t)snprintf(addresses + used, sizeof(addresses) - used, "%s%s",
				k ? " " : "", a->address[k]);
		store_appliance(f->store,
			&(struct stored_appliance){a->name, role_name(a->role), addresses, at_ns});
	}
}

void store_feed_policy(struct store_feed *f, const struct ruleset *c, uint64_t at_ns)
{
	char *text = NULL;
	size_t bytes;
	FILE *out;

	if (!f->store)
		return;
	out = open_memstream(&text, &bytes);
	if (out) {
		policy_json_print(c, APPLIANCE_NONE, true, out);
		fclose(out);
	}
	store_policy(f->store, &(struct stored_policy){c->hash, c->profile, text, at_ns});
	tell_appliances(f, c, at_ns);
	free(text);
}

void store_feed_begin(struct store_feed *f, const struct ecs *ecs, const struct stored_run *run)
{
	struct stored_run told = *run;

	if (!f->store)
		return;
	told.host = ecs->observer;
	told.version = PORTOLAN_VERSION;
	told.site = ecs->ruleset->name;
	told.warmup_ns = ecs->ruleset->warmup_ns;
	store_run(f->store, &told);
	store_feed_policy(f, ecs->ruleset, run->began_ns);
}

int store_feed_close(struct store_feed *f, uint64_t ended_ns, bool failed)
{
	struct feed_live *l, *next;
	int error =
		f->store ? store_close(f->store, ended_ns, failed ? "failed" : "stopped", CLOSE_NS)
			 : 0;

	f->store = NULL;
	free(f->evidence);
	f->evidence = NULL;
	forget_endpoints(f);
	HASH_ITER(hh, f->live, l, next)
	{
		drop_live(f, l);
	}
	return error;
}
