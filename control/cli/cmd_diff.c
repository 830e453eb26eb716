/* `portolan diff`: what becomes expected or flagged between two policies (DESIGN 8).
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "cli/cli.h"
#include "config/settings.h"
#include "policy/ruleset.h"
#include "protocol.h"
#include "run/diff_flows.h"

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
	const char *verdict = access < ACCESS_LISTED		? ""
			      : policy_rule(p, set, 0)->implied ? "implied"
								: "expected";

	snprintf(text, 64, "%s%s", verdict, rule_access_words[access]);
}

static enum rule_access rule_access_of(const struct rule *r)
{
	if (!r->enabled)
		return ACCESS_DISABLED;
	if (r->peers & (PEERS_LISTED | PEERS_BOUND | PEERS_MANAGERS))
		return ACCESS_LISTED;
	return r->peers & PEERS_INVENTORY ? ACCESS_INVENTORY : ACCESS_ANY;
}

/* The least restrictive access of a set's rules. */
static enum rule_access set_access(const struct policy *p, uint16_t set)
{
	enum rule_access best = ACCESS_NONE;

	for (uint32_t i = 0; i < p->set[set].count; i++) {
		enum rule_access s = rule_access_of(policy_rule(p, set, i));
		best = s > best ? s : best;
	}
	return best;
}

/* The features of a set's rules, joined. */
static void features_text(const struct ruleset *c, uint16_t set, char *text, size_t bytes)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < c->policy->set[set].count && used < bytes; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%s", used ? ", " : "",
			ruleset_member_text(c, set, i)->feature);
}

static int peer_lists_equal(const struct policy *a, const struct rule *ra, const struct policy *b,
	const struct rule *rb)
{
	return ra->peers == rb->peers && ra->peer_count == rb->peer_count &&
	       ra->bound_count == rb->bound_count &&
	       memcmp(&a->peer[ra->peer_first], &b->peer[rb->peer_first],
		       ra->peer_count * sizeof(struct prefix)) == 0 &&
	       memcmp(&a->peer[ra->bound_first], &b->peer[rb->bound_first],
		       ra->bound_count * sizeof(struct prefix)) == 0;
}

/* Whether the enabled rules of both sets allow the same peers. */
static int same_peers(const struct policy *a, uint16_t sa, const struct policy *b, uint16_t sb)
{
	if (a->set[sa].count != b->set[sb].count)
		return 0;
	for (uint32_t i = 0; i < a->set[sa].count; i++)
		if (!peer_lists_equal(a, policy_rule(a, sa, i), b, policy_rule(b, sb, i)))
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

/* Where to, and whether as a table or as JSON. */
struct diff_output {
	FILE *out;
	bool as_json;
};

/* A place or a protocol that is treated otherwise. */
struct difference {
	char sign; /* + more is allowed, - less, ~ other peers or services */
	const char *role, *direction, *name, *features, *before, *after, *other;
};

static void print_difference(const struct difference *d, const struct diff_output *to)
{
	json_t *line;

	if (!to->as_json && *d->role)
		fprintf(to->out, "  %c %-18s %-8s %-10s %-28s %s -> %s%s\n", d->sign, d->role,
			d->direction, d->name, d->features, d->before, d->after, d->other);
	if (!to->as_json && !*d->role)
		fprintf(to->out, "  %c protocol %-48s %s -> %s\n", d->sign, d->name, d->before,
			d->after);
	if (!to->as_json)
		return;
	line = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "what",
		*d->role ? "port" : "protocol", "change",
		d->sign == '+'	 ? "more"
		: d->sign == '-' ? "less"
				 : "other",
		"role", d->role, "direction", d->direction, "port", d->name, "features",
		d->features, "before", d->before, "after", d->after);
	if (*d->other)
		json_object_set_new(line, "differs", json_string(d->other + 1));
	json_dumpf(line, to->out, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputc('\n', to->out);
	json_decref(line);
}

static unsigned diff_set(const struct ruleset *before, const struct ruleset *after, unsigned role,
	unsigned direction, unsigned transport, unsigned port, const struct diff_output *to)
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
	print_difference(
		&(struct difference){is > was	? '+'
				     : is < was ? '-'
						: '~',
			role_name((enum role)role), direction_name((enum direction)direction), name,
			features, before_text, after_text, other ? other : ""},
		to);
	return 1;
}

static unsigned diff_protocols(
	const struct ruleset *before, const struct ruleset *after, const struct diff_output *to)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 256; i++) {
		uint8_t was = before->policy->protocol[i], is = after->policy->protocol[i];
		char name[ENDPOINT_TEXT_BYTES];
		if (was == is || protocol_has_ports(i))
			continue;
		format_protocol((uint8_t)i, name);
		print_difference(&(struct difference){is < was ? '+' : '-', "", "", name, "",
					 verdict_name((enum verdict)was),
					 verdict_name((enum verdict)is), ""},
			to);
		count++;
	}
	return count;
}

/* Prints the differences between the policies; returns their number. */
static unsigned diff_policies(
	const struct ruleset *before, const struct ruleset *after, const struct diff_output *to)
{
	unsigned count = 0;

	if (!to->as_json)
		fprintf(to->out, "%s (%s) -> %s (%s)\n", before->name, before->profile, after->name,
			after->profile);
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		for (unsigned direction = 0; direction < DIRECTION_COUNT; direction++)
			for (unsigned transport = 0; transport < TRANSPORT_COUNT; transport++)
				for (unsigned port = 0; port < PORT_COUNT; port++)
					count += diff_set(before, after, role, direction, transport,
						port, to);
	count += diff_protocols(before, after, to);
	if (count == 0 && !to->as_json)
		fprintf(to->out, "  the same: no port and no protocol changes its verdict\n");
	return count;
}

/* --- command --- */

enum { CAPTURE, FORMAT };

static const struct cli_option options[] = {
	[CAPTURE] = {"capture", "FILE", "also: which of its flows change their verdict", NULL},
	[FORMAT] = {"format", "FORMAT", "table or json, an object a line (table)", "table|json"},
	{0},
};

static int compare_sides(const struct diff_side *old_side, const struct diff_side *new_side,
	const char *capture, bool as_json)
{
	struct ruleset *before = old_side->ruleset, *after = new_side->ruleset;
	int status = EXIT_DONE, flushed;

	if (before->appliances == 0)
		ruleset_borrow_appliances(before, after);
	else if (after->appliances == 0)
		ruleset_borrow_appliances(after, before);
	if (capture && before->appliances == 0)
		return cli_misuse("diff", "--capture needs appliances: want at least one site");
	if (capture && (cli_compile(before) < 0 || cli_compile(after) < 0))
		return EXIT_MISUSED;
	diff_policies(before, after, &(struct diff_output){stdout, as_json});
	if (capture)
		status = diff_flows_print(old_side, new_side, capture, as_json, stdout);
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
		status = compare_sides(&before, &after, r->value[CAPTURE],
			r->value[FORMAT] && strcmp(r->value[FORMAT], "json") == 0);
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
		"other peers or services. Profiles by name (portolan policy --help) or by path.\n"
		"With a capture also which of its flows change their verdict: a line for each\n"
		"appliance, direction, port, verdicts and peer; more than three peers are one "
		"line.",
	.options = options,
	.run = run,
};
