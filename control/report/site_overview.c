#include "report/site_overview.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/heap.h"
#include "base/literal.h"
#include "config/settings.h"
#include "config/site.h"
#include "policy/ruleset.h"
#include "protocol.h"
#include "report/policy_table.h"

#define LABEL "%-12s"

/* ---- appliances ---- */

static size_t appliances_of(const struct ruleset *ruleset, enum role role)
{
	size_t count = 0;

	for (size_t i = 0; i < ruleset->appliances; i++)
		count += ruleset->appliance[i].role == role;
	return count;
}

static void print_appliance(const struct appliance_text *a, FILE *out)
{
	fprintf(out, "  %-20s %-18s", a->name, role_name(a->role));
	for (size_t i = 0; i < a->addresses; i++)
		fprintf(out, "%s%s", i ? ", " : " ", a->address[i]);
	for (size_t i = 0; i < a->macs; i++)
		fprintf(out, ", %s", a->mac[i]);
	for (size_t i = 0; i < a->excepts; i++)
		fprintf(out, "%s %s", i ? "," : " without", a->except[i]);
	fputc('\n', out);
}

static void print_appliances(const struct ruleset *ruleset, FILE *out)
{
	if (ruleset->appliances == 0) {
		fprintf(out,
			LABEL "none; replay and run need some: portolan discover CAPTURE proposes "
			      "them\n",
			"appliances");
		return;
	}
	fprintf(out, LABEL "%zu: %zu management-center, %zu managed-device\n", "appliances",
		ruleset->appliances, appliances_of(ruleset, ROLE_MANAGEMENT_CENTER),
		appliances_of(ruleset, ROLE_MANAGED_DEVICE));
	for (size_t i = 0; i < ruleset->appliances; i++)
		print_appliance(&ruleset->appliance[i], out);
}

/* ---- rules ---- */

static bool is_moved(const struct ruleset *ruleset, uint32_t i)
{
	return ruleset->policy->rule[i].port != ruleset->rule[i].documented_port;
}

/* Implied rows are no documented ones: they are counted and shown apart. */
static bool is_implied(const struct ruleset *ruleset, uint32_t i)
{
	return ruleset->policy->rule[i].implied;
}

static bool is_disabled(const struct ruleset *ruleset, uint32_t i)
{
	return !ruleset->policy->rule[i].enabled && !is_implied(ruleset, i);
}

static bool is_bound(const struct ruleset *ruleset, uint32_t i)
{
	return ruleset->policy->rule[i].peers != PEERS_ANY && !is_implied(ruleset, i);
}

static uint32_t rules_that(const struct ruleset *ruleset, const struct rule_list *list,
	bool (*are)(const struct ruleset *, uint32_t))
{
	uint32_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += are(ruleset, list->rule[i]);
	return count;
}

static void print_moved(const struct ruleset *ruleset, uint32_t i, FILE *out)
{
	fprintf(out, "  %-12s %s for %s, now %u\n", "moved", ruleset->rule[i].id,
		ruleset->rule[i].feature, ruleset->policy->rule[i].port);
}

static void print_disabled(const struct ruleset *ruleset, uint32_t i, FILE *out)
{
	fprintf(out, "  %-12s %s for %s\n", "disabled", ruleset->rule[i].id,
		ruleset->rule[i].feature);
}

static void print_bound(const struct ruleset *ruleset, uint32_t i, FILE *out)
{
	char *peers = policy_table_peers(ruleset, &ruleset->policy->rule[i], ", ");

	fprintf(out, "  %-12s %s for %s, to %s\n", "bound", ruleset->rule[i].id,
		ruleset->rule[i].feature, peers ? peers : "?");
	free(peers);
}

static void print_own(const struct ruleset *ruleset, uint32_t i, FILE *out)
{
	const char *service = ruleset->rule[i].service;

	fprintf(out, "  %-12s %s for %s, %s\n", "site's own", ruleset->rule[i].id,
		ruleset->rule[i].feature, *service ? service : "any service");
}

static void print_implied(const struct ruleset *ruleset, uint32_t i, FILE *out)
{
	bool is_on = ruleset->policy->rule[i].enabled;

	fprintf(out, "  %-12s %s for %s%s\n", "implied", ruleset->rule[i].id,
		ruleset->rule[i].feature, is_on ? "" : ", disabled");
}

static void print_matching(const struct ruleset *ruleset, const struct rule_list *list, FILE *out,
	bool (*are)(const struct ruleset *, uint32_t),
	void (*print)(const struct ruleset *, uint32_t, FILE *))
{
	for (size_t i = 0; i < list->count; i++) {
		if (are(ruleset, list->rule[i]))
			print(ruleset, list->rule[i], out);
	}
}

