#include "record/ecs.h"

#include <string.h>

#include "policy/ruleset.h"
#include "protocol.h"
#include "record/ecs_facts.h"
#include "record/json_writer.h"

#ifndef PORTOLAN_VERSION
#define PORTOLAN_VERSION "unknown"
#endif

/* --- event -------------------------------------------------------------------------- */

static void put_flow_event(struct buffer *b, const struct event *v)
{
	const struct record *r = v->record;
	bool is_ended = r->kind == RECORD_ENDED;

	json_object_open(b, "event");
	json_word(b, "kind", v->kind == EVENT_ALERT && v->severity ? "alert" : "event");
	json_list_open(b, "category");
	json_put_word(b, "network");
	json_close(b, ']');
	json_list_open(b, "type");
	json_put_word(b, "connection");
	json_put_word(b, is_ended ? "end" : "info");
	json_close(b, ']');
	json_word(b, "action", v->action);
	json_put_key(b, "start");
	json_put_time(b, r->start_ns);
	json_put_key(b, "end");
	json_put_time(b, r->end_ns);
	json_number(b, "duration", r->end_ns > r->start_ns ? r->end_ns - r->start_ns : 0);
	if (is_ended)
		json_word(b, "reason", end_name((enum end)r->end));
	if (v->severity)
		json_number(b, "severity", (uint64_t)v->severity);
	json_close(b, '}');
}

/* --- endpoints and network ----------------------------------------------------------- */

static void put_side(struct buffer *b, const char *key, const struct record *r, unsigned end)
{
	json_object_open(b, key);
	json_put_key(b, "ip");
	json_put_address(b, &r->address[end], r->version);
	if (protocol_has_ports(r->protocol))
		json_number(b, "port", r->port[end]);
	json_number(b, "packets", r->packets[end]);
	json_number(b, "bytes", r->bytes[end]);
	json_close(b, '}');
}

/* ECS defines VLAN ids as text. */
static void put_vlan(struct buffer *b, uint16_t id)
{
	json_object_open(b, "vlan");
	json_put_key(b, "id");
	json_put_number_text(b, id);
	json_close(b, '}');
}

static void put_vlans(struct buffer *b, const struct encap *p)
{
	if (p->vlan[0])
		put_vlan(b, p->vlan[0]);
	if (!p->vlan[1])
		return;
	json_object_open(b, "inner");
	put_vlan(b, p->vlan[1]);
	json_close(b, '}');
}

static void put_transport(struct buffer *b, uint8_t protocol)
{
	const char *name = protocol_name(protocol);

	if (name)
		json_put_word(b, name);
	else
		json_put_number_text(b, protocol);
}

static void put_network(struct buffer *b, const struct event *v)
{
	const struct record *r = v->record;

	json_object_open(b, "network");
	json_word(b, "type", r->version == 4 ? "ipv4" : "ipv6");
	json_put_key(b, "transport");
	put_transport(b, r->protocol);
	json_word(b, "community_id", v->community_id);
	json_number(b, "packets", r->packets[0] + r->packets[1]);
	json_number(b, "bytes", r->bytes[0] + r->bytes[1]);
	if (r->service < SERVICE_COUNT)
		json_word(b, "protocol", service_name((enum service)r->service));
	if (!protocol_has_ports(r->protocol)) {
		json_put_key(b, "iana_number");
		json_put_number_text(b, r->protocol);
	}
	put_vlans(b, &r->encap);
	json_close(b, '}');
}

/* Omits interface 0 if interfaces have no names: it may be the only one. */
static void put_interface(struct buffer *b, const struct event *v, const struct ecs *e)
{
	const struct encap *p = &v->record->encap;

	if (!p->is_known || (p->interface == 0 && e->interfaces == 0))
		return;
	json_object_open(b, "ingress");
	json_object_open(b, "interface");
	json_put_key(b, "id");
	json_put_number_text(b, p->interface);
	if (v->interface)
		json_text(b, "name", v->interface);
	json_close(b, '}');
	json_close(b, '}');
}

