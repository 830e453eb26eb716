#include "report/report_matrix.h"

#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "base/markup.h"
#include "report/report_model.h"
#include "report/report_page.h"

#define PORT_SHOWN 14
#define FEATURES_SHOWN 26

#define CELL_LETTER(name, letter, word, help) letter,
#define CELL_WORD(name, letter, word, help) word,
#define CELL_HELP(name, letter, word, help) help,
static const char cell_letter[] = {REPORT_CELL_LIST(CELL_LETTER)};
static const char *const cell_word[] = {REPORT_CELL_LIST(CELL_WORD)};
static const char *const cell_help[] = {REPORT_CELL_LIST(CELL_HELP)};

static bool is_of_role(const char *role, const char *wanted)
{
	return strcmp(report_or(role, ""), wanted) == 0;
}

static void put_column(struct buffer *b, const struct report_rule *rule, bool begins)
{
	markup_print(b, "<th scope=\"col\" class=\"%s\" title=\"%s", begins ? "rule edge" : "rule",
		report_or(rule->id, ""));
	if (report_has(rule->features))
		markup_print(b, ": %s", rule->features);
	buffer_puts(b, "\"><span><b>");
	markup_text_short(b, report_or(rule->port, "?"), PORT_SHOWN);
	buffer_puts(b, "</b> ");
	markup_text_short(b, rule->features, FEATURES_SHOWN);
	buffer_puts(b, rule->is_implied ? " (implied)</span></th>" : "</span></th>");
}

/* Rules of a role come in order of direction: where the next one has another, a new group begins.
 */
static bool begins_group(const struct report_matrix *matrix, const char *role, size_t rule)
{
	for (size_t i = rule; i-- > 0;)
		if (is_of_role(matrix->rule[i].role, role))
			return strcmp(report_or(matrix->rule[i].direction, ""),
				       report_or(matrix->rule[rule].direction, "")) != 0;
	return true;
}

static size_t group_size(const struct report_matrix *matrix, const char *role, size_t rule)
{
	size_t size = 1;

	for (size_t i = rule + 1; i < matrix->rules; i++) {
		if (!is_of_role(matrix->rule[i].role, role))
			continue;
		if (begins_group(matrix, role, i))
			break;
		size++;
	}
	return size;
}

static void put_heading(struct buffer *b, const struct report_matrix *matrix, const char *role)
{
	buffer_puts(b, "<td></td>");
	for (size_t i = 0; i < matrix->rules; i++)
		if (is_of_role(matrix->rule[i].role, role) && begins_group(matrix, role, i))
			markup_print(b,
				"<th scope=\"colgroup\" class=\"edge\" colspan=\"%u\">%s</th>",
				(unsigned)group_size(matrix, role, i),
				report_or(matrix->rule[i].direction, ""));
	buffer_puts(b, "</tr>\n<tr><th scope=\"col\" class=\"corner\">Appliance</th>");
	for (size_t i = 0; i < matrix->rules; i++)
		if (is_of_role(matrix->rule[i].role, role))
			put_column(b, &matrix->rule[i], begins_group(matrix, role, i));
	buffer_puts(b, "</tr></thead>\n<tbody>\n");
}

static void put_cell(struct buffer *b, const struct report_cell *cell, bool begins)
{
	static const char *const class[] = {"none", "never", "used", "silent", "off", "violation"};
	unsigned state = cell->state < REPORT_CELL_COUNT ? cell->state : REPORT_CELL_NONE;
	char time[TIME_TEXT_BYTES];

	markup_print(b, "<td class=\"%s%s\"", class[state], begins ? " edge" : "");
	if (cell->last_ns) {
		format_time_short(cell->last_ns, time);
		markup_print(b, " title=\"%s, last %s UTC", cell_word[state], time);
		if (cell->violations)
			markup_print(b, ", %ju flagged", cell->violations);
		if (cell->flows)
			markup_print(b, ", %ju flows", cell->flows);
		buffer_puts(b, "\"");
	}
	buffer_append(b, ">", 1);
	if (cell_letter[state] != ' ')
		buffer_append(b, &cell_letter[state], 1);
	buffer_puts(b, "</td>");
}

