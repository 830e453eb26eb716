#include "cli/diff.h"

#include <stdio.h>

#include "cli/cli.h"
#include "config/settings.h"
#include "policy/ruleset.h"

enum { CAPTURE };

static const struct cli_option options[] = {
	[CAPTURE] = {"capture", "FILE", "also: which of its flows change their verdict", NULL},
	{0},
};

/* A profile has no appliances: beside a site it is judged with the site's. */
static void lend_inventory(struct ruleset *to, const struct ruleset *from)
{
	to->policy->inventory = from->policy->inventory;
	to->appliance = from->appliance;
	to->appliances = from->appliances;
}

static int compare(
	const struct diff_side *old_side, const struct diff_side *new_side, const char *capture)
{
	struct ruleset *before = old_side->ruleset, *after = new_side->ruleset;
	int status = EXIT_DONE, flushed;

	if (before->appliances == 0)
		lend_inventory(before, after);
	else if (after->appliances == 0)
		lend_inventory(after, before);
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
		status = compare(&before, &after, r->value[CAPTURE]);
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
		"Compares two policies place by place: + is allowed more than before, - "
		"less, ~ with\n"
		"other peers or services. Profiles by name (portolan policy --help) or by path.",
	.options = options,
	.run = run,
};
