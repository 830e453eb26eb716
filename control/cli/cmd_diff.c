/* `portolan diff`: what becomes expected or flagged between two policies (DESIGN 8).
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/hash_table.h"
#include "base/heap.h"
#include "base/plain_text.h"
#include "cli/cli.h"
#include "config/settings.h"
#include "policy/ruleset.h"
#include "protocol.h"
#include "run/replay.h"

/* One side of the comparison; the caller owns both. */
struct diff_side {
	struct ruleset *ruleset;
	struct settings *settings;
};

#define FLOWS_MAX 4000000u

/* --- policies -------------------------------------------------------------------------- */

enum rule_access {
	ACCESS_NONE,
	ACCESS_DISABLED,
	ACCESS_LISTED,	  /* listed peers */
	ACCESS_INVENTORY, /* appliances */
	ACCESS_ANY,	  /* any peer */
};

static const char *const rule_access_words[] = {
	"unexpected-port",
	"feature-disabled",
	" with the listed peers only",
	" with appliances only",
	"",
};

/* What allows a flow is said with the verdict that it gets. */
static void access_text(
	const struct policy *p, uint16_t set, enum rule_access access, char text[64])
{
	const char *verdict = access < ACCESS_LISTED		   ? ""
			      : p->rule[p->set[set].first].implied ? "implied"
								   : "expected";

	snprintf(text, 64, "%s%s", verdict, rule_access_words[access]);
}

static enum rule_access rule_access_of(const struct rule *r)
{
	if (!r->enabled)
		return ACCESS_DISABLED;
	return r->peers == PEERS_ANY	     ? ACCESS_ANY
	       : r->peers == PEERS_INVENTORY ? ACCESS_INVENTORY
					     : ACCESS_LISTED;
}

/* The least restrictive access of a set's rules. */
static enum rule_access set_access(const struct policy *p, uint16_t set)
{
	enum rule_access best = ACCESS_NONE;

	for (uint32_t i = 0; i < p->set[set].count; i++) {
		enum rule_access s = rule_access_of(&p->rule[p->set[set].first + i]);
		best = s > best ? s : best;
	}
	return best;
}

/* The features of a set's rules, joined. */
static void features_text(const struct ruleset *c, uint16_t set, char *text, size_t bytes)
{
	const struct rule_set *rules = &c->policy->set[set];
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < rules->count && used < bytes; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%s", used ? ", " : "",
			c->rule[rules->first + i].feature);
}

static int peer_lists_equal(const struct policy *a, const struct rule *ra, const struct policy *b,
	const struct rule *rb)
{
	if (ra->peers != rb->peers || ra->peer_count != rb->peer_count)
		return 0;
	for (uint32_t i = 0; i < ra->peer_count; i++)
		if (memcmp(&a->peer[ra->peer_first + i], &b->peer[rb->peer_first + i],
			    sizeof(struct prefix)) != 0)
			return 0;
	return 1;
}

/* Whether the enabled rules of both sets allow the same peers. */
static int same_peers(const struct policy *a, uint16_t sa, const struct policy *b, uint16_t sb)
{
	if (a->set[sa].count != b->set[sb].count)
		return 0;
	for (uint32_t i = 0; i < a->set[sa].count; i++)
		if (!peer_lists_equal(
			    a, &a->rule[a->set[sa].first + i], b, &b->rule[b->set[sb].first + i]))
			return 0;
	return 1;
}

/* How two sets with the same access differ, or NULL. */
static const char *changed_terms(const struct ruleset *before, uint16_t old_set,
	const struct ruleset *after, uint16_t new_set)
{
	enum rule_access s = set_access(before->policy, old_set);

	if (s < ACCESS_LISTED || s != set_access(after->policy, new_set))
		return NULL;
	if (s == ACCESS_LISTED && !same_peers(before->policy, old_set, after->policy, new_set))
		return " (other peers)";
	if (policy_services(before->policy, old_set) != policy_services(after->policy, new_set))
		return " (other services)";
	return NULL;
}

