#include "report/policy_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/literal.h"
#include "base/row_lines.h"
#include "policy/ruleset.h"
#include "report/policy_json.h"

#define CELL_BYTES 96
#define BOLD "\033[1m"
#define DIM "\033[2m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

/* ---- order ---- */

struct table_order {
	uint64_t key;
	uint32_t rule;
};

static int table_order_compare(const void *left, const void *right)
{
	const struct table_order *a = left, *b = right;

	return (a->key > b->key) - (a->key < b->key);
}

int policy_table_sort(const struct ruleset *ruleset, struct rule_list *list)
{
	struct table_order *place = heap_calloc(list->count + 1u, sizeof(*place));

	if (!place)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		const struct rule *r = &ruleset->policy->rule[list->rule[i]];
		place[i].key = (uint64_t)r->implied << 48 | (uint64_t)r->role << 40 |
			       (uint64_t)r->direction << 32 | ruleset->rule[list->rule[i]].order;
		place[i].rule = list->rule[i];
	}
	qsort(place, list->count, sizeof(*place), table_order_compare);
	for (size_t i = 0; i < list->count; i++)
		list->rule[i] = place[i].rule;
	free(place);
	return 0;
}

size_t policy_table_documented(const struct ruleset *ruleset, const struct rule_list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += !ruleset->policy->rule[list->rule[i]].implied;
	return count;
}

int policy_port_text(const struct rule *r, char text[POLICY_PORT_BYTES])
{
	return r->port == r->port_last
		       ? snprintf(text, POLICY_PORT_BYTES, "%u", r->port)
		       : snprintf(text, POLICY_PORT_BYTES, "%u-%u", r->port, r->port_last);
}

static void put_prefixes(
	FILE *file, const struct prefix *prefix, uint32_t count, const char *separator)
{
	char text[PREFIX_TEXT_BYTES];

	for (uint32_t i = 0; i < count; i++) {
		format_prefix(&prefix[i], text);
		fprintf(file, "%s%s", i ? separator : "", text);
	}
}

char *policy_table_peers(
	const struct ruleset *ruleset, const struct rule *rule, const char *separator)
{
	const struct prefix *peer = ruleset->policy->peer;
	size_t size;
	char *text;
	FILE *file;

	if (!(rule->peers & (PEERS_LISTED | PEERS_BOUND)))
		return heap_strdup(rule->peers & PEERS_MANAGERS	   ? "managers"
				   : rule->peers & PEERS_INVENTORY ? "inventory"
								   : "any");
	file = open_memstream(&text, &size);
	if (!file)
		return NULL;
	if (rule->peers & PEERS_LISTED)
		put_prefixes(file, peer + rule->peer_first, rule->peer_count, separator);
	if ((rule->peers & (PEERS_LISTED | PEERS_BOUND)) == (PEERS_LISTED | PEERS_BOUND))
		fprintf(file, "%sand%s", separator, separator);
	if (rule->peers & PEERS_BOUND)
		put_prefixes(file, peer + rule->bound_first, rule->bound_count, separator);
	return fclose(file) ? NULL : text;
}

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

/* ---- csv ---- */

/* The last column is there only where implied rows are: without them all rows are documented. */
static void print_csv(
	const struct ruleset *ruleset, const struct rule_list *list, bool with_implied, FILE *out)
{
	size_t rows = with_implied ? list->count : policy_table_documented(ruleset, list);
	char port[POLICY_PORT_BYTES];

	fprintf(out,
		"role,direction,port,transport,feature,service,required,configurable,enabled%s\n",
		with_implied ? ",status" : "");
	for (size_t i = 0; i < rows; i++) {
		const struct rule *r = &ruleset->policy->rule[list->rule[i]];
		const struct rule_text *w = &ruleset->rule[list->rule[i]];
		policy_port_text(r, port);
		fprintf(out, "%s,%s,%s,%s,%s,%s,%s,%s,%s%s%s\n", role_name((enum role)r->role),
			direction_name((enum direction)r->direction), port,
			transport_name((enum transport)r->transport), w->feature, w->service,
			yes_no(w->required), yes_no(w->configurable), yes_no(r->enabled),
			with_implied ? "," : "", with_implied ? rule_status_name(w->status) : "");
	}
}

