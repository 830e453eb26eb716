#include "policy/policy_hash.h"

#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/literal.h"
#include "config/signatures.h"
#include "config/site.h"
#include "policy/ruleset.h"

#define FORMAT_LINE "portolan policy 1\n"

/* One line per item that affects a verdict; sorted, so that the order of input does not matter. */
struct lines {
	char **line;
	size_t count;
	struct arena *arena;
	char **of_rule; /* by rule: its line, once it was asked for */
};

static int line_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* ---- rules ---- */

static const char *services_text(service_mask services, struct arena *arena)
{
	const char *text = "";

	for (unsigned s = 0; s < SERVICE_COUNT; s++) {
		if (services & SERVICE_BIT(s))
			text = arena_format(arena, "%s+%s", text, service_name((enum service)s));
	}
	return text;
}

static const char *listed_text(const struct prefix *peer, size_t count, struct arena *arena)
{
	char **line = arena_alloc(arena, (count + 1) * sizeof(*line));
	char *text = arena_alloc(arena, count * (PREFIX_TEXT_BYTES + 1) + 1);
	size_t length = 0;

	for (size_t i = 0; i < count; i++) {
		line[i] = arena_alloc(arena, PREFIX_TEXT_BYTES);
		format_prefix(&peer[i], line[i]);
	}
	qsort(line, count, sizeof(*line), line_compare);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(line[i], line[i - 1]) != 0)
			length += (size_t)sprintf(text + length, "+%s", line[i]);
	}
	return text;
}

static const char *peers_text(
	const struct policy *policy, const struct rule *rule, struct arena *arena)
{
	const char *text = rule->peers & PEERS_INVENTORY ? "inventory" : "any";

	if (rule->peers & PEERS_LISTED)
		text = listed_text(policy->peer + rule->peer_first, rule->peer_count, arena);
	if (rule->peers & PEERS_LISTED && rule->peers & PEERS_INVENTORY)
		text = arena_format(arena, "inventory%s", text);
	if (rule->peers & PEERS_BOUND)
		text = arena_format(arena, "%s and%s", text,
			listed_text(policy->peer + rule->bound_first, rule->bound_count, arena));
	return rule->peers & PEERS_MANAGERS ? arena_format(arena, "%s managers", text) : text;
}

static const char *port_text(const struct rule *r, struct arena *arena)
{
	return r->port == r->port_last ? arena_format(arena, "%u", r->port)
				       : arena_format(arena, "%u-%u", r->port, r->port_last);
}

/* Classes have most rules in common. */
static char *rule_line(struct lines *lines, const struct ruleset *ruleset, uint32_t rule)
{
	const struct rule *r = &ruleset->policy->rule[rule];
	struct arena *arena = lines->arena;

	if (lines->of_rule[rule])
		return lines->of_rule[rule];
	lines->of_rule[rule] = arena_format(arena,
		"rule %s %s %s %s feature=%s services=%s enabled=%d peers=%s%s\n",
		role_name((enum role)r->role), direction_name((enum direction)r->direction),
		transport_name((enum transport)r->transport), port_text(r, arena),
		ruleset->rule[rule].feature, services_text(r->services, arena), r->enabled,
		peers_text(ruleset->policy, r, arena), r->implied ? " implied" : "");
	return lines->of_rule[rule];
}

/* Of the roles' own classes. */
static void add_rules(struct lines *lines, const struct ruleset *ruleset)
{
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		for (size_t i = 0; i < ruleset->class[role].rules; i++)
			lines->line[lines->count++] =
				rule_line(lines, ruleset, ruleset->class[role].rule[i]);
}

/* ---- everything else ---- */

static void add_prefix(
	struct lines *lines, const char *what, const struct prefix *prefix, const char *role)
{
	char text[PREFIX_TEXT_BYTES];

	format_prefix(prefix, text);
	lines->line[lines->count++] = arena_format(lines->arena, "%s %s %s\n", what, text, role);
}