static unsigned diff_set(const struct ruleset *before, const struct ruleset *after, unsigned role,
	unsigned direction, unsigned transport, unsigned port, FILE *out)
{
	uint16_t old_set = policy_set(before->policy, role, direction, transport, (uint16_t)port);
	uint16_t new_set = policy_set(after->policy, role, direction, transport, (uint16_t)port);
	enum rule_access was = set_access(before->policy, old_set);
	enum rule_access is = set_access(after->policy, new_set);
	char features[256], name[ENDPOINT_TEXT_BYTES], before_text[64], after_text[64];
	const char *other = changed_terms(before, old_set, after, new_set);

	if (was == is && !other)
		return 0;
	features_text(new_set != SET_NONE ? after : before, new_set != SET_NONE ? new_set : old_set,
		features, sizeof(features));
	access_text(before->policy, old_set, was, before_text);
	access_text(after->policy, new_set, is, after_text);
	snprintf(name, sizeof(name), "%u/%s", port, transport_name((enum transport)transport));
	fprintf(out, "  %c %-18s %-8s %-10s %-28s %s -> %s%s\n",
		is > was   ? '+'
		: is < was ? '-'
			   : '~',
		role_name((enum role)role), direction_name((enum direction)direction), name,
		features, before_text, after_text, other ? other : "");
	return 1;
}

static unsigned diff_protocols(const struct ruleset *before, const struct ruleset *after, FILE *out)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 256; i++) {
		uint8_t was = before->policy->protocol[i], is = after->policy->protocol[i];
		char name[ENDPOINT_TEXT_BYTES];
		if (was == is || protocol_has_ports(i))
			continue;
		format_protocol((uint8_t)i, name);
		fprintf(out, "  %c protocol %-48s %s -> %s\n", is < was ? '+' : '-', name,
			verdict_name((enum verdict)was), verdict_name((enum verdict)is));
		count++;
	}
	return count;
}

/* Prints the differences between the policies; returns their number. */
static unsigned diff_policies(const struct ruleset *before, const struct ruleset *after, FILE *out)
{
	unsigned count = 0;

	fprintf(out, "%s (%s) -> %s (%s)\n", before->name, before->profile, after->name,
		after->profile);
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		for (unsigned direction = 0; direction < DIRECTION_COUNT; direction++)
			for (unsigned transport = 0; transport < TRANSPORT_COUNT; transport++)
				for (unsigned port = 0; port < PORT_COUNT; port++)
					count += diff_set(before, after, role, direction, transport,
						port, out);
	count += diff_protocols(before, after, out);
	if (count == 0)
		fprintf(out, "  the same: no port and no protocol changes its verdict\n");
	return count;
}

/* --- flows of a capture --------------------------------------------------------------- */

/* The initiator may differ between two policies: the smaller end comes first. */
struct diff_flow_key {
	struct address address[2];
	uint64_t start_ns;
	uint16_t port[2];
	uint8_t protocol, version, zero[2];
};

struct diff_flow {
	struct diff_flow_key key;
	uint8_t verdict;
	UT_hash_handle hh;
};

struct comparison {
	struct diff_flow *flow;
	size_t flows, changed, overflowed;
	FILE *out;
};

static struct diff_flow_key key_of(const struct record *r)
{
	int order = memcmp(&r->address[0], &r->address[1], sizeof(r->address[0]));
	unsigned first = order < 0 || (order == 0 && r->port[0] <= r->port[1]) ? 0 : 1;
	struct diff_flow_key k;

	memset(&k, 0, sizeof(k));
	for (unsigned i = 0; i < 2; i++) {
		k.address[i] = r->address[i ^ first];
		k.port[i] = r->port[i ^ first];
	}
	k.start_ns = r->start_ns;
	k.protocol = r->protocol;
	k.version = r->version;
	return k;
}

static void add_flow(void *context, const struct record *r)
{
	struct comparison *c = context;
	struct diff_flow *f;

	if (r->kind != RECORD_ENDED)
		return;
	f = c->flows < FLOWS_MAX ? heap_calloc(1, sizeof(*f)) : NULL;
	if (!f) {
		c->overflowed++;
		return;
	}
	f->key = key_of(r);
	f->verdict = r->verdict;
	HASH_ADD(hh, c->flow, key, sizeof(f->key), f);
	c->flows++;
}

static void print_change(const struct record *r, uint8_t was, FILE *out)
{
	char address[2][ADDRESS_TEXT_BYTES], port[ENDPOINT_TEXT_BYTES], start[TIME_TEXT_BYTES];

	format_address(&r->address[0], r->version, address[0]);
	format_address(&r->address[1], r->version, address[1]);
	format_port(r->protocol, r->port[1], port);
	format_time_short(r->start_ns, start);
	fprintf(out, "  %s  %s -> %s %s  %s -> %s\n", start, address[0], address[1], port,
		verdict_name((enum verdict)was), verdict_name((enum verdict)r->verdict));
}

