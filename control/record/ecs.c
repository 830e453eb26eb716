#include "record/ecs.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "policy/nearest.h"
#include "policy/ruleset.h"
#include "record/community_id.h"
#include "record/ecs_facts.h"

#ifndef PORTOLAN_VERSION
#define PORTOLAN_VERSION "unknown"
#endif

static int has_ports(const struct record *r)
{
	return r->protocol == IPPROTO_TCP || r->protocol == IPPROTO_UDP;
}

static json_t *json_time(uint64_t time_ns)
{
	char text[TIME_TEXT_BYTES];

	format_time(time_ns, text);
	return json_string(text);
}

unsigned record_judged_end(const struct record *r)
{
	if (r->appliance[0] != APPLIANCE_NONE && r->end_verdict[0] == r->verdict)
		return 0;
	if (r->appliance[1] != APPLIANCE_NONE && r->end_verdict[1] == r->verdict)
		return 1;
	return r->appliance[0] != APPLIANCE_NONE ? 0 : 1;
}

static enum direction direction_of(unsigned end)
{
	return end == 0 ? DIRECTION_OUTBOUND : DIRECTION_INBOUND;
}

static struct rule_key rule_key_of(const struct ecs *e, const struct record *r, unsigned end)
{
	return (struct rule_key){
		.role = e->ruleset->appliance[r->appliance[end]].role,
		.direction = direction_of(end),
		.transport = r->protocol == IPPROTO_TCP ? TRANSPORT_TCP : TRANSPORT_UDP,
		.port = r->port[1],
	};
}

/* --- event -------------------------------------------------------------------------- */

/* A hypothesis for the analyst, not a conclusion (MITRE ATT&CK ids). */
static const char *technique_of(const struct record *r, const struct ecs *e)
{
	unsigned end = record_judged_end(r);

	switch (r->verdict) {
	case VERDICT_UNEXPECTED_PROTOCOL:
		return "T1095"; /* Non-Application Layer Protocol */
	case VERDICT_PEER_NOT_ALLOWED:
	case VERDICT_FEATURE_DISABLED:
		if (r->set[end] != SET_NONE && r->verdict == VERDICT_PEER_NOT_ALLOWED) {
			const struct rule_set *s = &e->ruleset->policy->set[r->set[end]];
			if (e->ruleset->policy->rule[s->first].peers == PEERS_INVENTORY)
				return "T1199"; /* Trusted Relationship */
		}
		return end == 0
			       ? "T1071"
			       : "T1133"; /* Application Layer Protocol, External Remote Services */
	case VERDICT_WRONG_SERVICE:
		return "T1571";
	default:
		if (r->connection == CONNECTION_ATTEMPTED || r->connection == CONNECTION_REFUSED)
			return end == 0 ? "T1018"
					: "T1046"; /* Remote System, Network Service Discovery */
		return "T1571";			   /* Non-Standard Port */
	}
}

static json_t *event_of(const struct record *r)
{
	static const char *const action[] = {
		[RECORD_FLAGGED] = "flow-flagged",
		[RECORD_ENDED] = "flow-ended",
		[RECORD_LIVE] = "flow-live",
	};
	int flagged = verdict_is_flagged((enum verdict)r->verdict);
	int ended = r->kind == RECORD_ENDED;
	uint64_t duration = r->end_ns > r->start_ns ? r->end_ns - r->start_ns : 0;
	json_t *event = json_pack("{s:s, s:[s], s:[s, s], s:s, s:o, s:o, s:I}", "kind",
		r->kind == RECORD_FLAGGED ? "alert" : "event", "category", "network", "type",
		"connection", ended ? "end" : "info", "action", action[r->kind], "start",
		json_time(r->start_ns), "end", json_time(r->end_ns), "duration",
		(json_int_t)duration);

	if (ended)
		json_object_set_new(event, "reason", json_string(end_name((enum end)r->end)));
	if (flagged)
		json_object_set_new(event, "severity", json_integer(r->severity));
	return event;
}

/* --- who, over what ------------------------------------------------------------------ */