static void print_list(const struct ruleset *ruleset, const struct rule_list *list, FILE *out)
{
	print_matching(ruleset, list, out, is_disabled, print_disabled);
	print_matching(ruleset, list, out, is_moved, print_moved);
	print_matching(ruleset, list, out, is_bound, print_bound);
	print_matching(ruleset, list, out, ruleset_is_own, print_own);
	print_matching(ruleset, list, out, is_implied, print_implied);
}

static void print_rules(const struct ruleset *ruleset, const struct rule_list *list, FILE *out)
{
	uint32_t disabled = rules_that(ruleset, list, is_disabled);
	uint32_t implied = rules_that(ruleset, list, is_implied);
	uint32_t rules = (uint32_t)list->count - implied;

	fprintf(out,
		LABEL "%u: %u enabled, %u disabled, %u moved, %u bound to peers, %u site's own; "
		      "beside them %u implied\n",
		"rules", rules, rules - disabled, disabled, rules_that(ruleset, list, is_moved),
		rules_that(ruleset, list, is_bound), rules_that(ruleset, list, ruleset_is_own),
		implied);
	if (ruleset->unverified)
		fprintf(out,
			"  %-12s %zu, not read in the vendor's guide: `portolan policy` marks "
			"them\n",
			"unverified", ruleset->unverified);
	print_list(ruleset, list, out);
}

/* ---- classes ---- */

/* The rules of a list that another one has not. */
static struct rule_list list_without(
	const struct ruleset *ruleset, const struct rule_list *list, const struct rule_list *other)
{
	struct rule_list rest = {.rule = heap_calloc(list->count + 1, sizeof(*rest.rule))};
	bool *is_other = heap_calloc(ruleset->policy->rules + 1u, sizeof(*is_other));

	for (size_t i = 0; is_other && i < other->count; i++)
		is_other[other->rule[i]] = true;
	for (size_t i = 0; is_other && rest.rule && i < list->count; i++)
		if (!is_other[list->rule[i]])
			rest.rule[rest.count++] = list->rule[i];
	free(is_other);
	return rest;
}

static void print_members(const struct ruleset *ruleset, uint32_t class, FILE *out)
{
	enum { SHOWN = 8 };
	size_t shown = 0, count = ruleset->class[class].appliances;

	for (size_t i = 0; i < ruleset->appliances && shown < SHOWN; i++)
		if (ruleset->class_of[i] == class)
			fprintf(out, "%s%s", shown++ ? ", " : " ", ruleset->appliance[i].name);
	if (count > shown)
		fprintf(out, " and %zu more", count - shown);
	fputc('\n', out);
}

static void print_managers(const struct ruleset *ruleset, uint32_t class, FILE *out)
{
	const struct policy_class *c = &ruleset->policy->class[class];

	if (c->managers == 0)
		return;
	fprintf(out, "  %-12s", c->allows_devices ? "partners" : "managers");
	for (uint32_t i = 0; i < c->managers; i++)
		fprintf(out, "%s%s", i ? ", " : " ",
			ruleset->appliance[ruleset->policy->manager[c->manager_first + i]].name);
	fputc('\n', out);
}

static size_t moved_or_gone(const struct ruleset *ruleset, const struct rule_list *gone, FILE *out)
{
	size_t count = 0;

	for (size_t i = 0; i < gone->count; i++) {
		const char *id = ruleset->rule[gone->rule[i]].id;
		if (ruleset->policy->rule[gone->rule[i]].implied)
			continue;
		if (count++ < 8)
			fprintf(out, "%s%s", count == 1 ? "" : ", ", id);
	}
	return count;
}

/* What the role's own class has and this one has not, rows that are only changed included. */
static void print_without(const struct ruleset *ruleset, const struct rule_list *gone, FILE *out)
{
	size_t count;

	if (gone->count == 0)
		return;
	fprintf(out, "  %-12s ", "without");
	count = moved_or_gone(ruleset, gone, out);
	if (count > 8)
		fprintf(out, " and %zu more", count - 8);
	fputc('\n', out);
}

static void print_class(const struct ruleset *ruleset, uint32_t class, FILE *out)
{
	const struct ruleset_class *text = &ruleset->class[class];
	unsigned role = ruleset->policy->class[class].role;
	struct rule_list list = {text->rule, text->rules};
	struct rule_list base = {ruleset->class[role].rule, ruleset->class[role].rules};
	struct rule_list more = list_without(ruleset, &list, &base),
			 gone = list_without(ruleset, &base, &list);

	fprintf(out, LABEL "%u, %s%s, profile %s, %zu rules, %zu appliance%s:", "class", class,
		role_name((enum role)role), text->is_data ? ", data interfaces" : "", text->profile,
		text->rules, text->appliances, text->appliances == 1 ? "" : "s");
	print_members(ruleset, text->is_data ? class - 1 : class, out);
	print_managers(ruleset, class, out);
	print_list(ruleset, &more, out);
	print_without(ruleset, &gone, out);
	free(more.rule);
	free(gone.rule);
}

