/* Any bytes as a profile: a ruleset, or errors; never a crash, a leak or silence. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/errors.h"
#include "policy/ruleset.h"
#include "schema_words.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static struct yaml_words words;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errors errors = {0};
	struct ruleset *ruleset;

	if (ruleset_parse_profile(&ruleset, "profile.yaml", data, size, &errors) == 0)
		ruleset_close(ruleset);
	else if (errors.length == 0)
		abort();
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const known[] = {"rows", "add", "remove", "extends", "name", "role",
		"direction", "transport", "port", "feature", "service", "description", "source",
		"status", "required", "configurable", "peers", "verified", "recalled", "implied",
		"any", "inventory", "cloud-delivered", "on-premises-7"};

	setenv("PORTOLAN_CONFIGS", FIXTURE_CONFIGS, 1); /* wherever it runs */
	(void)argc;
	(void)argv;
	schema_words_add_hints(&words, profile_hint);
	schema_words_add_names(&words);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		yaml_words_add(&words, known[i]);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return yaml_mutate(data, size, max_size, seed, &words);
}