/* ---- table ---- */

enum column { PORT, FEATURE, SERVICE, REQUIRED, CONFIGURABLE, STATE, PEERS, NOTE, COLUMNS };

static const char *const heading[COLUMNS] = {
	"PORT", "FEATURE", "SERVICE", "REQUIRED", "CONFIGURABLE", "STATE", "PEERS", "NOTE"};

struct row {
	char cell[COLUMNS][CELL_BYTES];
};

static void cell_port(char cell[CELL_BYTES], const struct rule *r, const struct rule_text *w)
{
	char port[POLICY_PORT_BYTES];
	int length;

	policy_port_text(r, port);
	length = snprintf(
		cell, CELL_BYTES, "%s/%s", port, transport_name((enum transport)r->transport));

	if (r->port != w->documented_port)
		snprintf(cell + length, CELL_BYTES - (size_t)length, " (documented %u)",
			w->documented_port);
}

/* Long lists are cut; the JSON form has all. */
static void cell_peers(char cell[CELL_BYTES], const struct ruleset *ruleset, const struct rule *r)
{
	char *peers = policy_table_peers(ruleset, r, " ");
	bool is_cut = peers && strlen(peers) > 40;

	snprintf(cell, CELL_BYTES, "%.*s%s", is_cut ? 37 : 40, peers ? peers : "?",
		is_cut ? "..." : "");
	free(peers);
}

static void row_fill(struct row *row, const struct ruleset *ruleset, uint32_t i)
{
	const struct rule *r = &ruleset->policy->rule[i];
	const struct rule_text *w = &ruleset->rule[i];
	bool is_recalled = w->status == RULE_RECALLED;
	bool is_own = ruleset_is_own(ruleset, i);

	cell_port(row->cell[PORT], r, w);
	snprintf(row->cell[FEATURE], CELL_BYTES, "%s", w->feature);
	snprintf(row->cell[SERVICE], CELL_BYTES, "%s", *w->service ? w->service : "-");
	snprintf(row->cell[REQUIRED], CELL_BYTES, "%s", yes_no(w->required));
	snprintf(row->cell[CONFIGURABLE], CELL_BYTES, "%s", yes_no(w->configurable));
	snprintf(row->cell[STATE], CELL_BYTES, "%s", r->enabled ? "enabled" : "disabled");
	cell_peers(row->cell[PEERS], ruleset, r);
	snprintf(row->cell[NOTE], CELL_BYTES, "%s",
		is_recalled ? "unverified"
		: is_own    ? "site"
			    : "");
}

/* How wide each column is, and which of them begin a line. */
struct shape {
	int width[COLUMNS];
	bool begins[COLUMNS];
};

#define LINE_INDENT 2

static void find_shape(struct shape *s, const struct row *row, size_t count, unsigned columns)
{
	int width[COLUMNS];

	for (int c = 0; c < COLUMNS; c++) {
		s->width[c] = (int)strlen(heading[c]);
		for (size_t i = 0; i < count; i++) {
			int length = (int)strlen(row[i].cell[c]);
			if (length > s->width[c])
				s->width[c] = length;
		}
		width[c] = s->width[c] + (c == 0 ? LINE_INDENT : 0);
	}
	row_lines(width, COLUMNS, columns, s->begins);
}

static void print_row(const struct row *row, const struct shape *s, const char *paint, FILE *out)
{
	int last = row->cell[NOTE][0] ? NOTE : PEERS;

	fprintf(out, "%s%*s", paint, LINE_INDENT, "");
	for (int c = 0; c <= last; c++) {
		bool is_end = c == last || s->begins[c + 1];
		if (c && s->begins[c])
			fprintf(out, "\n%*s", ROW_INDENT, "");
		fprintf(out, "%-*s%s", is_end ? 0 : s->width[c], row->cell[c], is_end ? "" : "  ");
	}
	fprintf(out, "%s\n", *paint ? PLAIN : "");
}

static void print_heading(const struct shape *shape, bool colour, FILE *out)
{
	struct row row;

	for (int c = 0; c < COLUMNS; c++)
		snprintf(row.cell[c], CELL_BYTES, "%s", heading[c]);
	print_row(&row, shape, colour ? DIM : "", out);
}

