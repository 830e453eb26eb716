#include "report/html_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "control/markup_checker.h"
#include "report/report_findings.h"
#include "report/report_matrix.h"
#include "report/report_model.h"
#include "report/report_verdict.h"

#define S 1000000000ull
#define HOUR (3600 * S)
#define MONDAY (20458 * 24 * HOUR) /* 2026-01-05 */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct buffer page;

static const char *written(const struct report_model *model)
{
	const char *fault;

	buffer_clear(&page);
	assert_int_equal(html_report_write(&page, model), 0);
	buffer_append(&page, "", 1);
	fault = markup_fault(page.text);
	if (fault) {
		print_error("not well formed at: %.200s\n", fault);
		fail();
	}
	return page.text;
}

static void says(const char *text, const char *part)
{
	if (!strstr(text, part)) {
		print_error("want: %s\nhave: %s\n", part, text);
		fail();
	}
}

static size_t occurrences(const char *text, const char *part)
{
	size_t count = 0;

	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

static struct report_model sound_hour(void)
{
	return (struct report_model){.title = "an hour",
		.from_ns = MONDAY,
		.until_ns = MONDAY + HOUR,
		.generated_ns = MONDAY + HOUR,
		.coverage = {.is_known = true, .up_share = 1, .packets = 1000}};
}

static void empty_model_is_a_page_that_cannot_tell(void **state)
{
	struct report_model model = {0};
	const char *text = written(&model);

	(void)state;
	assert_int_equal(report_verdict(&model), REPORT_CANNOT_TELL);
	says(text,
		"<strong>Cannot tell</strong>: how much of the traffic was seen was not measured");
	says(text, "Coverage was not measured");
	assert_null(strstr(text, "Nothing wrong"));
}

static void sound_coverage_without_a_finding_is_nothing_wrong(void **state)
{
	struct report_model model = sound_hour();

	(void)state;
	says(written(&model), "<strong>Nothing wrong</strong>");
}

static void reason_to_doubt_makes_nothing_inconclusive(void **state)
{
	static const char *const reason[] = {"one direction is missing"};
	struct report_model model = sound_hour();

	(void)state;
	model.coverage.reason = reason;
	model.coverage.reasons = 1;
	says(written(&model), "<strong>Cannot tell</strong>: one direction is missing");
}

static void findings_are_counted_by_severity_with_those_not_handed_over(void **state)
{
	const struct report_finding finding[] = {{.severity = 1}, {.severity = 3}, {.severity = 3}};
	struct report_model model = sound_hour();
	const char *text;

	(void)state;
	model.finding = finding;
	model.findings = COUNT(finding);
	model.findings_total[1] = 5;
	text = written(&model);
	says(text, "<strong>7 findings</strong>: 2 high, 5 low</p>");
	says(text, "4 more findings are not in this report: <code>portolan triage findings</code>");
}

static void findings_beside_a_doubt_leave_open_whether_there_are_more(void **state)
{
	const struct report_finding finding = {.severity = 2};
	struct report_model model = {.finding = &finding, .findings = 1};

	(void)state;
	says(written(&model),
		"<strong>1 finding</strong>: 1 medium; whether there is more cannot be told");
}

static void gravest_finding_comes_first_and_settled_ones_last(void **state)
{
	const struct report_finding finding[] = {{.id = "low", .severity = 1, .last_ns = MONDAY},
		{.id = "settled", .severity = 3, .is_settled = true, .last_ns = MONDAY},
		{.id = "old", .severity = 3, .last_ns = MONDAY},
		{.id = "late", .severity = 3, .last_ns = MONDAY + S}};
	static const char *const order[] = {"late", "old", "low", "settled"};
	struct report_model model = sound_hour();
	const char *at;
	char id[32];

	(void)state;
	model.finding = finding;
	model.findings = COUNT(finding);
	at = written(&model);
	for (size_t i = 0; i < COUNT(order); i++) {
		snprintf(id, sizeof(id), "<code>%s</code>", order[i]);
		at = strstr(at, id);
		assert_non_null(at);
	}
	assert_int_equal(occurrences(page.text, "<details open>"), 2);
}

static void finding_says_where_its_packets_are_or_why_there_are_none(void **state)
{
	const struct report_finding finding[] = {{.severity = 3, .evidence = "f.pcapng"},
		{.severity = 2, .no_evidence = "no room"}, {.severity = 1}};
	struct report_model model = sound_hour();
	const char *text;

	(void)state;
	model.finding = finding;
	model.findings = COUNT(finding);
	text = written(&model);
	says(text, "<dt>Packets</dt><dd><bdi>f.pcapng</bdi>");
	says(text, "<dt>Packets</dt><dd>none kept: <bdi>no room</bdi>");
	says(text, "<dt>Packets</dt><dd>none kept<bdi></bdi>");
}

/* ---- size ---- */

static struct report_finding *crowd_of(size_t count, bool has_many_ports)
{
	struct report_finding *finding = calloc(count, sizeof(*finding));
	char *port = calloc(count, 16);

	assert_true(finding && port);
	for (size_t i = 0; i < count; i++) {
		snprintf(port + 16 * i, 16, "%zu/tcp", has_many_ports ? i : i % 7);
		finding[i] = (struct report_finding){.id = "20260105T00-0123456789abcdef",
			.severity = 1 + (unsigned)(i % 3),
			.appliance = i % 2 ? "ftd-1" : "ftd-2",
			.peer = "198.51.100.1",
			.port = port + 16 * i,
			.direction = "inbound",
			.verdict = "unexpected-port",
			.connection = "established",
			.flows = 1,
			.why = "No rule of this role has this port in this direction."};
	}
	return finding;
}

static void crowd_free(struct report_finding *finding)
{
	free((char *)finding[0].port);
	free(finding);
}

static void ten_thousand_findings_stay_small(void **state)
{
	struct report_model model = sound_hour();
	struct report_finding *finding = crowd_of(10000, true);
	const char *text;

	(void)state;
	model.finding = finding;
	model.findings = 10000;
	text = written(&model);
	assert_true(page.length < 1000000);
	assert_int_equal(occurrences(text, "<details"), REPORT_FINDINGS_WHOLE);
	says(text, "9,800 more, by kind");
	says(text, "<td>inbound 3,333 ports</td><td class=\"n\">3,333</td><td>several "
		   "appliances</td>");
	crowd_free(finding);
}

static void few_kinds_keep_their_ports(void **state)
{
	struct report_model model = sound_hour();
	struct report_finding *finding = crowd_of(2000, false);

	(void)state;
	model.finding = finding;
	model.findings = 2000;
	says(written(&model), "<td>inbound 6/tcp</td>");
	crowd_free(finding);
}

/* ---- texts from outside ---- */

#define FILLED 3

/* One of everything, each text of which is `text`. */
struct filled {
	struct report_finding finding[FILLED];
	struct report_appliance appliance[FILLED];
	struct report_rule rule[FILLED];
	struct report_cell cell[FILLED * FILLED];
	struct report_band band[FILLED];
	struct report_channel channel[FILLED];
	struct report_bucket bucket[FILLED];
	struct report_mark mark[FILLED];
	struct report_talker talker[FILLED];
	const char *line[FILLED];
};

static void fill(struct filled *f, const char *text, size_t i)
{
	f->finding[i] = (struct report_finding){text, 3, text, i == 2, MONDAY, MONDAY + HOUR, 1, 1,
		1, text, text, text, text, text, text, text, text, i == 1 ? NULL : text, text, text,
		text};
	f->appliance[i] = (struct report_appliance){text, text};
	f->rule[i] = (struct report_rule){text, text, text, text, text, i == 1};
	f->band[i] =
		(struct report_band){MONDAY + i * S, MONDAY + HOUR, REPORT_TONE_BAD, text, text};
	f->channel[i] = (struct report_channel){{text, text}, {f->band, FILLED}};
	f->mark[i] = (struct report_mark){MONDAY, REPORT_MARK_RELOAD, text};
	f->talker[i] = (struct report_talker){text, text, text, text, 1, 1, i == 1};
	f->line[i] = text;
	for (size_t n = 0; n < FILLED; n++)
		f->cell[i * FILLED + n] = (struct report_cell){REPORT_CELL_VIOLATION, MONDAY, 1, 1};
}

static struct report_model filled_with(struct filled *f, const char *text)
{
	*f = (struct filled){0};
	for (size_t i = 0; i < FILLED; i++)
		fill(f, text, i);
	return (struct report_model){text, text, text, text, MONDAY, MONDAY, MONDAY + HOUR,
		{true, 0.5, 0.5, 1, 1, f->line, FILLED}, f->finding, FILLED, {0},
		{f->appliance, FILLED, f->rule, FILLED, f->cell}, f->channel, FILLED,
		{MONDAY, HOUR, f->bucket, FILLED}, {f->band, FILLED}, f->mark, FILLED, f->talker,
		FILLED, 0, f->line, FILLED};
}

/* Well formed, of known elements and attributes: written() holds every page against that. */
static void no_text_becomes_markup(void **state)
{
	static const char *const text[] = {"</title></style></svg><script>alert(1)</script>",
		"\" onload=\"alert(1)", "' onload='alert(1)", "<!-- ", "]]>", "&#60;script&#62;",
		"\x1b]0;x\x07\r\n\t", "\u202ecod.exe\u202c \u2066\u200b\ufeff",
		"\xff\xfe\xc0\x80\xed\xa0\x80", "%s%n%ju", ""};
	struct filled filled;

	(void)state;
	for (size_t i = 0; i < COUNT(text); i++) {
		struct report_model model = filled_with(&filled, text[i]);
		const char *html = written(&model);
		assert_null(strstr(html, "<script"));
		assert_null(strstr(html, "\u202e"));
	}
}

static void every_byte_in_every_text_is_safe(void **state)
{
	struct filled filled;
	char text[8];

	(void)state;
	for (unsigned byte = 1; byte < 256; byte++) {
		snprintf(text, sizeof(text), "a%c%cb", (char)byte, (char)byte);
		struct report_model model = filled_with(&filled, text);
		written(&model);
	}
}

static void long_texts_are_cut(void **state)
{
	struct filled filled;
	char text[4097];

	(void)state;
	memset(text, '<', 4096);
	text[4096] = '\0';
	struct report_model model = filled_with(&filled, text);
	says(written(&model), "\u2026 [3,796 more bytes]");
	assert_true(page.length < 300000);
}

/* ---- sections ---- */

static void matrix_is_a_table_for_each_role(void **state)
{
	static const struct report_appliance appliance[] = {
		{"fmc-1", "management-center"}, {"ftd-1", "managed-device"}};
	static const struct report_rule rule[] = {
		{"a", "management-center", "inbound", "443/tcp", "web-interface", false},
		{"b", "managed-device", "inbound", "22/tcp", "ssh", false},
		{"c", "managed-device", "outbound", "123/udp", "ntp", true}};
	static const struct report_cell cell[] = {{.state = REPORT_CELL_USED}, {0}, {0}, {0},
		{.state = REPORT_CELL_VIOLATION, .last_ns = MONDAY, .violations = 2},
		{.state = REPORT_CELL_OFF}};
	struct report_model model = sound_hour();
	const char *text;

	(void)state;
	model.matrix = (struct report_matrix){appliance, 2, rule, 3, cell};
	text = written(&model);
	assert_int_equal(occurrences(text, "<table class=\"matrix\""), 2);
	says(text, "<th scope=\"row\">fmc-1</th><td class=\"used edge\">v</td></tr>");
	says(text, "<th scope=\"row\">ftd-1</th><td class=\"violation edge\" "
		   "title=\"violation, last 2026-01-05 00:00:00 UTC, 2 flagged\">!</td>"
		   "<td class=\"off edge\">o</td></tr>");
	says(text, "<th scope=\"colgroup\" class=\"edge\" colspan=\"1\">outbound</th>");
}

static void matrix_leaves_out_appliances_without_violations_first(void **state)
{
	static struct report_appliance appliance[REPORT_MATRIX_ROWS + 50];
	static struct report_cell cell[COUNT(appliance)];
	static const struct report_rule rule = {"a", "role", "inbound", "22/tcp", "ssh", false};
	struct report_model model = sound_hour();
	const char *text;

	(void)state;
	for (size_t i = 0; i < COUNT(appliance); i++)
		appliance[i] = (struct report_appliance){"plain", "role"};
	appliance[COUNT(appliance) - 1].name = "violator";
	cell[COUNT(appliance) - 1].state = REPORT_CELL_VIOLATION;
	model.matrix = (struct report_matrix){appliance, COUNT(appliance), &rule, 1, cell};
	text = written(&model);
	says(text, "violator");
	assert_int_equal(occurrences(text, "<th scope=\"row\">plain"), REPORT_MATRIX_ROWS - 1);
	says(text, "50 appliances are left out");
}

static void outages_of_a_channel_are_added_up_by_state(void **state)
{
	static struct report_band band[200];
	static const struct report_channel channel = {{"fmc-1", "ftd-1"}, {band, COUNT(band)}};
	struct report_model model = sound_hour();

	(void)state;
	for (size_t i = 0; i < COUNT(band); i++)
		band[i] = (struct report_band){MONDAY + i * 10 * S, MONDAY + (i + 1) * 10 * S,
			i % 2 ? REPORT_TONE_BAD : REPORT_TONE_GOOD, i % 2 ? "silent" : "up", NULL};
	model.channel = &channel;
	model.channels = 1;
	says(written(&model),
		"<td>silent</td><td class=\"n\">100</td><td class=\"n\">16 min 40 s</td>"
		"<td class=\"n\">10 s</td>");
}

static void page_forbids_scripts_and_everything_from_outside(void **state)
{
	struct report_model model = sound_hour();
	const char *text = written(&model);

	(void)state;
	says(text, "content=\"default-src 'none'; base-uri 'none'; form-action 'none'; style-src "
		   "'sha256-");
	assert_null(strstr(text, "http:"));
	assert_null(strstr(text, "https:"));
	assert_null(strstr(text, "url("));
	assert_null(strstr(text, "@import"));
}

static int release(void **state)
{
	(void)state;
	buffer_fini(&page);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_model_is_a_page_that_cannot_tell),
		cmocka_unit_test(sound_coverage_without_a_finding_is_nothing_wrong),
		cmocka_unit_test(reason_to_doubt_makes_nothing_inconclusive),
		cmocka_unit_test(findings_are_counted_by_severity_with_those_not_handed_over),
		cmocka_unit_test(findings_beside_a_doubt_leave_open_whether_there_are_more),
		cmocka_unit_test(gravest_finding_comes_first_and_settled_ones_last),
		cmocka_unit_test(finding_says_where_its_packets_are_or_why_there_are_none),
		cmocka_unit_test(ten_thousand_findings_stay_small),
		cmocka_unit_test(few_kinds_keep_their_ports),
		cmocka_unit_test(no_text_becomes_markup),
		cmocka_unit_test(every_byte_in_every_text_is_safe),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(matrix_is_a_table_for_each_role),
		cmocka_unit_test(matrix_leaves_out_appliances_without_violations_first),
		cmocka_unit_test(outages_of_a_channel_are_added_up_by_state),
		cmocka_unit_test(page_forbids_scripts_and_everything_from_outside),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