static json_t *side_of(const struct record *r, unsigned end)
{
	char ip[ADDRESS_TEXT_BYTES];
	json_t *side = json_object();

	format_address(&r->address[end], r->version, ip);
	json_object_set_new(side, "ip", json_string(ip));
	if (has_ports(r))
		json_object_set_new(side, "port", json_integer(r->port[end]));
	json_object_set_new(side, "packets", json_integer((json_int_t)r->packets[end]));
	json_object_set_new(side, "bytes", json_integer((json_int_t)r->bytes[end]));
	return side;
}

/* ECS has VLAN ids as text. */
static json_t *vlan_of(uint16_t id)
{
	char text[8];

	snprintf(text, sizeof(text), "%u", id);
	return json_pack("{s:s}", "id", text);
}

static void add_vlans(const struct encap *p, json_t *network)
{
	if (p->vlan[0])
		json_object_set_new(network, "vlan", vlan_of(p->vlan[0]));
	if (p->vlan[1])
		json_object_set_new(
			network, "inner", json_pack("{s:o}", "vlan", vlan_of(p->vlan[1])));
}

static json_t *network_of(const struct record *r)
{
	char id[COMMUNITY_ID_BYTES], transport[ENDPOINT_TEXT_BYTES];
	json_t *network;

	community_id(r, id);
	format_protocol(r->protocol, transport);
	network = json_pack("{s:s, s:s, s:s, s:I, s:I}", "type", r->version == 4 ? "ipv4" : "ipv6",
		"transport", transport, "community_id", id, "packets",
		(json_int_t)(r->packets[0] + r->packets[1]), "bytes",
		(json_int_t)(r->bytes[0] + r->bytes[1]));
	if (r->service < SERVICE_COUNT)
		json_object_set_new(
			network, "protocol", json_string(service_name((enum service)r->service)));
	if (!has_ports(r)) {
		char number[8];
		snprintf(number, sizeof(number), "%u", r->protocol);
		json_object_set_new(network, "iana_number", json_string(number));
	}
	add_vlans(&r->encap, network);
	return network;
}

/* An interface without a name has something to say only where it is not the only one. */
static void add_interface(const struct ecs *e, const struct encap *p, json_t *observer)
{
	json_t *interface;
	char id[8];

	if (!p->is_known || (p->interface == 0 && e->interfaces == 0))
		return;
	snprintf(id, sizeof(id), "%u", p->interface);
	interface = json_pack("{s:s}", "id", id);
	if (p->interface < e->interfaces)
		json_object_set_new(interface, "name", json_string(e->interface[p->interface]));
	json_object_set_new(observer, "ingress", json_pack("{s:o}", "interface", interface));
}

static json_t *sensor_of(const struct ecs *e)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "type", "sensor", "product", "portolan", "name",
		e->observer, "version", PORTOLAN_VERSION);
}

static json_t *observer_of(const struct ecs *e, const struct record *r)
{
	json_t *observer = sensor_of(e);

	add_interface(e, &r->encap, observer);
	return observer;
}

/* --- what the policy says ------------------------------------------------------------ */

static json_t *features_of(const struct ruleset *c, const struct rule_set *s)
{
	json_t *features = json_array();

	for (uint32_t i = 0; i < s->count; i++) {
		const char *name = c->rule[s->first + i].feature;
		size_t k = 0;
		while (k < json_array_size(features) &&
			strcmp(json_string_value(json_array_get(features, k)), name) != 0)
			k++;
		if (k == json_array_size(features))
			json_array_append_new(features, json_string(name));
	}
	return features;
}

static json_t *differences_of(const struct near_rule *n)
{
	json_t *differs = json_array();

	for (unsigned d = 0; d < DIFFERENCE_COUNT; d++)
		if (n->differs >> d & 1)
			json_array_append_new(
				differs, json_string(difference_name((enum difference)d)));
	return differs;
}

static json_t *nearest_of(const struct ecs *e, const struct record *r, unsigned end)
{
	struct near_rule found[NEAREST_MAX];
	struct rule_key at = rule_key_of(e, r, end);
	size_t count = has_ports(r) ? nearest_rules(e->ruleset, e->other_profiles, &at, found) : 0;
	json_t *nearest = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *rule = json_pack(
			"{s:s, s:o}", "rule", found[i].id, "differs", differences_of(&found[i]));
		if (found[i].profile)
			json_object_set_new(rule, "profile", json_string(found[i].profile));
		json_array_append_new(nearest, rule);
	}
	return nearest;
}

