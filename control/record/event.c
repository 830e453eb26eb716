#include "record/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/heap.h"
#include "base/text_hash.h"
#include "policy/nearest.h"
#include "policy/ruleset.h"
#include "protocol.h"
#include "record/ecs.h"
#include "record/technique.h"

enum direction record_direction(unsigned end)
{
	return end == 0 ? DIRECTION_OUTBOUND : DIRECTION_INBOUND;
}

/* --- why a flow is flagged ------------------------------------------------------------- */

/* The rule that covers the flow; NULL: there is none. */
static const char *rule_of(const struct ecs *e, const struct record *r)
{
	unsigned end = record_judged_end(r);

	return r->set[end] != SET_NONE ? ruleset_set_id(e->ruleset, r->set[end]) : NULL;
}

static size_t write_reason(
	const struct ecs *e, const struct record *r, unsigned end, char *text, size_t bytes)
{
	const struct rule_text *rule = ruleset_set_text(e->ruleset, r->set[end]);
	const char *feature = rule ? rule->feature : "";
	char protocol[ENDPOINT_TEXT_BYTES];

	switch (r->end_verdict[end]) {
	case VERDICT_UNEXPECTED_PROTOCOL:
		format_protocol(r->protocol, protocol);
		return (size_t)snprintf(text, bytes, "IP protocol %s is not permitted", protocol);
	case VERDICT_FEATURE_DISABLED:
		return (size_t)snprintf(
			text, bytes, "documented for %s, which is switched off", feature);
	case VERDICT_PEER_NOT_ALLOWED:
		return (size_t)snprintf(
			text, bytes, "documented for %s, but not with this peer", feature);
	case VERDICT_WRONG_SERVICE:
		return (size_t)snprintf(text, bytes,
			"documented for %s, which speaks %s; detected protocol: %s", feature,
			rule ? rule->service : "",
			r->service < SERVICE_COUNT ? service_name((enum service)r->service)
						   : "nothing of the kind");
	case VERDICT_UNEXPECTED_PORT:
		return (size_t)snprintf(text, bytes, "no rule for %s %u/%s of a %s",
			direction_name(record_direction(end)), r->port[1],
			r->protocol == IPPROTO_TCP ? "tcp" : "udp",
			role_name(e->ruleset->appliance[r->appliance[end]].role));
	default:
		return (size_t)snprintf(text, bytes, "documented");
	}
}

void event_message(const struct ecs *e, const struct record *r, char *text, size_t bytes)
{
	unsigned end = record_judged_end(r);
	struct near_rule found[NEAREST_MAX];
	char how[128];
	size_t used = write_reason(e, r, end, text, bytes);

	if (r->end_verdict[end] != VERDICT_UNEXPECTED_PORT || used >= bytes)
		return;
	if (ecs_nearest(e, r, end, found) == 0) {
		snprintf(text + used, bytes - used, "; no similar rule");
		return;
	}
	nearest_words(&found[0], how, sizeof(how));
	snprintf(text + used, bytes - used, "; nearest: %s (%s)", found[0].id, how);
}

/* --- construction -------------------------------------------------------------------- */

void event_init(struct event *v, enum event_kind kind, const struct ecs *e, uint64_t time_ns)
{
	memset(v, 0, sizeof(*v));
	v->kind = kind;
	v->time_ns = time_ns;
	v->profile = e->ruleset->profile;
	v->policy = e->ruleset->hash;
	v->observer = e->observer;
}

#define HOST_TEXT_BYTES 192

/* An end's address, with its name where it is an appliance, and which interface it is where the
 * site tells them apart. */
