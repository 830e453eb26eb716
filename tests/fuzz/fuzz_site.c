/* Any bytes as a site: a ruleset, or errors; never a crash, a leak or silence. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/errors.h"
#include "config/profile.h"
#include "config/settings.h"
#include "config/site_schema.h"
#include "policy/ruleset.h"
#include "report/policy_table.h"
#include "report/site_overview.h"
#include "schema_words.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static struct yaml_words words;

/* What opens must also be printable. */
static void print_all(struct ruleset *ruleset, struct settings *settings)
{
	FILE *out = fopen("/dev/null", "w");
	struct listing listing = {.colour = true, .appliance = APPLIANCE_NONE};

	if (!out || policy_table_print(ruleset, &listing, out) ||
		site_overview_print(ruleset, settings, out))
		abort();
	listing.appliance = 0;
	listing.format = LISTING_JSON;
	if (ruleset->appliances && policy_table_print(ruleset, &listing, out))
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

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const shipped[] = {"cloud-delivered", "on-premises-7", "captive-portal",
		"appliance-communications", "radius", "ldap", "8305/tcp", "1812/udp"};
	static struct profile profile, *profiles = &profile;
	static struct arena *arena; /* of the words, which stay */

	arena = arena_new();
	setenv("PORTOLAN_CONFIGS", FIXTURE_CONFIGS, 1); /* wherever it runs */
	(void)argc;
	(void)argv;
	schema_words_add(&words, &site_schema_new(&profiles, 1, NULL, arena)->value);
	schema_words_add_hints(&words, site_hint);
	schema_words_add_names(&words);
	for (size_t i = 0; i < sizeof(shipped) / sizeof(*shipped); i++)
		yaml_words_add(&words, shipped[i]);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return yaml_mutate(data, size, max_size, seed, &words);
}
