/* `portolan explain`: the policy's verdict on a given flow (DESIGN 8). */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/suggest.h"
#include "cli/cli.h"
#include "cli/flow_spec.h"
#include "policy/nearest.h"
#include "policy/ruleset.h"
#include "protocol.h"

static void print_set(const struct ruleset *c, uint16_t set, FILE *out)
{
	const struct rule_set *rules = &c->policy->set[set];

	for (uint32_t i = 0; i < rules->count; i++) {
		const struct rule *r = policy_rule(c->policy, set, i);
		const struct rule_text *words = ruleset_member_text(c, set, i);
		fprintf(out, "    %s %s  %s%s%s: %s\n", r->implied ? "implied" : "rule", words->id,
			words->feature, r->enabled ? "" : " (switched off)", ruleset_peers_words(r),
			words->description);
	}
}

static void print_nearest(const struct ruleset *c, struct other_profiles *other_profiles,
	const struct rule_key *at, FILE *out)
{
	struct near_rule found[NEAREST_MAX];
	size_t count = nearest_rules(c, other_profiles, at, found);
	char words[128];

	if (count == 0)
		fprintf(out, "    no rule is near\n");
	for (size_t i = 0; i < count; i++) {
		nearest_words(&found[i], words, sizeof(words));
		fprintf(out, "    nearest %s  %s: %s\n", found[i].id, found[i].feature, words);
	}
}

static void print_end(const struct ruleset *c, struct other_profiles *other_profiles,
	const struct flow_tuple *flow, const struct verdict_pair *j, unsigned end, FILE *out)
{
	const struct appliance_text *a;
	enum direction direction = end == 0 ? DIRECTION_OUTBOUND : DIRECTION_INBOUND;
	char port[ENDPOINT_TEXT_BYTES];

	if (flow->appliance[end] == APPLIANCE_NONE)
		return;
	a = &c->appliance[flow->appliance[end]];
	format_port(flow->protocol, flow->port[1], port);
	fprintf(out, "  %s (%s) %s %s: %s", a->name, role_name(a->role), direction_name(direction),
		port, verdict_name((enum verdict)j->end_verdict[end]));
	if (strcmp(ruleset_profile_of(c, flow->appliance[end]), c->profile) != 0)
		fprintf(out, ", by profile %s", ruleset_profile_of(c, flow->appliance[end]));
	fputc('\n', out);
	if (j->set[end] != SET_NONE)
		print_set(c, j->set[end], out);
	else if (protocol_has_ports(flow->protocol))
		print_nearest(c, other_profiles,
			&(struct rule_key){c->class_of[flow->appliance[end]], a->role, direction,
				flow->protocol == IPPROTO_TCP ? TRANSPORT_TCP : TRANSPORT_UDP,
				flow->port[1]},
			out);
}

/* Which address was taken for a name. */
static void print_names(const struct flow_spec *q, FILE *out)
{
	char address[ADDRESS_TEXT_BYTES];

	for (unsigned end = 0; end < 2; end++) {
		if (!*q->name[end])
			continue;
		format_address(&q->flow.address[end], q->flow.version, address);
		fprintf(out, "%s is taken as %s\n", q->name[end], address);
	}
}

static void swap_ends(struct flow_tuple *c)
{
	struct address a = c->address[0];
	uint16_t port = c->port[0];

	c->address[0] = c->address[1];
	c->address[1] = a;
	c->port[0] = c->port[1];
	c->port[1] = port;
}

static void explain(const struct ruleset *c, const struct flow_spec *q, FILE *out)
{
	struct flow_tuple flow = q->flow;
	struct verdict_pair j;
	struct other_profiles other_profiles;

	if (policy_dhcp_is_reversed(&flow)) {
		swap_ends(&flow);
		fprintf(out, "68/udp and 67/udp are one DHCP exchange, which the client starts\n");
	}
	for (unsigned end = 0; end < 2; end++)
		flow.appliance[end] =
			inventory_find(c->policy->inventory, &flow.address[end], flow.version);
	if (flow.appliance[0] == APPLIANCE_NONE && flow.appliance[1] == APPLIANCE_NONE) {
		fprintf(out, "unmonitored: neither end is an appliance of %s\n", c->name);
		return;
	}
	other_profiles_open(&other_profiles, c);
	j = policy_judge(c->policy, &flow);
	fprintf(out, "%s\n", verdict_name((enum verdict)j.verdict));
	print_end(c, &other_profiles, &flow, &j, 0, out);
	print_end(c, &other_profiles, &flow, &j, 1, out);
	fprintf(out, "  profile %s, policy %s\n", c->profile, c->hash);
	other_profiles_close(&other_profiles);
}

/* --- command --- */

enum { SITE };

static const struct cli_option options[] = {
	[SITE] = {"site", "FILE", "the deployment (required)", NULL},
	{0},
};

static int run(const struct cli_request *r)
{
	struct flow_spec spec;
	struct ruleset *ruleset;
	char why[2 * SUGGEST_TEXT_BYTES];
	int status;

	if (!r->value[SITE])
		return cli_misuse("explain", "no site given: --site FILE");
	if (flow_spec_read(&spec, r->argument, why, sizeof(why)) < 0)
		return cli_misuse("explain", "%s", why);
	ruleset = cli_ruleset(r->value[SITE], NULL, NULL);
	if (!ruleset)
		return EXIT_MISUSED;
	if (flow_spec_resolve(&spec, ruleset, why, sizeof(why)) < 0) {
		status = cli_misuse("explain", "%s", why);
	} else {
		struct cli_text text = cli_text_open();

		print_names(&spec, text.out);
		explain(ruleset, &spec, text.out);
		cli_text_close(&text);
		status = cli_flush("explain");
	}
	ruleset_close(ruleset);
	return status;
}

const struct cli_command cli_explain = {
	.name = "explain",
	.summary = "the verdict that a flow would get, and why",
	.arguments = "PROTO SRC:PORT DST:PORT",
	.arguments_min = 3,
	.arguments_max = 3,
	.description =
		"Says what the policy makes of a flow that SRC starts with DST, from the end of "
		"each\n"
		"appliance, with the rules that cover it or the nearest ones and how they differ.\n"
		"PROTO is tcp, udp, or another IP protocol by name or number; then there are no "
		"ports.\n"
		"IPv6: [2001:db8::1]:443. The name of an appliance or a group of the site stands "
		"for "
		"its first\n"
		"address, or the first host of its first network. Examples:\n"
		"  portolan explain --site site.yaml tcp branch-1:50000 fmc-1:8305\n"
		"  portolan explain --site site.yaml tcp 10.20.0.7:49152 10.10.0.5:8305\n"
		"  portolan explain --site site.yaml gre 10.20.0.7 192.0.2.1",
	.options = options,
	.run = run,
};
