#include "report/report_verdict.h"

#include "base/markup.h"
#include "report/report_model.h"
#include "report/report_page.h"

#define REASONS_SHOWN 50

void report_findings_count(const struct report_model *model, uint64_t count[4])
{
	for (unsigned i = 0; i < 4; i++)
		count[i] = 0;
	for (size_t i = 0; i < model->findings; i++)
		count[model->finding[i].severity & 3]++;
	for (unsigned i = 0; i < 4; i++)
		if (model->findings_total[i] > count[i])
			count[i] = model->findings_total[i];
}

static uint64_t findings_in_all(const struct report_model *model)
{
	uint64_t count[4];

	report_findings_count(model, count);
	return count[0] + count[1] + count[2] + count[3];
}

static bool is_conclusive(const struct report_coverage *coverage)
{
	return coverage->is_known && coverage->reasons == 0;
}

enum report_verdict report_verdict(const struct report_model *model)
{
	if (findings_in_all(model) > 0)
		return REPORT_FINDINGS;
	return is_conclusive(&model->coverage) ? REPORT_NOTHING_WRONG : REPORT_CANNOT_TELL;
}

static const char *first_reason(const struct report_coverage *coverage)
{
	return coverage->reasons ? coverage->reason[0]
				 : "how much of the traffic was seen was not measured";
}

static void put_severities(struct buffer *b, const uint64_t count[4])
{
	static const char *const name[] = {"without severity", "low", "medium", "high"};
	bool is_first = true;

	for (unsigned i = 4; i-- > 0;) {
		if (count[i] == 0)
			continue;
		markup_print(b, "%s%ju %s", is_first ? ": " : ", ", count[i], name[i]);
		is_first = false;
	}
}

static void put_settled(struct buffer *b, const struct report_model *model)
{
	size_t settled = 0;

	for (size_t i = 0; i < model->findings; i++)
		settled += model->finding[i].is_settled;
	if (settled)
		markup_print(b, "; %zu of them settled", settled);
}

static void put_line(struct buffer *b, const struct report_model *model)
{
	static const char *const class[] = {"good", "bad", "doubt"};
	enum report_verdict verdict = report_verdict(model);
	uint64_t count[4];

	markup_print(b, "<p class=\"verdict %s\">", class[verdict]);
	switch (verdict) {
	case REPORT_NOTHING_WRONG:
		buffer_puts(b, "<strong>Nothing wrong</strong>");
		break;
	case REPORT_CANNOT_TELL:
		markup_print(b, "<strong>Cannot tell</strong>: %s", first_reason(&model->coverage));
		break;
	case REPORT_FINDINGS:
		report_findings_count(model, count);
		buffer_puts(b, "<strong>");
		report_count(b, findings_in_all(model), "finding", "findings");
		buffer_puts(b, "</strong>");
		put_severities(b, count);
		put_settled(b, model);
		if (!is_conclusive(&model->coverage))
			buffer_puts(b, "; whether there is more cannot be told");
	}
	buffer_puts(b, "</p>\n");
}

static void put_figures(struct buffer *b, const struct report_coverage *coverage)
{
	uint64_t sent = coverage->packets + coverage->lost;

	buffer_puts(b, "<dl class=\"figures\">\n<div><dt>Sensor listening</dt><dd>");
	report_share(b, coverage->up_share);
	buffer_puts(b, " of the window</dd></div>\n<div><dt>Packets received</dt><dd>");
	markup_print(b, "%ju</dd></div>\n<div><dt>Known to be lost</dt><dd>%ju", coverage->packets,
		coverage->lost);
	if (coverage->lost && sent) {
		buffer_puts(b, " (");
		report_share(b, (double)coverage->lost / (double)sent);
		buffer_puts(b, ")");
	}
	buffer_puts(b, "</dd></div>\n<div><dt>Flows seen from one side only</dt><dd>");
	report_share(b, coverage->one_sided);
	buffer_puts(b, "</dd></div>\n</dl>\n");
}

static void put_lines(struct buffer *b, const char *const *line, size_t count)
{
	buffer_puts(b, "<ul class=\"reasons\">\n");
	for (size_t i = 0; i < count && i < REASONS_SHOWN; i++)
		markup_print(b, "<li>%s</li>\n", line[i]);
	if (count > REASONS_SHOWN)
		markup_print(b, "<li>and %zu more</li>\n", count - REASONS_SHOWN);
	buffer_puts(b, "</ul>\n");
}

void report_verdict_write(struct buffer *b, const struct report_model *model)
{
	const struct report_coverage *coverage = &model->coverage;

	buffer_puts(b, "<section id=\"verdict\" aria-labelledby=\"verdict-heading\">\n"
		       "<h2 id=\"verdict-heading\" class=\"unseen\">Verdict</h2>\n");
	put_line(b, model);
	if (coverage->is_known)
		put_figures(b, coverage);
	else
		buffer_puts(b, "<p>Coverage was not measured: no figures of the mirror are known "
			       "for this window.</p>\n");
	if (coverage->reasons) {
		buffer_puts(b, "<p>In this window absence proves nothing, because</p>\n");
		put_lines(b, coverage->reason, coverage->reasons);
	}
	report_section_close(b);
}

void report_not_judged_write(struct buffer *b, const struct report_model *model)
{
	report_section_open(b, "not-seen", "What could not be seen");
	if (model->not_judged_lines)
		put_lines(b, model->not_judged, model->not_judged_lines);
	else if (model->coverage.is_known)
		buffer_puts(b, "<p>Nothing is known to have escaped the sensor.</p>\n");
	else
		buffer_puts(b, "<p>It was not measured.</p>\n");
	report_section_close(b);
}
