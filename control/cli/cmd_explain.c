#include "cli/explain.h"

#include <stdio.h>

#include "cli/cli.h"
#include "policy/ruleset.h"

enum { SITE };

static const struct cli_option options[] = {
	[SITE] = {"site", "FILE", "the deployment (required)", NULL},
	{0},
};

static int run(const struct cli_request *r)
{
	struct flow_spec spec;
	struct ruleset *ruleset;
	char why[256];
	int status;

	if (!r->value[SITE])
		return cli_misuse("explain", "no site given: --site FILE");
	if (flow_spec_read(&spec, r->argument, why, sizeof(why)) < 0)
		return cli_misuse("explain", "%s", why);
	ruleset = cli_ruleset(r->value[SITE], NULL, NULL);
	if (!ruleset)
		return EXIT_MISUSED;
	explain(ruleset, &spec, stdout);
	status = cli_flush("explain");
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
		"IPv6: [2001:db8::1]:443. Examples:\n"
		"  portolan explain --site site.yaml tcp 10.20.0.7:49152 10.10.0.5:8305\n"
		"  portolan explain --site site.yaml gre 10.20.0.7 192.0.2.1",
	.options = options,
	.run = run,
};