static void compare(void *context, const struct record *r)
{
	struct comparison *c = context;
	struct diff_flow_key k = key_of(r);
	struct diff_flow *f;

	if (r->kind != RECORD_ENDED)
		return;
	HASH_FIND(hh, c->flow, &k, sizeof(k), f);
	if (!f || f->verdict == r->verdict)
		return;
	c->changed++;
	print_change(r, f->verdict, c->out);
}

static int run_source(
	const struct diff_side *side, const char *capture, record_taker *take, struct comparison *c)
{
	struct replay p = {
		.ruleset = side->ruleset,
		.settings = side->settings,
		.capture = &capture,
		.captures = 1,
		.take = take,
		.context = c,
	};

	if (replay_run(&p) < 0)
		return 1;
	return p.failures || p.interrupted;
}

/* Prints the flows of a capture whose verdict changes. Returns the command's exit status. */
static int diff_capture(const struct diff_side *before, const struct diff_side *after,
	const char *capture, FILE *out)
{
	struct comparison c = {.out = out};
	struct diff_flow *f, *next;
	char title[4096];
	int status;

	snprintf(title, sizeof(title), "%s", capture);
	fprintf(out, "%s:\n", plain_text(title));
	status = run_source(before, capture, add_flow, &c);
	status |= run_source(after, capture, compare, &c);
	fprintf(out, "  %zu of %zu flows change their verdict\n", c.changed, c.flows);
	if (c.overflowed) {
		fprintf(stderr, "portolan: diff: %zu flows beyond %u were not compared\n",
			c.overflowed, FLOWS_MAX);
		status = 1;
	}
	HASH_ITER(hh, c.flow, f, next)
	{
		HASH_DEL(c.flow, f);
		free(f);
	}
	return status;
}

/* --- command --- */

enum { CAPTURE };

static const struct cli_option options[] = {
	[CAPTURE] = {"capture", "FILE", "also: which of its flows change their verdict", NULL},
	{0},
};

/* A profile has no appliances: compared with a site it uses the site's. */
static void use_inventory_of(struct ruleset *to, const struct ruleset *from)
{
	to->policy->inventory = from->policy->inventory;
	to->appliance = from->appliance;
	to->appliances = from->appliances;
}

static int compare_sides(
	const struct diff_side *old_side, const struct diff_side *new_side, const char *capture)
{
	struct ruleset *before = old_side->ruleset, *after = new_side->ruleset;
	int status = EXIT_DONE, flushed;

	if (before->appliances == 0)
		use_inventory_of(before, after);
	else if (after->appliances == 0)
		use_inventory_of(after, before);
	if (capture && before->appliances == 0)
		return cli_misuse("diff", "--capture needs appliances: want at least one site");
	if (capture && (cli_compile(before) < 0 || cli_compile(after) < 0))
		return EXIT_MISUSED;
	diff_policies(before, after, stdout);
	if (capture)
		status = diff_capture(old_side, new_side, capture, stdout);
	flushed = cli_flush("diff");
	return flushed > status ? flushed : status;
}

static int run(const struct cli_request *r)
{
	struct diff_side before = {0}, after = {0};
	int status = EXIT_MISUSED;

	before.ruleset = cli_ruleset_any(r->argument[0], &before.settings);
	if (before.ruleset)
		after.ruleset = cli_ruleset_any(r->argument[1], &after.settings);
	if (after.ruleset)
		status = compare_sides(&before, &after, r->value[CAPTURE]);
	ruleset_close(before.ruleset);
	ruleset_close(after.ruleset);
	settings_free(before.settings);
	settings_free(after.settings);
	return status;
}

const struct cli_command cli_diff = {
	.name = "diff",
	.summary = "what becomes expected or flagged between two policies",
	.arguments = "PROFILE|SITE PROFILE|SITE",
	.arguments_min = 2,
	.arguments_max = 2,
	.description =
		"Compares two policies rule by rule: + is allowed more than before, - "
		"less, ~ with\n"
		"other peers or services. Profiles by name (portolan policy --help) or by path.",
	.options = options,
	.run = run,
};