static void put_observer(struct buffer *b, const struct event *v, const struct ecs *e)
{
	json_object_open(b, "observer");
	json_word(b, "type", "sensor");
	json_word(b, "product", "portolan");
	json_text(b, "name", v->observer);
	json_word(b, "version", PORTOLAN_VERSION);
	if (v->record)
		put_interface(b, v, e);
	json_close(b, '}');
}

/* --- policy --------------------------------------------------------------------------- */

static bool is_first_of_its_feature(const struct ruleset *c, uint16_t set, uint32_t i)
{
	uint16_t feature = policy_rule(c->policy, set, i)->feature;

	for (uint32_t k = 0; k < i; k++)
		if (policy_rule(c->policy, set, k)->feature == feature)
			return false;
	return true;
}

static void put_features(struct buffer *b, const struct ruleset *c, uint16_t set)
{
	json_list_open(b, "features");
	for (uint32_t i = 0; i < c->policy->set[set].count; i++)
		if (is_first_of_its_feature(c, set, i)) {
			const char *name = ruleset_member_text(c, set, i)->feature;
			json_put_text(b, name, strlen(name));
		}
	json_close(b, ']');
}

size_t ecs_nearest(const struct ecs *e, const struct record *r, unsigned end,
	struct near_rule found[NEAREST_MAX])
{
	const struct rule_key at = {
		.class = e->ruleset->class_of[r->appliance[end]],
		.role = e->ruleset->appliance[r->appliance[end]].role,
		.direction = record_direction(end),
		.transport = r->protocol == IPPROTO_TCP ? TRANSPORT_TCP : TRANSPORT_UDP,
		.port = r->port[1],
	};

	return nearest_rules(e->ruleset, e->other_profiles, &at, found);
}

static void put_nearest(struct buffer *b, const struct ecs *e, const struct record *r, unsigned end)
{
	struct near_rule found[NEAREST_MAX];
	size_t count = protocol_has_ports(r->protocol) ? ecs_nearest(e, r, end, found) : 0;

	json_list_open(b, "nearest");
	for (size_t i = 0; i < count; i++) {
		json_open(b, '{');
		json_text(b, "rule", found[i].id);
		json_list_open(b, "differs");
		for (unsigned d = 0; d < DIFFERENCE_COUNT; d++)
			if (found[i].differs >> d & 1)
				json_put_word(b, difference_name((enum difference)d));
		json_close(b, ']');
		if (found[i].profile)
			json_text(b, "profile", found[i].profile);
		json_close(b, '}');
	}
	json_close(b, ']');
}

static void put_endpoint(
	struct buffer *b, const struct ecs *e, const struct record *r, unsigned end)
{
	const struct appliance_text *a = &e->ruleset->appliance[r->appliance[end]];
	const char *interface =
		ruleset_interface_at(e->ruleset, r->appliance[end], &r->address[end], r->version);

	json_open(b, '{');
	json_text(b, "appliance", a->name);
	json_word(b, "role", role_name(a->role));
	json_word(b, "direction", direction_name(record_direction(end)));
	if (*interface)
		json_word(b, "interface", interface);
	json_word(b, "verdict", verdict_name((enum verdict)r->end_verdict[end]));
	if (r->set[end] != SET_NONE) {
		json_text(b, "rule", ruleset_set_id(e->ruleset, r->set[end]));
		put_features(b, e->ruleset, r->set[end]);
	} else {
		put_nearest(b, e, r, end);
	}
	json_close(b, '}');
}

static service_mask expected_of(const struct ruleset *c, const struct record *r)
{
	service_mask mask = 0;

	for (unsigned end = 0; end < 2; end++)
		for (uint32_t i = 0; i < c->policy->set[r->set[end]].count; i++)
			mask |= policy_rule(c->policy, r->set[end], i)->services;
	return mask;
}

