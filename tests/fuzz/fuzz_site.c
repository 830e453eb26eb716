/* Any bytes as a site: a ruleset, or errors; never a crash, a leak or silence. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/errors.h"
#include "config/settings.h"
#include "policy/ruleset.h"
#include "report/policy_table.h"
#include "report/site_overview.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What opens must also be printable. */
static void print_all(struct ruleset *ruleset, struct settings *settings)
{
	FILE *out = fopen("/dev/null", "w");

	if (!out)
		abort();
	if (policy_table_print(ruleset, (struct listing){.colour = true}, out) ||
		site_overview_print(ruleset, settings, out))
		abort();
	fclose(out);
	settings_free(settings);
	ruleset_close(ruleset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errors errors = {0};
	struct settings *settings;
	struct ruleset *ruleset;

	if (ruleset_parse_site(&ruleset, &settings, "site.yaml", data, size, &errors) == 0)
		print_all(ruleset, settings);
	else if (errors.length == 0)
		abort();
	return 0;
}