static void host_text(
	const struct ecs *e, const struct record *r, unsigned end, char text[HOST_TEXT_BYTES])
{
	char address[ADDRESS_TEXT_BYTES];
	const char *interface;

	format_address(&r->address[end], r->version, address);
	if (r->appliance[end] == APPLIANCE_NONE) {
		snprintf(text, HOST_TEXT_BYTES, "%s", address);
		return;
	}
	interface =
		ruleset_interface_at(e->ruleset, r->appliance[end], &r->address[end], r->version);
	snprintf(text, HOST_TEXT_BYTES, "%.100s (%s%s%s)",
		e->ruleset->appliance[r->appliance[end]].name, *interface ? interface : "",
		*interface ? " interface " : "", address);
}

/* Of a finding with several: how many, and between which. */
static void ports_text(
	const struct record *r, const struct event_finding *f, char text[ENDPOINT_TEXT_BYTES])
{
	if (f->several_ports)
		snprintf(text, ENDPOINT_TEXT_BYTES, "%llu ports (%u to %u/%s)",
			(unsigned long long)f->members, f->port_low, f->port_high,
			r->protocol == IPPROTO_TCP ? "tcp" : "udp");
	else
		format_port(r->protocol, r->port[1], text);
}

static void reason_text(const struct ecs *e, const struct event *v, char text[EVENT_MESSAGE_BYTES])
{
	const struct record *r = v->record;

	if (r->kind == RECORD_EVASION)
		snprintf(text, EVENT_MESSAGE_BYTES, "%s (%s)",
			evasion_sentence((enum evasion)r->evasion_reason),
			evasion_name((enum evasion)r->evasion_reason));
	else if (v->finding.several_ports && r->verdict == VERDICT_UNEXPECTED_PORT)
		snprintf(text, EVENT_MESSAGE_BYTES, "no rule for these ports of a %s",
			role_name(e->ruleset->appliance[r->appliance[record_judged_end(r)]].role));
	else
		event_message(e, r, text, EVENT_MESSAGE_BYTES);
}

/* Both hosts, the port, what became of it, why it is told, and how often. */
static void write_sentence(struct event *v, const struct ecs *e, struct event_words *words)
{
	const struct record *r = v->record;
	const struct event_finding *f = &v->finding;
	char host[2][HOST_TEXT_BYTES], port[ENDPOINT_TEXT_BYTES], reason[EVENT_MESSAGE_BYTES];
	char count[64] = "";

	host_text(e, r, 0, host[0]);
	host_text(e, r, 1, host[1]);
	if (f->several_peers)
		snprintf(host[1 - record_judged_end(r)], HOST_TEXT_BYTES, "%llu hosts",
			(unsigned long long)f->members);
	ports_text(r, f, port);
	reason_text(e, v, reason);
	if (f->flows > 1)
		snprintf(count, sizeof(count), "; %llu flows", (unsigned long long)f->flows);
	snprintf(words->message, sizeof(words->message), "%s to %s, %s, %s: %.300s%s", host[0],
		host[1], port, connection_name((enum connection)r->connection), reason, count);
	v->message = words->message;
}

static void explain(
	struct event *v, const struct ecs *e, const struct record *r, struct event_words *words)
{
	v->severity = r->severity;
	v->rule = rule_of(e, r);
	if (r->kind != RECORD_EVASION)
		v->technique = technique_of(e->ruleset, r, &v->finding);
	write_sentence(v, e, words);
}

void event_set_finding(struct event *v, const struct ecs *e, const struct event_finding *finding,
	struct event_words *words)
{
	v->finding = *finding;
	if (v->message)
		explain(v, e, v->record, words);
}

void event_of_record(
	struct event *v, const struct ecs *e, const struct record *r, struct event_words *words)
{
	static const char *const action[] = {
		[RECORD_FLAGGED] = "flow-flagged",
		[RECORD_ENDED] = "flow-ended",
		[RECORD_LIVE] = "flow-live",
		[RECORD_EVASION] = "evasion",
		[RECORD_WITHDRAWN] = "flow-withdrawn",
	};
	unsigned end = r->appliance[0] != APPLIANCE_NONE ? 0 : 1;
	bool is_alert = r->kind == RECORD_FLAGGED || r->kind == RECORD_EVASION;