static void add_inventory(struct lines *lines, const struct site *site)
{
	for (size_t i = 0; i < site->appliances; i++) {
		const struct site_appliance *a = &site->appliance[i];
		for (size_t j = 0; j < a->addresses; j++)
			add_prefix(lines, "address", &a->prefix[j], role_name(a->role));
		for (size_t j = 0; j < a->excepts; j++)
			add_prefix(lines, "except", &a->except[j], "");
		for (size_t j = 0; j < a->macs; j++)
			lines->line[lines->count++] = arena_format(lines->arena,
				"mac %012" PRIx64 " %s\n", a->mac_number[j], role_name(a->role));
	}
	for (size_t i = 0; i < site->mirror_endpoints; i++)
		add_prefix(lines, "mirror", &site->mirror_endpoint[i], "");
}

/* ---- classes ---- */

static void hash_write(char hash[80], const uint8_t digest[SHA256_DIGEST_SIZE])
{
	size_t length = (size_t)sprintf(hash, "sha256:");

	for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++)
		length += (size_t)sprintf(hash + length, "%02x", digest[i]);
}

/* Sorts the lines first. */
static void hash_lines(struct lines *lines, char hash[80])
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha256;

	qsort(lines->line, lines->count, sizeof(*lines->line), line_compare);
	sha256_init(&sha256);
	sha256_update(&sha256, strlen(FORMAT_LINE), (const uint8_t *)FORMAT_LINE);
	for (size_t i = 0; i < lines->count; i++)
		sha256_update(&sha256, strlen(lines->line[i]), (const uint8_t *)lines->line[i]);
	sha256_digest(&sha256, sizeof(digest), digest);
	hash_write(hash, digest);
}

/* An appliance by its first address: names decide nothing. */
static const char *appliance_text(const struct site *site, size_t number, struct arena *arena)
{
	char *text = arena_alloc(arena, PREFIX_TEXT_BYTES);

	if (site->appliance[number].addresses)
		format_prefix(&site->appliance[number].prefix[0], text);
	return text;
}

/* The rules of a class and of its data interfaces, and who its managers are. */
static const char *class_hash(
	struct lines *all, const struct ruleset *ruleset, const struct site *site, uint32_t number)
{
	struct arena *arena = all->arena;
	const struct policy_class *class = &ruleset->policy->class[number];
	const struct ruleset_class *text = &ruleset->class[number], *data = text;
	struct lines lines = {.arena = arena};
	char *hash = arena_alloc(arena, 80);

	if (class->data_class != number)
		data = &ruleset->class[class->data_class];
	lines.line = arena_alloc(
		arena, (text->rules + data->rules + class->managers + 1) * sizeof(*lines.line));
	for (size_t i = 0; i < text->rules; i++)
		lines.line[lines.count++] = rule_line(all, ruleset, text->rule[i]);
	for (size_t i = 0; data != text && i < data->rules; i++)
		lines.line[lines.count++] =
			arena_format(arena, "data %s", rule_line(all, ruleset, data->rule[i]));
	for (uint32_t i = 0; i < class->managers; i++)
		lines.line[lines.count++] = arena_format(arena, "manager %s%s\n",
			appliance_text(
				site, ruleset->policy->manager[class->manager_first + i], arena),
			class->allows_devices ? " and devices" : "");
	hash_lines(&lines, hash);
	return hash;
}

/* Which addresses are one appliance's matters only where appliances are told apart. */
static void add_members(
	struct lines *lines, const struct site *site, size_t number, const char *class)
{
	const struct site_appliance *a = &site->appliance[number];
	const char *first = appliance_text(site, number, lines->arena);

	for (size_t i = 0; i < a->addresses; i++)
		add_prefix(lines, arena_format(lines->arena, "class %s %s", class, first),
			&a->prefix[i], "");
	for (size_t i = 0; i < a->datas; i++)
		add_prefix(lines, "data", &a->data[i], "");
}

