#include <stdio.h>

#include "cli/cli.h"
#include "config/settings.h"
#include "policy/ruleset.h"
#include "report/site_overview.h"

enum { SITE };

static const struct cli_option options[] = {
	[SITE] = {"site", "FILE", "the site to check, instead of an argument", NULL},
	{0},
};

static int run(const struct cli_request *r)
{
	const char *site = r->value[SITE] ? r->value[SITE] : r->arguments ? r->argument[0] : NULL;
	struct settings *settings = NULL;
	struct ruleset *ruleset;
	struct cli_text text;

	if (!site)
		return cli_misuse("check", "no site given: want FILE");
	if (r->value[SITE] && r->arguments)
		return cli_misuse("check", "two sites given: want one");
	ruleset = cli_ruleset_unwarned(site, &settings); /* the overview has the warnings */
	if (!ruleset)
		return EXIT_MISUSED;
	text = cli_text_open();
	site_overview_print(ruleset, settings, text.out);
	cli_text_close(&text);
	ruleset_close(ruleset);
	settings_free(settings);
	return cli_flush("check");
}

const struct cli_command cli_check = {
	.name = "check",
	.summary = "validate a site and say what it compiled to",
	.arguments = "FILE",
	.arguments_max = 1,
	.description = "Reads the site as a sensor would, and shows what it compiled to: "
		       "appliances, classes of\n"
		       "appliances with the same rules, features, outputs, and what has no effect "
		       "or opens more\n"
		       "than it says. Exit status 2, and on standard error every reason with its "
		       "file and line,\n"
		       "if the site cannot be used.",
	.options = options,
	.run = run,
};