static void put_row(struct buffer *b, const struct report_matrix *matrix, size_t row)
{
	const char *role = report_or(matrix->appliance[row].role, "");

	markup_print(
		b, "<tr><th scope=\"row\">%s</th>", report_or(matrix->appliance[row].name, "?"));
	for (size_t i = 0; i < matrix->rules; i++)
		if (is_of_role(matrix->rule[i].role, role))
			put_cell(b, &matrix->cell[row * matrix->rules + i],
				begins_group(matrix, role, i));
	buffer_puts(b, "</tr>\n");
}

static bool has_violation(const struct report_matrix *matrix, size_t row)
{
	for (size_t i = 0; i < matrix->rules; i++)
		if (matrix->cell[row * matrix->rules + i].state == REPORT_CELL_VIOLATION)
			return true;
	return false;
}

/* Rows keep their order; where there are too many, those without violations go, the last first.
 * Returns the number of rows left out. */
static size_t put_rows(struct buffer *b, const struct report_matrix *matrix, const char *role)
{
	size_t rows = 0, wrong = 0, written = 0, plain;

	for (size_t i = 0; i < matrix->appliances; i++)
		if (is_of_role(matrix->appliance[i].role, role)) {
			rows++;
			wrong += has_violation(matrix, i);
		}
	plain = wrong < REPORT_MATRIX_ROWS ? REPORT_MATRIX_ROWS - wrong : 0;
	for (size_t i = 0; i < matrix->appliances && written < REPORT_MATRIX_ROWS; i++) {
		if (!is_of_role(matrix->appliance[i].role, role))
			continue;
		if (!has_violation(matrix, i) && plain-- == 0) {
			plain = 0;
			continue;
		}
		put_row(b, matrix, i);
		written++;
	}
	return rows - written;
}

static size_t rules_of(const struct report_matrix *matrix, const char *role)
{
	size_t rules = 0;

	for (size_t i = 0; i < matrix->rules; i++)
		rules += is_of_role(matrix->rule[i].role, role);
	return rules;
}

static size_t appliances_of(const struct report_matrix *matrix, const char *role)
{
	size_t appliances = 0;

	for (size_t i = 0; i < matrix->appliances; i++)
		appliances += is_of_role(matrix->appliance[i].role, role);
	return appliances;
}

static void put_table(struct buffer *b, const struct report_matrix *matrix, const char *role)
{
	size_t rules = rules_of(matrix, role), left_out;
	char name[128];

	snprintf(name, sizeof(name), "Matrix of %.80s", *role ? role : "appliances");
	markup_print(b, "<h3>%s: ", *role ? role : "no role");
	report_count(b, appliances_of(matrix, role), "appliance", "appliances");
	markup_print(b, ", %zu documented rows</h3>\n", rules);
	report_scroll_open(b, name);
	report_table_open(b, "matrix", name);
	put_heading(b, matrix, role);
	left_out = put_rows(b, matrix, role);
	buffer_puts(b, "</tbody></table>\n");
	report_scroll_close(b);
	if (left_out)
		markup_print(b,
			"<p class=\"more\">%zu appliances are left out, those without violations "
			"first: <code>portolan triage matrix</code> shows all.</p>\n",
			left_out);
}

static void put_legend(struct buffer *b)
{
	static const char *const class[] = {"none", "never", "used", "silent", "off", "violation"};

	buffer_puts(b, "<ul class=\"legend\" aria-label=\"Letters of the matrix\">\n");
	for (unsigned i = REPORT_CELL_NEVER; i < REPORT_CELL_COUNT; i++) {
		markup_print(b, "<li><span class=\"key %s\">", class[i]);
		buffer_append(b, &cell_letter[i], 1);
		markup_print(b, "</span> %s: %s</li>\n", cell_word[i], cell_help[i]);
	}
	buffer_puts(b, "</ul>\n");
}

static bool is_first_of_role(const struct report_matrix *matrix, size_t row)
{
	for (size_t i = 0; i < row; i++)
		if (is_of_role(
			    matrix->appliance[i].role, report_or(matrix->appliance[row].role, "")))
			return false;
	return true;
}

void report_matrix_write(struct buffer *b, const struct report_model *model)
{
	const struct report_matrix *matrix = &model->matrix;

	report_section_open(b, "matrix", "Documented ports in use");
	if (matrix->appliances && matrix->rules) {
		put_legend(b);
		for (size_t i = 0; i < matrix->appliances; i++)
			if (is_first_of_role(matrix, i))
				put_table(b, matrix, report_or(matrix->appliance[i].role, ""));
	} else
		buffer_puts(b, "<p>No appliance or no rule is known.</p>\n");
	report_section_close(b);
}
