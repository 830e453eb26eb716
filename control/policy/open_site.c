#include "policy/open_site.h"

#include <errno.h>
#include <stdio.h>

#include "base/errors.h"
#include "base/heap.h"
#include "config/settings.h"
#include "policy/ruleset.h"

static struct ruleset *give_up(struct ruleset *ruleset, struct settings **settings)
{
	ruleset_close(ruleset);
	settings_free(*settings);
	*settings = NULL;
	return NULL;
}

/* What is wrong is not the configuration. */
static void opening_failed(int error)
{
	if (error == -ENOMEM)
		heap_note_short();
}

/* Without an inventory everything would be unmonitored and nothing ever flagged: refused. */
struct ruleset *ruleset_open_site(const char *command, const char *site, struct settings **settings)
{
	struct errors errors = {0};
	struct ruleset *ruleset;
	int error;

	if (!site) {
		errors_say("%s: no site: who are the appliances? Get a proposal with", command);
		fprintf(stderr,
			"  portolan discover CAPTURE > site.yaml\n"
			"read it, correct it, then: portolan %s --site site.yaml\n",
			command);
		return NULL;
	}
	error = ruleset_open(&ruleset, settings, site, NULL, &errors);
	if (error < 0) {
		opening_failed(error);
		errors_print(&errors, stderr);
		return NULL;
	}
	error = ruleset_compile(ruleset, &errors);
	if (error < 0) {
		opening_failed(error);
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
