#include "cli/cli.h"
#include "config/settings.h"
#include "policy/ruleset.h"
#include "report/site_overview.h"

#include <stdio.h>

enum { SITE };

static const struct cli_option options[] = {
	[SITE] = {"site", "FILE", "the site to check (required)", NULL},
	{0},
};

static int run(const struct cli_request *r)
{
	struct settings *settings;
	struct ruleset *ruleset;

	if (!r->value[SITE])
		return cli_misuse("check", "no site given: --site FILE");
	ruleset = cli_ruleset_compiled(r->value[SITE], &settings);
	if (!ruleset)
		return EXIT_MISUSED;
	site_overview_print(ruleset, settings, stdout);
	ruleset_close(ruleset);
	settings_free(settings);
	return cli_flush("check");
}

const struct cli_command cli_check = {
	.name = "check",
	.summary = "validate a site and say what it compiled to",
	.arguments = "",
	.description =
		"Exit status 2, and on standard error every reason with its file and line, if the\n"
		"site cannot be used.",
	.options = options,
	.run = run,
};
