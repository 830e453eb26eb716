/* Findings folded by kind: the same severity, verdict, direction and port; where that leaves too
 * many, whatever the port. */
#include <stdlib.h>
#include <string.h>

#include "base/markup.h"
#include "report/report_findings.h"
#include "report/report_model.h"
#include "report/report_page.h"

static int compare_text(const char *left, const char *right)
{
	return strcmp(left ? left : "", right ? right : "");
}

static int compare_wide(const struct report_finding *a, const struct report_finding *b)
{
	int order;

	if (a->severity != b->severity)
		return a->severity < b->severity ? 1 : -1;
	order = compare_text(a->verdict, b->verdict);
	return order ? order : compare_text(a->direction, b->direction);
}

static int compare_narrow(const struct report_finding *a, const struct report_finding *b)
{
	int order = compare_wide(a, b);

	return order ? order : compare_text(a->port, b->port);
}

static int compare(const void *left, const void *right)
{
	const struct report_finding *a = *(const struct report_finding *const *)left;
	const struct report_finding *b = *(const struct report_finding *const *)right;
	int order = compare_narrow(a, b);

	return order ? order : compare_text(a->appliance, b->appliance);
}

typedef int kind_compare(const struct report_finding *, const struct report_finding *);

static size_t kind_ends(
	kind_compare *same, const struct report_finding **finding, size_t from, size_t count)
{
	size_t until = from + 1;

	while (until < count && same(finding[from], finding[until]) == 0)
		until++;
	return until;
}

static size_t kinds_of(kind_compare *same, const struct report_finding **finding, size_t count)
{
	size_t kinds = 0;

	for (size_t from = 0; from < count; kinds++)
		from = kind_ends(same, finding, from, count);
	return kinds;
}

/* Sorted by port within a kind. */
static size_t ports_of(const struct report_finding **finding, size_t count)
{
	return kinds_of(compare_narrow, finding, count);
}

static bool is_one_appliance(const struct report_finding **finding, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (compare_text(finding[0]->appliance, finding[i]->appliance) != 0)
			return false;
	return true;
}

static struct report_finding sum_of(const struct report_finding **finding, size_t count)
{
	struct report_finding sum = *finding[0];

	for (size_t i = 1; i < count; i++) {
		const struct report_finding *f = finding[i];
		sum.flows += f->flows;
		sum.packets += f->packets;
		sum.bytes += f->bytes;
		if (f->first_ns < sum.first_ns)
			sum.first_ns = f->first_ns;
		if (f->last_ns > sum.last_ns)
			sum.last_ns = f->last_ns;
	}
	return sum;
}

static void put_kind(struct buffer *b, const struct report_finding **finding, size_t count)
{
	static const char *const word[] = {"NONE", "LOW", "MED", "HIGH"};
	struct report_finding sum = sum_of(finding, count);
	size_t ports = ports_of(finding, count);

	markup_print(b, "<tr class=\"s%u\"><th scope=\"row\"><span class=\"sev\">%s</span> %s</th>",
		sum.severity & 3, word[sum.severity & 3], report_or(sum.verdict, "finding"));
	markup_print(b, "<td>%s ", report_or(sum.direction, ""));
	if (ports > 1)
		markup_print(b, "%zu ports", ports);
	else
		markup_text(b, sum.port);
	markup_print(b, "</td><td class=\"n\">%zu</td><td>%s</td><td class=\"n\">%ju</td>", count,
		is_one_appliance(finding, count) ? report_or(sum.appliance, "unknown")
						 : "several appliances",
		sum.flows);
	buffer_puts(b, "<td class=\"n\">");
	report_bytes(b, sum.bytes);
	buffer_puts(b, "</td><td class=\"t\">");
	report_span(b, sum.first_ns, sum.last_ns);
	buffer_puts(b, "</td></tr>\n");
}

static void put_heading(struct buffer *b, size_t count)
{
	static const struct {
		const char *word;
		bool is_number;
	} column[] = {{"Kind", false}, {"Port", false}, {"Findings", true}, {"Who", false},
		{"Flows", true}, {"Bytes", true}, {"When (UTC)", false}};

	markup_print(b, "<h3>%zu more, by kind</h3>\n", count);
	report_scroll_open(b, "Findings by kind");
	report_table_open(b, "rows", "Findings that are not written out above");
	for (size_t i = 0; i < sizeof(column) / sizeof(column[0]); i++)
		report_table_column(b, column[i].word, column[i].is_number);
	buffer_puts(b, "</tr></thead>\n<tbody>\n");
}

void report_kinds_write(struct buffer *b, const struct report_finding **finding, size_t count)
{
	size_t kinds = 0, from = 0, until;
	kind_compare *same;

	qsort(finding, count, sizeof(*finding), compare);
	same = kinds_of(compare_narrow, finding, count) > REPORT_KINDS_SHOWN ? compare_wide
									     : compare_narrow;
	put_heading(b, count);
	for (; from < count && kinds < REPORT_KINDS_SHOWN; from = until, kinds++) {
		until = kind_ends(same, finding, from, count);
		put_kind(b, finding + from, until - from);
	}
	buffer_puts(b, "</tbody></table>\n");
	report_scroll_close(b);
	buffer_puts(b, "<p class=\"more\">");
	if (from < count)
		markup_print(b, "%zu findings of further kinds are left out. ", count - from);
	buffer_puts(b, "<code>portolan triage findings</code> shows each of them.</p>\n");
}
