#include "policy/open_site.h"

#include <stdio.h>

#include "base/errors.h"
#include "config/settings.h"
#include "policy/ruleset.h"

static struct ruleset *give_up(struct ruleset *ruleset, struct settings **settings)
{
	ruleset_close(ruleset);
	settings_free(*settings);
	*settings = NULL;
	return NULL;
}

/* Without an inventory everything would be unmonitored and nothing ever flagged: refused. */
struct ruleset *ruleset_open_site(const char *command, const char *site, struct settings **settings)
{
	struct errors errors = {0};
	struct ruleset *ruleset;

	if (!site) {
		errors_say("%s: no site: who are the appliances? Get a proposal with", command);
		fprintf(stderr,
			"  portolan discover CAPTURE > site.yaml\n"
			"read it, correct it, then: portolan %s --site site.yaml\n",
			command);
		return NULL;
	}
	if (ruleset_open(&ruleset, settings, site, NULL, &errors) < 0) {
		errors_print(&errors, stderr);
		return NULL;
	}
	if (ruleset_compile(ruleset, &errors) < 0) {
		errors_print(&errors, stderr);
		return give_up(ruleset, settings);
	}
	for (size_t i = 0; i < ruleset->warnings; i++)
		errors_say("warning: %s", ruleset->warning[i]);
	if (ruleset->appliances > 0)
		return ruleset;
	errors_say("%s: no appliances: nothing would be monitored; portolan discover CAPTURE "
		   "proposes some",
		site);
	return give_up(ruleset, settings);
}