static void print_classes(const struct ruleset *ruleset, FILE *out)
{
	for (uint32_t i = ROLE_COUNT; i < ruleset->policy->classes; i++)
		print_class(ruleset, i, out);
}

static void print_pairs(const struct ruleset *ruleset, FILE *out)
{
	const struct policy *p = ruleset->policy;

	for (uint32_t i = 0; i < p->pairs; i++)
		fprintf(out, LABEL "%s and %s, everything, for %s\n", "pair",
			ruleset->appliance[p->pair[i].appliance[0]].name,
			ruleset->appliance[p->pair[i].appliance[1]].name,
			ruleset_set_text(ruleset, p->pair[i].set)->feature);
}

/* ---- protocols ---- */

static void print_protocols(const struct ruleset *ruleset, FILE *out)
{
	bool is_first = true;

	fprintf(out, LABEL, "protocols");
	for (unsigned number = 0; number < 256; number++) {
		int verdict = ruleset->policy->protocol[number];
		const char *name = protocol_name(number);
		if (verdict == protocol_default(number))
			continue;
		fputs(is_first ? "" : ", ", out);
		if (name)
			fprintf(out, "%s", name);
		else
			fprintf(out, "%u", number);
		fprintf(out, " %s", verdict_name((enum verdict)verdict));
		is_first = false;
	}
	fputs(is_first ? "as by default\n" : "; the others as by default\n", out);
}

/* ---- capture and limits ---- */

static void print_capture(
	const struct ruleset *ruleset, const struct capture_settings *c, FILE *out)
{
	char text[PREFIX_TEXT_BYTES], warmup[DURATION_TEXT_BYTES];

	format_duration(ruleset->warmup_ns, warmup);
	fprintf(out, LABEL "source %s", "capture", c->source);
	for (size_t i = 0; i < c->interfaces; i++)
		fprintf(out, "%s%s", i ? ", " : ", interfaces ", c->interface[i]);
	for (size_t i = 0; i < c->dpdk_devices; i++)
		fprintf(out, "%s%s", i ? ", " : ", devices ", c->dpdk_device[i]);
	if (c->dpdk_lcores && *c->dpdk_lcores)
		fprintf(out, ", lcores %s", c->dpdk_lcores);
	for (size_t i = 0; i < c->dpdk_eals; i++)
		fprintf(out, "%s%s", i ? " " : ", eal ", c->dpdk_eal[i]);
	fprintf(out, ", warm-up %s, duplicates %s", warmup, c->deduplicate ? "dropped" : "kept");
	for (size_t i = 0; i < ruleset->mirror_endpoints; i++) {
		format_prefix(&ruleset->mirror_endpoint[i], text);
		fprintf(out, "%s%s", i ? ", " : ", mirror endpoints ", text);
	}
	fputc('\n', out);
}

static void print_timeout(const char *name, uint64_t ns, bool is_last, FILE *out)
{
	char text[DURATION_TEXT_BYTES];

	format_duration(ns, text);
	fprintf(out, "%s %s%s", name, text, is_last ? "\n" : ", ");
}

static void print_flow(const struct ruleset *ruleset, uint32_t flow_max, FILE *out)
{
	const struct flow_timeouts *t = &ruleset->timeouts;

	fprintf(out, LABEL "%u per worker\n", "flows", flow_max);
	fprintf(out, LABEL, "timeouts");
	print_timeout("tcp attempt", t->tcp_attempt_ns, false, out);
	print_timeout("established", t->tcp_established_ns, false, out);
	print_timeout("closed", t->tcp_closed_ns, false, out);
	print_timeout("udp one-way", t->udp_one_way_ns, false, out);
	print_timeout("two-way", t->udp_two_way_ns, false, out);
	print_timeout("ike", t->ike_ns, false, out);
	print_timeout("other", t->other_ns, true, out);
}

/* ---- outputs ---- */

/* What an entry sets beside the place that it writes to. */
static void print_sink(const struct sink_settings *s, FILE *out)
{
	fprintf(out, "  %-12s %s, %s%s", sink_kind_name(s->kind), s->value[sink_name_key(s->kind)],
		s->format == SINK_AS_CEF ? "as CEF" : "as JSON", s->flows ? ", with flows" : "");
	for (int key = 0; key < SINK_KEY_COUNT; key++)
		if (s->value[key] && key != (int)sink_name_key(s->kind))
			fprintf(out, ", %s %s", sink_key_info((enum sink_key)key)->name,
				s->value[key]);
	fputc('\n', out);
}