static void add_classes(struct lines *lines, const struct ruleset *ruleset, const struct site *site)
{
	const struct policy *p = ruleset->policy;
	const char *hash[POLICY_CLASSES_MAX] = {"center", "device"};

	for (uint32_t i = ROLE_COUNT; i < p->classes; i++)
		hash[i] = class_hash(lines, ruleset, site, i);
	for (size_t i = 0; (p->classes > ROLE_COUNT || p->pairs) && i < site->appliances; i++)
		add_members(lines, site, i, hash[ruleset->class_of[i]]);
	for (uint32_t i = 0; i < p->pairs; i++)
		lines->line[lines->count++] = arena_format(lines->arena, "pair %s %s %d\n",
			appliance_text(site, p->pair[i].appliance[0], lines->arena),
			appliance_text(site, p->pair[i].appliance[1], lines->arena),
			policy_rule(p, p->pair[i].set, 0)->enabled);
}

static void add_protocols(struct lines *lines, const struct policy *policy)
{
	for (unsigned number = 0; number < 256; number++)
		lines->line[lines->count++] = arena_format(lines->arena, "protocol %u %s\n", number,
			verdict_name((enum verdict)policy->protocol[number]));
}

static void add_time(struct lines *lines, const char *name, uint64_t ns)
{
	lines->line[lines->count++] = arena_format(lines->arena, "%s %" PRIu64 "\n", name, ns);
}

static void add_times(struct lines *lines, const struct site *site)
{
	const struct flow_timeouts *t = &site->timeouts;

	add_time(lines, "warmup", site->warmup_ns);
	add_time(lines, "tcp_attempt", t->tcp_attempt_ns);
	add_time(lines, "tcp_established", t->tcp_established_ns);
	add_time(lines, "tcp_closed", t->tcp_closed_ns);
	add_time(lines, "udp_one_way", t->udp_one_way_ns);
	add_time(lines, "udp_two_way", t->udp_two_way_ns);
	add_time(lines, "ike", t->ike_ns);
	add_time(lines, "other", t->other_ns);
}

/* Order matters: of two confirmed signatures the first determines the service. */
static void add_signatures(struct lines *lines, const struct signatures *signatures)
{
	for (size_t i = 0; i < signatures->count; i++) {
		const struct signature *s = &signatures->signature[i];
		lines->line[lines->count++] =
			arena_format(lines->arena, "signature %03zu %s %s %u %u %u %s %s\n", i,
				service_name((enum service)s->service),
				transport_name((enum transport)s->transport), s->side, s->validator,
				s->caseless, s->beginning ? s->beginning : "",
				s->pattern ? s->pattern : "");
	}
}

static size_t lines_bound(const struct ruleset *ruleset, const struct site *site)
{
	size_t bound = ruleset->policy->rules + site->mirror_endpoints + 256 + 8 +
		       ruleset->signatures->count + site->pairs;

	for (size_t i = 0; i < site->appliances; i++)
		bound += 2 * site->appliance[i].addresses + site->appliance[i].excepts +
			 site->appliance[i].macs + site->appliance[i].datas;
	return bound;
}

void policy_hash_write(struct ruleset *ruleset, const struct site *site, struct arena *owner)
{
	struct arena *arena = arena_part(owner); /* nothing of it is kept */
	struct lines lines = {.arena = arena};

	lines.line = arena_alloc(arena, lines_bound(ruleset, site) * sizeof(*lines.line));
	lines.of_rule = arena_alloc(arena, (ruleset->policy->rules + 1) * sizeof(*lines.of_rule));
	add_rules(&lines, ruleset);
	add_inventory(&lines, site);
	add_classes(&lines, ruleset, site);
	add_protocols(&lines, ruleset->policy);
	add_times(&lines, site);
	add_signatures(&lines, ruleset->signatures);
	hash_lines(&lines, ruleset->hash);
	arena_release(owner, arena);
}