static void print_group(const struct rule *r, bool colour, FILE *out)
{
	fprintf(out, "\n%s%s, %s%s%s\n", colour ? BOLD : "", role_name((enum role)r->role),
		direction_name((enum direction)r->direction),
		r->implied ? ", implied: not documented, and these features need it" : "",
		colour ? PLAIN : "");
}

static void print_rows(const struct ruleset *ruleset, const struct rule_list *list,
	const struct row *row, const struct listing *listing, FILE *out)
{
	const struct rule *before = NULL;
	bool colour = listing->colour;
	struct shape shape;

	find_shape(&shape, row, list->count, listing->columns);
	for (size_t i = 0; i < list->count; i++) {
		const struct rule *r = &ruleset->policy->rule[list->rule[i]];
		bool is_recalled = ruleset->rule[list->rule[i]].status == RULE_RECALLED;
		if (!before || before->role != r->role || before->direction != r->direction ||
			before->implied != r->implied) {
			print_group(r, colour, out);
			print_heading(&shape, colour, out);
		}
		print_row(&row[i], &shape,
			!colour	      ? ""
			: !r->enabled ? DIM
			: is_recalled ? YELLOW
				      : "",
			out);
		before = r;
	}
}

static size_t unverified_of(const struct ruleset *ruleset, const struct rule_list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += ruleset->rule[list->rule[i]].status == RULE_RECALLED;
	return count;
}

static void print_title(const struct ruleset *ruleset, uint16_t appliance, FILE *out)
{
	if (appliance != APPLIANCE_NONE)
		fprintf(out, "%s, profile %s, policy %s\n", ruleset->appliance[appliance].name,
			ruleset->class[ruleset->class_of[appliance]].profile, ruleset->hash);
	else
		fprintf(out, "profile %s%s%s%s, policy %s\n", ruleset->profile,
			*ruleset->version ? " (" : "", ruleset->version,
			*ruleset->version ? ")" : "", ruleset->hash);
}

/* What the table of the site leaves out. */
static void print_notes(
	const struct ruleset *ruleset, const struct rule_list *list, uint16_t appliance, FILE *out)
{
	size_t unverified = unverified_of(ruleset, list), others = 0;

	if (unverified)
		fprintf(out, "\n%zu row%s unverified: nobody has read %s in the vendor's guide\n",
			unverified, unverified == 1 ? " is" : "s are",
			unverified == 1 ? "it" : "them");
	for (size_t i = 0; i < ruleset->appliances; i++)
		others += ruleset->class_of[i] >= ROLE_COUNT;
	if (others && appliance == APPLIANCE_NONE)
		fprintf(out,
			"\n%zu of %zu appliances have rules of their own: portolan policy "
			"--appliance NAME shows them\n",
			others, ruleset->appliances);
}

static int print_table(const struct ruleset *ruleset, const struct rule_list *list,
	const struct listing *listing, FILE *out)
{
	struct row *row = heap_calloc(list->count + 1u, sizeof(*row));

	if (!row)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++)
		row_fill(&row[i], ruleset, list->rule[i]);
	print_title(ruleset, listing->appliance, out);
	print_rows(ruleset, list, row, listing, out);
	print_notes(ruleset, list, listing->appliance, out);
	free(row);
	return 0;
}

int policy_table_print(const struct ruleset *ruleset, const struct listing *listing, FILE *out)
{
	struct rule_list list = ruleset_rules(ruleset, listing->appliance);
	int rc = list.rule ? policy_table_sort(ruleset, &list) : -ENOMEM;

	if (rc == 0 && listing->format == LISTING_TABLE)
		rc = print_table(ruleset, &list, listing, out);
	else if (rc == 0 && listing->format == LISTING_CSV)
		print_csv(ruleset, &list, listing->with_implied, out);
	else if (rc == 0)
		rc = policy_json_print(ruleset, listing->appliance, listing->with_implied, out);
	free(list.rule);
	errno = 0;
	if (rc == 0 && (fflush(out) || ferror(out)))
		rc = errno ? -errno : -EIO;
	return rc;
}
