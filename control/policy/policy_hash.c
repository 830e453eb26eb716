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
	if (rule->peers == PEERS_LISTED)
		return listed_text(policy->peer + rule->peer_first, rule->peer_count, arena);
	return rule->peers == PEERS_ANY ? "any" : "inventory";
}

static void add_rules(struct lines *lines, const struct ruleset *ruleset)
{
	for (uint32_t i = 0; i < ruleset->policy->rules; i++) {
		const struct rule *r = &ruleset->policy->rule[i];
		lines->line[lines->count++] = arena_format(lines->arena,
			"rule %s %s %s %u feature=%s services=%s enabled=%d peers=%s%s\n",
			role_name((enum role)r->role), direction_name((enum direction)r->direction),
			transport_name((enum transport)r->transport), r->port,
			ruleset->rule[i].feature, services_text(r->services, lines->arena),
			r->enabled, peers_text(ruleset->policy, r, lines->arena),
			r->implied ? " implied" : "");
	}
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
		       ruleset->signatures->count;

	for (size_t i = 0; i < site->appliances; i++)
		bound += site->appliance[i].addresses + site->appliance[i].excepts +
			 site->appliance[i].macs;
	return bound;
}

static void hash_write(char hash[80], const uint8_t digest[SHA256_DIGEST_SIZE])
{
	size_t length = (size_t)sprintf(hash, "sha256:");

	for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++)
		length += (size_t)sprintf(hash + length, "%02x", digest[i]);
}

void policy_hash_write(struct ruleset *ruleset, const struct site *site, struct arena *arena)
{
	struct lines lines = {.arena = arena};
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha256;

	lines.line = arena_alloc(arena, lines_bound(ruleset, site) * sizeof(*lines.line));
	add_rules(&lines, ruleset);
	add_inventory(&lines, site);
	add_protocols(&lines, ruleset->policy);
	add_times(&lines, site);
	add_signatures(&lines, ruleset->signatures);
	qsort(lines.line, lines.count, sizeof(*lines.line), line_compare);
	sha256_init(&sha256);
	sha256_update(&sha256, strlen(FORMAT_LINE), (const uint8_t *)FORMAT_LINE);
	for (size_t i = 0; i < lines.count; i++)
		sha256_update(&sha256, strlen(lines.line[i]), (const uint8_t *)lines.line[i]);
	sha256_digest(&sha256, sizeof(digest), digest);
	hash_write(ruleset->hash, digest);
}