	event_init(v, is_alert ? EVENT_ALERT : EVENT_FLOW, e, r->end_ns);
	v->record = r;
	v->action = action[r->kind];
	v->profile = ruleset_profile_of(e->ruleset, r->appliance[record_judged_end(r)]);
	if (r->appliance[end] != APPLIANCE_NONE)
		v->appliance = e->ruleset->appliance[r->appliance[end]].name;
	if (r->encap.is_known && r->encap.interface < e->interfaces)
		v->interface = e->interface[r->encap.interface];
	community_id(r, v->community_id);
	if (r->kind == RECORD_EVASION || verdict_is_flagged((enum verdict)r->verdict))
		explain(v, e, r, words);
}

/* --- copies ---------------------------------------------------------------------------- */

/* A copy and all that it points to, in one allocation. */
struct copy {
	struct event event;
	struct record record;
	char text[];
};

/* Offsets of an event's NUL-terminated texts. */
#define TEXT(member) offsetof(struct event, member)
static const size_t text_at[] = {TEXT(action), TEXT(finding.state), TEXT(finding.reason),
	TEXT(channel.end[0]), TEXT(channel.end[1]), TEXT(channel.state), TEXT(channel.previous),
	TEXT(channel.meaning), TEXT(correlation.kind), TEXT(correlation.state),
	TEXT(channel.reason), TEXT(correlation.detail), TEXT(correlation.appliance),
	TEXT(correlation.rule), TEXT(correlation.feature), TEXT(correlation.peer),
	TEXT(correlation.direction), TEXT(would_be), TEXT(message), TEXT(rule), TEXT(technique),
	TEXT(appliance), TEXT(profile), TEXT(policy), TEXT(observer), TEXT(interface)};
#define TEXTS (sizeof(text_at) / sizeof(text_at[0]))
#undef TEXT

static const char **text_of(struct event *v, size_t i)
{
	return (const char **)(void *)((char *)v + text_at[i]);
}

struct event *event_copy(const struct event *v)
{
	struct event lent = *v;
	size_t bytes = v->json_bytes;
	struct copy *c;
	char *at;

	for (size_t i = 0; i < TEXTS; i++)
		bytes += *text_of(&lent, i) ? strlen(*text_of(&lent, i)) + 1 : 0;
	c = heap_malloc(sizeof(*c) + bytes);
	if (!c)
		return NULL;
	c->event = lent;
	at = c->text;
	for (size_t i = 0; i < TEXTS; i++)
		if (*text_of(&lent, i)) {
			*text_of(&c->event, i) = at;
			at = stpcpy(at, *text_of(&lent, i)) + 1;
		}
	if (v->json)
		c->event.json = memcpy(at, v->json, v->json_bytes);
	if (v->record) {
		c->record = *v->record;
		c->event.record = &c->record;
	}
	atomic_init(&c->event.holders, 1);
	return &c->event;
}

struct event *event_hold(struct event *v)
{
	atomic_fetch_add(&v->holders, 1);
	return v;
}

void event_drop(struct event *v)
{
	if (v && atomic_fetch_sub(&v->holders, 1) == 1)
		free(v);
}

/* With an end, so that "a" and "bc" are not "ab" and "c". */
static uint64_t add_text(uint64_t hash, const char *text)
{
	static const uint8_t end = 0xff;

	return text_hash(text_hash(hash, text, text ? strlen(text) : 0), &end, 1);
}

void event_correlation_identify(struct event_correlation *c)
{
	uint64_t hash = TEXT_HASH_START;

	hash = add_text(hash, c->kind);
	hash = add_text(hash, c->appliance);
	hash = add_text(hash, c->rule);
	hash = add_text(hash, c->feature);
	if (c->detail)
		hash = add_text(hash, c->detail);
	snprintf(c->id, sizeof(c->id), "R-%016llx", (unsigned long long)hash);
}