static void put_service(struct buffer *b, const struct ruleset *c, const struct record *r)
{
	json_object_open(b, "service");
	json_list_open(b, "expected");
	for (service_mask left = expected_of(c, r); left; left &= left - 1)
		json_put_word(b, service_name((enum service)__builtin_ctzll(left)));
	json_close(b, ']');
	if (r->service < SERVICE_COUNT)
		json_word(b, "observed", service_name((enum service)r->service));
	json_word(b, "basis", service_basis_name((enum service_basis)r->service_basis));
	json_close(b, '}');
}

static void put_tunnel(struct buffer *b, const struct encap *p)
{
	if (p->tunnel == TUNNEL_NONE)
		return;
	json_object_open(b, "tunnel");
	json_word(b, "kind", tunnel_name((enum tunnel)p->tunnel));
	json_number(b, "id", p->tunnel_id);
	json_close(b, '}');
}

static void put_finding(struct buffer *b, const struct event_finding *f)
{
	if (!f->state)
		return;
	json_object_open(b, "finding");
	json_word(b, "id", f->id);
	json_word(b, "state", f->state);
	if (f->reason)
		json_word(b, "reason", f->reason);
	json_number(b, "count", f->flows);
	if (f->several_ports) {
		json_object_open(b, "ports");
		json_number(b, "count", f->members);
		json_number(b, "lowest", f->port_low);
		json_number(b, "highest", f->port_high);
		json_close(b, '}');
	}
	if (f->several_peers) {
		json_object_open(b, "peers");
		json_number(b, "count", f->members);
		json_close(b, '}');
	}
	json_close(b, '}');
}

/* One reason and its sentence in an alert about it; else all that were seen in the flow. */
static void put_evasion(struct buffer *b, const struct record *r)
{
	if (r->kind != RECORD_EVASION && !r->evasions)
		return;
	json_object_open(b, "evasion");
	if (r->kind == RECORD_EVASION) {
		json_word(b, "reason", evasion_name((enum evasion)r->evasion_reason));
		json_word(b, "sentence", evasion_sentence((enum evasion)r->evasion_reason));
	} else {
		json_list_open(b, "reason");
		for (unsigned i = 0; i < EVASION_COUNT; i++)
			if (r->evasions >> i & 1)
				json_put_word(b, evasion_name((enum evasion)i));
		json_close(b, ']');
	}
	json_close(b, '}');
}

static void put_live(struct buffer *b, const struct event *v)
{
	if (!v->is_live)
		return;
	json_object_open(b, "live");
	json_number(b, "age", v->live.age_ns);
	json_number(b, "idle", v->live.idle_ns);
	json_put_key(b, "packets_per_second");
	json_put_decimal(b, v->live.packets_per_second);
	json_put_key(b, "bits_per_second");
	json_put_decimal(b, v->live.bits_per_second);
	json_close(b, '}');
}

static void put_flow_verdict(struct buffer *b, const struct event *v, const struct ecs *e)
{
	const struct record *r = v->record;
	char history[HISTORY_BYTES];

	record_history(r, history);
	json_object_open(b, "portolan");
	json_word(b, "verdict", verdict_name((enum verdict)r->verdict));
	json_word(b, "connection", connection_name((enum connection)r->connection));
	json_word(b, "initiator_basis", basis_name((enum basis)r->basis));
	json_word(b, "history", history);
	json_text(b, "profile", v->profile);
	json_word(b, "policy", v->policy);
	put_service(b, e->ruleset, r);
	json_list_open(b, "endpoints");
	for (unsigned end = 0; end < 2; end++)
		if (r->appliance[end] != APPLIANCE_NONE)
			put_endpoint(b, e, r, end);
	json_close(b, ']');
	put_tunnel(b, &r->encap);
	ecs_put_own_facts(b, r);
	put_evasion(b, r);
	put_finding(b, &v->finding);
	put_live(b, v);
	if (v->would_be)
		json_word(b, "would_be", v->would_be);
	json_close(b, '}');
}

