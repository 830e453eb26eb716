/* Any bytes as a profile: a ruleset, or errors; never a crash, a leak or silence. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/errors.h"
#include "policy/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
