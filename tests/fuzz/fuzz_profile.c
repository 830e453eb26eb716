/* Any bytes as a profile: a chart, or complaints; never a crash, a leak or silence. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/errors.h"
#include "policy/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct complaint complaint = {0};
	struct chart *chart;

	if (chart_parse_profile(&chart, "profile.yaml", data, size, &complaint) == 0)
		chart_close(chart);
	else if (complaint.length == 0)
		abort();
	return 0;
}