static void put_rule(struct buffer *b, const struct event *v)
{
	bool is_evasion = v->record->kind == RECORD_EVASION;
	const char *name = is_evasion ? evasion_name((enum evasion)v->record->evasion_reason)
				      : verdict_name((enum verdict)v->record->verdict);

	if (!v->rule)
		return;
	json_object_open(b, "rule");
	json_text(b, "id", v->rule);
	json_word(b, "name", name);
	json_word(b, "category", is_evasion ? "evasion" : name);
	json_text(b, "ruleset", v->profile);
	json_close(b, '}');
}

static void put_explanation(struct buffer *b, const struct event *v)
{
	if (v->message)
		json_text(b, "message", v->message);
	put_rule(b, v);
	if (!v->technique)
		return;
	json_object_open(b, "threat");
	json_word(b, "framework", "MITRE ATT&CK");
	json_object_open(b, "technique");
	json_list_open(b, "id");
	json_put_word(b, v->technique);
	json_close(b, ']');
	json_close(b, '}');
	json_close(b, '}');
}

static void put_flow(struct buffer *b, const struct event *v, const struct ecs *e)
{
	put_flow_event(b, v);
	put_side(b, "source", v->record, 0);
	put_side(b, "destination", v->record, 1);
	put_network(b, v);
	put_observer(b, v, e);
	put_flow_verdict(b, v, e);
	ecs_put_facts(b, v->record);
	put_explanation(b, v);
}

/* --- events without a flow ------------------------------------------------------------ */

static void put_channel(struct buffer *b, const struct event_channel *c)
{
	json_object_open(b, "channel");
	json_list_open(b, "appliances");
	for (unsigned i = 0; i < 2; i++)
		json_put_text(b, c->end[i], strlen(c->end[i]));
	json_close(b, ']');
	json_word(b, "state", c->state);
	json_word(b, "previous", c->previous);
	json_text(b, "meaning", c->meaning);
	if (c->reason)
		json_text(b, "reason", c->reason);
	json_close(b, '}');
}

static void put_correlation(struct buffer *b, const struct event_correlation *c)
{
	json_object_open(b, "relation");
	json_word(b, "kind", c->kind);
	json_word(b, "state", c->state);
	json_put_key(b, "inconclusive");
	json_put_bool(b, c->inconclusive);
	if (c->appliance)
		json_text(b, "appliance", c->appliance);
	if (c->rule)
		json_text(b, "rule", c->rule);
	if (c->feature)
		json_text(b, "feature", c->feature);
	if (c->detail)
		json_text(b, "detail", c->detail);
	if (c->peer)
		json_text(b, "peer", c->peer);
	json_close(b, '}');
	json_object_open(b, "finding");
	json_word(b, "id", c->id);
	json_close(b, '}');
}

static void put_deployment(struct buffer *b, const struct event *v, const struct ecs *e)
{
	json_object_open(b, "event");
	json_word(b, "kind", v->severity ? "alert" : "event");
	json_list_open(b, "category");
	json_put_word(b, "network");
	json_close(b, ']');
	json_list_open(b, "type");
	json_put_word(b, v->severity ? "info" : "change");
	json_close(b, ']');
	json_word(b, "action", v->action);
	if (v->severity)
		json_number(b, "severity", (uint64_t)v->severity);
	json_close(b, '}');
	put_observer(b, v, e);
	json_text(b, "message", v->message);
	json_object_open(b, "portolan");
	json_text(b, "profile", v->profile);
	json_word(b, "policy", v->policy);
	if (v->kind == EVENT_CHANNEL)
		put_channel(b, &v->channel);
	else
		put_correlation(b, &v->correlation);
	json_close(b, '}');
}

void ecs_render(struct event *v, const struct ecs *e, struct buffer *b)
{
	buffer_clear(b);
	json_open(b, '{');
	json_put_key(b, "@timestamp");
	json_put_time(b, v->time_ns);
	if (v->record)
		put_flow(b, v, e);
	else
		put_deployment(b, v, e);
	json_close(b, '}');
	v->json = b->error ? NULL : b->text;
	v->json_bytes = b->error ? 0 : b->length;
}
