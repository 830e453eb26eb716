#include "report/report_findings.h"

#include <errno.h>
#include <stdlib.h>

#include "base/heap.h"
#include "base/markup.h"
#include "report/report_model.h"
#include "report/report_page.h"
#include "report/report_verdict.h"

/* What nobody has looked at before what is settled, the gravest first, the latest first. */
static int compare(const void *left, const void *right)
{
	const struct report_finding *a = *(const struct report_finding *const *)left;
	const struct report_finding *b = *(const struct report_finding *const *)right;

	if (a->is_settled != b->is_settled)
		return a->is_settled - b->is_settled;
	if (a->severity != b->severity)
		return a->severity < b->severity ? 1 : -1;
	if (a->last_ns != b->last_ns)
		return a->last_ns < b->last_ns ? 1 : -1;
	return (a > b) - (a < b); /* as they were handed over */
}

static const struct report_finding **in_order(const struct report_model *model)
{
	const struct report_finding **finding = heap_calloc(model->findings, sizeof(*finding));

	for (size_t i = 0; finding && i < model->findings; i++)
		finding[i] = &model->finding[i];
	if (finding)
		qsort(finding, model->findings, sizeof(*finding), compare);
	return finding;
}

static void put_list(struct buffer *b, const struct report_model *model)
{
	const struct report_finding **finding = in_order(model);
	size_t whole = model->findings;

	if (!finding) {
		b->error = -ENOMEM;
		return;
	}
	if (whole > REPORT_FINDINGS_WHOLE)
		whole = REPORT_FINDINGS_WHOLE;
	buffer_puts(b, "<ol class=\"findings\">\n");
	for (size_t i = 0; i < whole; i++)
		report_finding_write(b, finding[i], i + 1);
	buffer_puts(b, "</ol>\n");
	if (model->findings > whole)
		report_kinds_write(b, finding + whole, model->findings - whole);
	free(finding);
}

static void put_left_out(struct buffer *b, const struct report_model *model)
{
	uint64_t count[4], all = 0;

	report_findings_count(model, count);
	for (unsigned i = 0; i < 4; i++)
		all += count[i];
	if (all <= model->findings)
		return;
	buffer_puts(b, "<p class=\"more\">");
	report_count(b, all - model->findings, "more finding is", "more findings are");
	buffer_puts(
		b, " not in this report: <code>portolan triage findings</code> shows all.</p>\n");
}

void report_findings_write(struct buffer *b, const struct report_model *model)
{
	report_section_open(b, "findings", "Findings");
	if (model->findings)
		put_list(b, model);
	else if (report_verdict(model) == REPORT_CANNOT_TELL)
		buffer_puts(b, "<p>None was seen, which proves nothing here.</p>\n");
	else if (report_verdict(model) == REPORT_NOTHING_WRONG)
		buffer_puts(b, "<p>None: every flow that was seen is allowed.</p>\n");
	put_left_out(b, model);
	report_section_close(b);
}
