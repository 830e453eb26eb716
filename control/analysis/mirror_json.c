#include "analysis/mirror_json.h"

#include "analysis/mirror_report.h"
#include "analysis/mirror_sum.h"
#include "base/format.h"
#include "policy/ruleset.h"

static json_t *sides_json(uint64_t one, uint64_t both)
{
	return json_pack("{s:I, s:I}", "one_side", (json_int_t)one, "both_sides", (json_int_t)both);
}

static json_t *lane_json(const struct mirror_lane *l)
{
	return json_pack("{s:I, s:I, s:I, s:o, s:I, s:I}", "frames", (json_int_t)l->frames,
		"truncated", (json_int_t)l->truncated, "duplicates", (json_int_t)l->duplicates,
		"tcp_flows", sides_json(l->flows.one, l->flows.both), "syn", (json_int_t)l->syn,
		"syn_ack", (json_int_t)l->syn_ack);
}

static json_t *lanes_json(const struct mirror_report *r)
{
	json_t *lanes = json_array();

	for (uint32_t i = 1; i < r->sum.lanes; i++) {
		const struct mirror_lane *l = &r->sum.lane[i];
		json_t *lane;
		if (l->frames == 0 && l->flows.one + l->flows.both == 0)
			continue;
		lane = lane_json(l);
		json_object_set_new(lane, "interface", json_integer(l->interface));
		if (l->interface < r->interfaces)
			json_object_set_new(lane, "name", json_string(r->interface[l->interface]));
		json_object_set_new(lane, "vlan", json_integer(l->vlan));
		json_array_append_new(lanes, lane);
	}
	return lanes;
}

static json_t *host_json(const char *name, const struct mirror_host *h)
{
	char last[TIME_TEXT_BYTES];

	format_time(h->last_ns, last);
	return json_pack("{s:s, s:I, s:o, s:{s:I, s:I, s:I}}", "appliance", name, "packets",
		(json_int_t)h->packets, "last_seen", h->last_ns ? json_string(last) : json_null(),
		"tcp_flows", "from_only", (json_int_t)h->from_only, "to_only",
		(json_int_t)h->to_only, "both_sides", (json_int_t)h->both);
}

static json_t *hosts_json(const struct mirror_report *r)
{
	json_t *hosts = json_array();

	for (size_t i = 0; i < r->sum.hosts; i++)
		json_array_append_new(
			hosts, host_json(r->ruleset->appliance[i].name, &r->sum.host[i]));
	return hosts;
}

static json_t *sessions_json(const struct mirror_counters *f)
{
	json_t *sessions = json_array();

	for (uint32_t i = 0; i < f->sessions; i++) {
		const struct mirror_session *s = &f->session[i];
		char source[ADDRESS_TEXT_BYTES];
		format_address(&s->source, s->version, source);
		json_array_append_new(
			sessions, json_pack("{s:s, s:i, s:I, s:I, s:I, s:I}", "source", source,
					  "session", s->session, "leg", (json_int_t)s->leg,
					  "packets", (json_int_t)s->packets, "expected",
					  (json_int_t)mirror_session_expected(s), "lost",
					  (json_int_t)(mirror_session_expected(s) - s->packets)));
	}
	return sessions;
}

static json_t *findings_json(const struct mirror_report *r, const struct counters *c)
{
	struct mirror_finding found[MIRROR_FINDINGS_MAX];
	size_t count = mirror_report_find(r, c, found);
	json_t *findings = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(findings,
			json_pack("{s:s, s:s, s:s}", "finding", mirror_finding_name(found[i].kind),
				"what", found[i].what, "remedy", found[i].remedy));
	return findings;
}

json_t *mirror_report_json(const struct mirror_report *r, const struct counters *c)
{
	const struct mirror_counters *f = &r->sum;

	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:I, s:{s:I, s:I, s:I, s:I, s:I}, s:{s:I, s:I}}",
		"findings", findings_json(r, c), "lanes", lanes_json(r), "other_lanes",
		lane_json(&f->lane[0]), "appliances", hosts_json(r), "sessions", sessions_json(f),
		"unnumbered", (json_int_t)f->unnumbered, "sample", "connections",
		(json_int_t)f->watched, "packets", (json_int_t)f->watched_packets, "copies",
		(json_int_t)f->watched_copies, "acknowledged_bytes",
		(json_int_t)f->acknowledged_bytes, "unseen_bytes", (json_int_t)f->unseen_bytes,
		"time", "backwards", (json_int_t)f->backwards, "largest_ns",
		(json_int_t)f->backwards_ns);
}