static void print_metrics(const struct output_settings *o, FILE *out)
{
	fprintf(out, "  %-12s %s", "metrics", o->metrics_listen ? o->metrics_listen : "none");
	if (o->metrics_certificate)
		fprintf(out, ", with TLS, certificate %s, key %s", o->metrics_certificate,
			o->metrics_key ? o->metrics_key : "in the same file");
	if (o->metrics_token_file)
		fprintf(out, ", token of %s", o->metrics_token_file);
	fputc('\n', out);
}

static void print_outputs(const struct output_settings *o, uint64_t silence_ns, FILE *out)
{
	char window[DURATION_TEXT_BYTES], silence[DURATION_TEXT_BYTES];

	format_duration(o->window_ns, window);
	format_duration(silence_ns, silence);
	fprintf(out, LABEL "%zu sink%s, repeats within %s are one event\n", "outputs", o->sinks,
		o->sinks == 1 ? "" : "s", window);
	fprintf(out, "  %-12s after %s without traffic on a row that speaks by itself\n", "silence",
		silence);
	for (size_t i = 0; i < o->sinks; i++)
		print_sink(&o->sink[i], out);
	print_metrics(o, out);
	fprintf(out, "  %-12s %s%s%s\n", "control",
		o->control_socket ? o->control_socket : "the default socket",
		o->control_group ? ", group " : "", o->control_group ? o->control_group : "");
}

static void print_store(const struct store_settings *s, FILE *out)
{
	char keep[DURATION_TEXT_BYTES], learn[DURATION_TEXT_BYTES], size[32];

	if (!s->path) {
		fprintf(out, LABEL "none\n", "store");
		return;
	}
	format_duration(s->keep_ns, keep);
	format_duration(s->learn_ns, learn);
	format_bytes(s->size_bytes, size);
	fprintf(out, LABEL "%s, %s flows, kept %s and up to %s\n", "store", s->path,
		s->keeps_all ? "all" : "flagged", keep, size);
	fprintf(out, "  %-12s %s%s\n", "baseline", s->learn_ns ? "learns for " : "off",
		s->learn_ns ? learn : "");
}

static void print_evidence(const struct evidence_settings *e, FILE *out)
{
	char size[32], file[32], flow[32], ring[32], age[DURATION_TEXT_BYTES];

	if (!e->path) {
		fprintf(out, LABEL "none\n", "evidence");
		return;
	}
	format_bytes(e->size_bytes, size);
	format_bytes(e->file_bytes, file);
	format_bytes(e->flow_bytes, flow);
	format_bytes(e->ring_bytes, ring);
	format_duration(e->age_ns, age);
	fprintf(out, LABEL "%s, up to %s, credentials %s\n", "evidence", e->path, size,
		e->mask ? "masked" : "as they are");
	fprintf(out,
		"  %-12s files of up to %s or %s; of a flow %u packets, %s; before a verdict "
		"%s a worker\n",
		"bounds", file, age, e->flow_packets, flow, ring);
}

static void print_warnings(const struct ruleset *ruleset, FILE *out)
{
	fprintf(out, LABEL, "warnings");
	if (ruleset->warnings == 0)
		fputs("none\n", out);
	else
		fprintf(out, "%zu\n", ruleset->warnings);
	for (size_t i = 0; i < ruleset->warnings; i++)
		fprintf(out, "  %s\n", ruleset->warning[i]);
}

int site_overview_print(const struct ruleset *ruleset, const struct settings *settings, FILE *out)
{
	struct rule_list list = ruleset_rules(ruleset, APPLIANCE_NONE);

	if (!list.rule)
		return -ENOMEM;
	fprintf(out, LABEL "%s\n", "site", ruleset->name);
	fprintf(out, LABEL "%s%s%s%s\n", "profile", ruleset->profile, *ruleset->version ? " (" : "",
		ruleset->version, *ruleset->version ? ")" : "");
	fprintf(out, LABEL "%s\n", "policy", ruleset->hash);
	print_appliances(ruleset, out);
	print_rules(ruleset, &list, out);
	print_classes(ruleset, out);
	print_pairs(ruleset, out);
	free(list.rule);
	print_protocols(ruleset, out);
	print_capture(ruleset, &settings->capture, out);
	print_flow(ruleset, settings->flow_max, out);
	print_outputs(&settings->outputs, ruleset->silence_ns, out);
	print_store(&settings->store, out);
	print_evidence(&settings->evidence, out);
	print_warnings(ruleset, out);
	errno = 0;
	if (fflush(out) || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}