static json_t *endpoint_of(const struct ecs *e, const struct record *r, unsigned end)
{
	const struct appliance_text *a = &e->ruleset->appliance[r->appliance[end]];
	const struct rule_set *s = &e->ruleset->policy->set[r->set[end]];
	json_t *endpoint = json_pack("{s:s, s:s, s:s, s:s}", "appliance", a->name, "role",
		role_name(a->role), "direction", direction_name(direction_of(end)), "verdict",
		verdict_name((enum verdict)r->end_verdict[end]));

	if (r->set[end] != SET_NONE && s->count > 0) {
		json_object_set_new(endpoint, "rule", json_string(e->ruleset->rule[s->first].id));
		json_object_set_new(endpoint, "features", features_of(e->ruleset, s));
	} else {
		json_object_set_new(endpoint, "nearest", nearest_of(e, r, end));
	}
	return endpoint;
}

static json_t *expected_of(const struct ruleset *c, const struct record *r)
{
	service_mask mask = 0;
	json_t *services = json_array();

	for (unsigned end = 0; end < 2; end++) {
		const struct rule_set *s = &c->policy->set[r->set[end]];
		for (uint32_t i = 0; i < s->count; i++)
			mask |= c->policy->rule[s->first + i].services;
	}
	for (unsigned i = 0; i < SERVICE_COUNT; i++)
		if (mask >> i & 1)
			json_array_append_new(services, json_string(service_name((enum service)i)));
	return services;
}

static json_t *service_of(const struct ruleset *c, const struct record *r)
{
	json_t *service = json_pack("{s:o}", "expected", expected_of(c, r));

	if (r->service < SERVICE_COUNT)
		json_object_set_new(
			service, "observed", json_string(service_name((enum service)r->service)));
	json_object_set_new(service, "basis",
		json_string(service_basis_name((enum service_basis)r->service_basis)));
	return service;
}

static json_t *portolan_of(const struct ecs *e, const struct record *r)
{
	char history[HISTORY_BYTES];
	json_t *endpoints = json_array(), *said;

	record_history(r, history);
	for (unsigned end = 0; end < 2; end++)
		if (r->appliance[end] != APPLIANCE_NONE)
			json_array_append_new(endpoints, endpoint_of(e, r, end));
	said = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "verdict",
		verdict_name((enum verdict)r->verdict), "connection",
		connection_name((enum connection)r->connection), "initiator_basis",
		basis_name((enum basis)r->basis), "history", history, "profile",
		e->ruleset->profile, "policy", e->ruleset->hash, "service",
		service_of(e->ruleset, r), "endpoints", endpoints);
	if (r->encap.tunnel != TUNNEL_NONE)
		json_object_set_new(said, "tunnel",
			json_pack("{s:s, s:I}", "kind", tunnel_name((enum tunnel)r->encap.tunnel),
				"id", (json_int_t)r->encap.tunnel_id));
	return said;
}

/* What was broken: the row that covers it, or the one that would have to. */
static void rule_id_of(const struct ecs *e, const struct record *r, char *text, size_t bytes)
{
	unsigned end = record_judged_end(r);
	const struct rule_set *s = &e->ruleset->policy->set[r->set[end]];
	enum role role = e->ruleset->appliance[r->appliance[end]].role;
	char protocol[ENDPOINT_TEXT_BYTES];

	if (r->set[end] != SET_NONE && s->count > 0) {
		snprintf(text, bytes, "%s", e->ruleset->rule[s->first].id);
		return;
	}
	format_protocol(r->protocol, protocol);
	if (has_ports(r))
		snprintf(text, bytes, "%s/%s/%u/%s", role_name(role),
			direction_name(direction_of(end)), r->port[1], protocol);
	else
		snprintf(text, bytes, "%s/%s/%s", role_name(role),
			direction_name(direction_of(end)), protocol);
}

/* --- in words ------------------------------------------------------------------------ */

