/* Any bytes as a site: a chart, or complaints; never a crash, a leak or silence. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/errors.h"
#include "policy/ruleset.h"
#include "report/policy_table.h"
#include "report/site_overview.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What opens must also be printable. */
static void chart_use(struct chart *chart)
{
	FILE *out = fopen("/dev/null", "w");

	if (!out)
		abort();
	if (listing_print(chart, LISTING_TABLE, out, true) || overview_print(chart, out))
		abort();
	fclose(out);
	chart_close(chart);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct complaint complaint = {0};
	struct chart *chart;

	if (chart_parse_site(&chart, "site.yaml", data, size, &complaint) == 0)
		chart_use(chart);
	else if (complaint.length == 0)
		abort();
	return 0;
}
