#include "cli/cli.h"

#include <stdio.h>

#include "base/fold.h"
#include "base/terminal.h"
#include "policy/ruleset.h"
#include "report/policy_table.h"

enum { SITE, PROFILE, APPLIANCE, FORMAT, IMPLIED };

static const struct cli_option options[] = {
	[SITE] = {"site", "FILE", "the table of this deployment", NULL},
	[PROFILE] = {"profile", "PROFILE",
		"the table of a profile, by name or path (cloud-delivered)", NULL},
	[APPLIANCE] = {"appliance", "NAME", "the table of this appliance of the site", NULL},
	[FORMAT] = {"format", "FORMAT", "table (the default), csv or json", "table|csv|json"},
	[IMPLIED] = {"implied", NULL, "csv and json with the rows that are implied, not documented",
		NULL},
	{0},
};

static enum listing_format format_of(const char *name)
{
	if (!name || name[0] == 't')
		return LISTING_TABLE;
	return name[0] == 'c' ? LISTING_CSV : LISTING_JSON;
}

static int print(const struct ruleset *ruleset, const struct cli_request *r)
{
	struct listing listing = {.format = format_of(r->value[FORMAT]),
		.with_implied = r->value[IMPLIED] != NULL,
		.colour = terminal_wants_colour(stdout),
		.columns = fold_columns(stdout),
		.appliance = APPLIANCE_NONE};
	const char *name = r->value[APPLIANCE];
	struct cli_text text;

	if (name) {
		listing.appliance = ruleset_appliance(ruleset, name);
		if (listing.appliance == APPLIANCE_NONE)
			return cli_no_appliance("policy", ruleset, name);
	}
	text = cli_text_open(); /* a table is for people; everything else is as it is */
	policy_table_print(ruleset, &listing, listing.format == LISTING_TABLE ? text.out : stdout);
	cli_text_close(&text);
	return cli_flush("policy");
}

static int run(const struct cli_request *r)
{
	struct ruleset *ruleset;
	int status;

	if (r->value[SITE] && r->value[PROFILE])
		return cli_misuse(
			"policy", "--site and --profile: a site names its own profile; want one");
	if (r->value[APPLIANCE] && !r->value[SITE])
		return cli_misuse("policy", "--appliance: want --site, which names it");
	ruleset = cli_ruleset(r->value[SITE], r->value[PROFILE], NULL);
	if (!ruleset)
		return EXIT_MISUSED;
	status = print(ruleset, r);
	ruleset_close(ruleset);
	return status;
}

const struct cli_command cli_policy = {
	.name = "policy",
	.summary = "print the compiled table of documented ports",
	.arguments = "",
	.description =
		"Every rule: role, direction, port, transport, feature, service. Rows that "
		"are not\n"
		"documented and that a documented feature cannot do without come last: they "
		"are\n"
		"implied. Profiles that ship: cloud-delivered (the default), on-premises-7,\n"
		"locally-managed-device, cloud-managed-device and legacy-6.",
	.options = options,
	.run = run,
};