static size_t write_reason(
	const struct ecs *e, const struct record *r, unsigned end, char *text, size_t bytes)
{
	const struct rule_set *s = &e->ruleset->policy->set[r->set[end]];
	const char *feature = s->count > 0 ? e->ruleset->rule[s->first].feature : "";

	switch (r->end_verdict[end]) {
	case VERDICT_UNEXPECTED_PROTOCOL:
		return (size_t)snprintf(text, bytes, "no list of the policy has this protocol");
	case VERDICT_FEATURE_DISABLED:
		return (size_t)snprintf(
			text, bytes, "documented for %s, which is switched off", feature);
	case VERDICT_PEER_NOT_ALLOWED:
		return (size_t)snprintf(
			text, bytes, "documented for %s, but not with this peer", feature);
	case VERDICT_WRONG_SERVICE:
		return (size_t)snprintf(text, bytes,
			"documented for %s, which speaks %s; what is spoken is %s", feature,
			e->ruleset->rule[s->first].service,
			r->service < SERVICE_COUNT ? service_name((enum service)r->service)
						   : "nothing of the kind");
	case VERDICT_UNEXPECTED_PORT:
		return (size_t)snprintf(text, bytes, "no rule for %s %u/%s of a %s",
			direction_name(direction_of(end)), r->port[1],
			r->protocol == IPPROTO_TCP ? "tcp" : "udp",
			role_name(e->ruleset->appliance[r->appliance[end]].role));
	default:
		return (size_t)snprintf(text, bytes, "documented");
	}
}

void ecs_message(const struct ecs *e, const struct record *r, char *text, size_t bytes)
{
	unsigned end = record_judged_end(r);
	struct rule_key at = rule_key_of(e, r, end);
	struct near_rule found[NEAREST_MAX];
	char how[128];
	size_t used = write_reason(e, r, end, text, bytes);

	if (r->end_verdict[end] != VERDICT_UNEXPECTED_PORT || used >= bytes)
		return;
	if (nearest_rules(e->ruleset, e->other_profiles, &at, found) == 0) {
		snprintf(text + used, bytes - used, "; none is near");
		return;
	}
	nearest_words(&found[0], how, sizeof(how));
	snprintf(text + used, bytes - used, "; nearest: %s (%s)", found[0].id, how);
}

static void add_explanation(const struct ecs *e, const struct record *r, json_t *document)
{
	char text[512], id[128];

	ecs_message(e, r, text, sizeof(text));
	rule_id_of(e, r, id, sizeof(id));
	json_object_set_new(document, "message", json_string(text));
	json_object_set_new(document, "rule",
		json_pack("{s:s, s:s, s:s, s:s}", "id", id, "name",
			verdict_name((enum verdict)r->verdict), "category",
			verdict_name((enum verdict)r->verdict), "ruleset", e->ruleset->profile));
	json_object_set_new(document, "threat",
		json_pack("{s:s, s:{s:[s]}}", "framework", "MITRE ATT&CK", "technique", "id",
			technique_of(r, e)));
}

json_t *ecs_flow(const struct ecs *e, const struct record *r)
{
	json_t *document = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "@timestamp",
		json_time(r->end_ns), "event", event_of(r), "source", side_of(r, 0), "destination",
		side_of(r, 1), "network", network_of(r), "observer", observer_of(e, r), "portolan",
		portolan_of(e, r));

	if (!document)
		return NULL;
	ecs_add_facts(r, document);
	if (verdict_is_flagged((enum verdict)r->verdict))
		add_explanation(e, r, document);
	return document;
}

json_t *ecs_event(const struct ecs *e, const struct ecs_event *n)
{
	json_t *document =
		json_pack("{s:o, s:{s:s, s:[s], s:[s], s:s}, s:o, s:s, s:{s:s, s:s}}", "@timestamp",
			json_time(n->time_ns), "event", "kind", n->severity ? "alert" : "event",
			"category", "network", "type", n->severity ? "info" : "change", "action",
			n->action, "observer", sensor_of(e), "message", n->message, "portolan",
			"profile", e->ruleset->profile, "policy", e->ruleset->hash);

	if (document && n->severity)
		json_object_set_new(
			json_object_get(document, "event"), "severity", json_integer(n->severity));
	return document;
}
