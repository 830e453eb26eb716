#include "report/policy_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/literal.h"
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

uint32_t *policy_table_order(const struct ruleset *ruleset)
{
	uint32_t count = ruleset->policy->rules;
	struct table_order *place = heap_calloc(count + 1u, sizeof(*place));
	uint32_t *order = heap_calloc(count + 1u, sizeof(*order));

	for (uint32_t i = 0; place && i < count; i++) {
		const struct rule *r = &ruleset->policy->rule[i];
		place[i].key = (uint64_t)r->implied << 48 | (uint64_t)r->role << 40 |
			       (uint64_t)r->direction << 32 | ruleset->rule[i].order;
		place[i].rule = i;
	}
	if (place && order) {
		qsort(place, count, sizeof(*place), table_order_compare);
		for (uint32_t i = 0; i < count; i++)
			order[i] = place[i].rule;
	} else {
		free(order);
		order = NULL;
	}
	free(place);
	return order;
}

uint32_t policy_table_documented(const struct ruleset *ruleset)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < ruleset->policy->rules; i++)
		count += !ruleset->policy->rule[i].implied;
	return count;
}

char *policy_table_peers(
	const struct ruleset *ruleset, const struct rule *rule, const char *separator)
{
	char prefix[PREFIX_TEXT_BYTES];
	size_t size;
	char *text;
	FILE *file;

	if (rule->peers != PEERS_LISTED)
		return heap_strdup(rule->peers == PEERS_ANY ? "any" : "inventory");
	file = open_memstream(&text, &size);
	if (!file)
		return NULL;
	for (uint32_t i = 0; i < rule->peer_count; i++) {
		format_prefix(&ruleset->policy->peer[rule->peer_first + i], prefix);
		fprintf(file, "%s%s", i ? separator : "", prefix);
	}
	return fclose(file) ? NULL : text;
}

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

/* ---- csv ---- */

/* The last column is there only where implied rows are: without them all rows are documented. */
static void print_csv(
	const struct ruleset *ruleset, const uint32_t *order, bool with_implied, FILE *out)
{
	uint32_t rows = with_implied ? ruleset->policy->rules : policy_table_documented(ruleset);

	fprintf(out,
		"role,direction,port,transport,feature,service,required,configurable,enabled%s\n",
		with_implied ? ",status" : "");
	for (uint32_t i = 0; i < rows; i++) {
		const struct rule *r = &ruleset->policy->rule[order[i]];
		const struct rule_text *w = &ruleset->rule[order[i]];
		fprintf(out, "%s,%s,%u,%s,%s,%s,%s,%s,%s%s%s\n", role_name((enum role)r->role),
			direction_name((enum direction)r->direction), r->port,
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
	int length = snprintf(
		cell, CELL_BYTES, "%u/%s", r->port, transport_name((enum transport)r->transport));

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
	bool is_own = strcmp(w->origin, "site") == 0;

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

static void widths_of(const struct row *row, size_t count, int width[COLUMNS])
{
	for (int c = 0; c < COLUMNS; c++) {
		width[c] = (int)strlen(heading[c]);
		for (size_t i = 0; i < count; i++) {
			int length = (int)strlen(row[i].cell[c]);
			if (length > width[c])
				width[c] = length;
		}
	}
}

static void print_row(const struct row *row, const int width[COLUMNS], const char *paint, FILE *out)
{
	int last = row->cell[NOTE][0] ? NOTE : PEERS;

	fprintf(out, "%s  ", paint);
	for (int c = 0; c < last; c++)
		fprintf(out, "%-*s  ", width[c], row->cell[c]);
	fprintf(out, "%s%s\n", row->cell[last], *paint ? PLAIN : "");
}

static void print_heading(const int width[COLUMNS], bool colour, FILE *out)
{
	struct row row;

	for (int c = 0; c < COLUMNS; c++)
		snprintf(row.cell[c], CELL_BYTES, "%s", heading[c]);
	print_row(&row, width, colour ? DIM : "", out);
}

static void print_group(const struct rule *r, bool colour, FILE *out)
{
	fprintf(out, "\n%s%s, %s%s%s\n", colour ? BOLD : "", role_name((enum role)r->role),
		direction_name((enum direction)r->direction),
		r->implied ? ", implied: not documented, and these features need it" : "",
		colour ? PLAIN : "");
}

static void print_rows(const struct ruleset *ruleset, const uint32_t *order, const struct row *row,
	FILE *out, bool colour)
{
	const struct rule *before = NULL;
	int width[COLUMNS];

	widths_of(row, ruleset->policy->rules, width);
	for (uint32_t i = 0; i < ruleset->policy->rules; i++) {
		const struct rule *r = &ruleset->policy->rule[order[i]];
		bool is_recalled = ruleset->rule[order[i]].status == RULE_RECALLED;
		if (!before || before->role != r->role || before->direction != r->direction ||
			before->implied != r->implied) {
			print_group(r, colour, out);
			print_heading(width, colour, out);
		}
		print_row(&row[i], width,
			!colour	      ? ""
			: !r->enabled ? DIM
			: is_recalled ? YELLOW
				      : "",
			out);
		before = r;
	}
}

static int print_table(const struct ruleset *ruleset, const uint32_t *order, FILE *out, bool colour)
{
	uint32_t count = ruleset->policy->rules;
	struct row *row = heap_calloc(count + 1u, sizeof(*row));

	if (!row)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		row_fill(&row[i], ruleset, order[i]);
	fprintf(out, "profile %s%s%s%s, policy %s\n", ruleset->profile,
		*ruleset->version ? " (" : "", ruleset->version, *ruleset->version ? ")" : "",
		ruleset->hash);
	print_rows(ruleset, order, row, out, colour);
	if (ruleset->unverified)
		fprintf(out,
			"\n%zu rows are unverified: nobody has read them in the vendor's guide\n",
			ruleset->unverified);
	free(row);
	return 0;
}

int policy_table_print(const struct ruleset *ruleset, struct listing listing, FILE *out)
{
	uint32_t *order = policy_table_order(ruleset);
	int rc = order ? 0 : -ENOMEM;

	if (rc == 0 && listing.format == LISTING_TABLE)
		rc = print_table(ruleset, order, out, listing.colour);
	else if (rc == 0 && listing.format == LISTING_CSV)
		print_csv(ruleset, order, listing.with_implied, out);
	else if (rc == 0)
		rc = policy_json_print(ruleset, listing.with_implied, out);
	free(order);
	errno = 0;
	if (rc == 0 && (fflush(out) || ferror(out)))
		rc = errno ? -errno : -EIO;
	return rc;
}
