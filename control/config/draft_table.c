/* A table of appliances: a header line that names the columns, and a row for each appliance. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/literal.h"
#include "base/plain_text.h"
#include "config/config_path.h"
#include "config/csv.h"
#include "config/draft.h"

#define WANT_HEADER "a header line with name, role and addresses, separated by commas"

/* Those before are lists, by their key. */
enum table_column { COLUMN_NAME = DRAFT_KEYS, COLUMN_ROLE, COLUMN_PROFILE, COLUMNS };

static const struct {
	const char *name;
	int column;
} title[] = {{"name", COLUMN_NAME}, {"role", COLUMN_ROLE}, {"profile", COLUMN_PROFILE},
	{"addresses", DRAFT_ADDRESSES}, {"address", DRAFT_ADDRESSES},
	{"data_addresses", DRAFT_DATA_ADDRESSES}, {"aliases", DRAFT_ALIASES},
	{"alias", DRAFT_ALIASES}, {"macs", DRAFT_MACS}, {"mac", DRAFT_MACS},
	{"managers", DRAFT_MANAGERS}, {"manager", DRAFT_MANAGERS}};

static const struct {
	const char *word;
	enum role role;
} role_word[] = {{"management-center", ROLE_MANAGEMENT_CENTER}, {"fmc", ROLE_MANAGEMENT_CENTER},
	{"mc", ROLE_MANAGEMENT_CENTER}, {"center", ROLE_MANAGEMENT_CENTER},
	{"managed-device", ROLE_MANAGED_DEVICE}, {"ftd", ROLE_MANAGED_DEVICE},
	{"device", ROLE_MANAGED_DEVICE}, {"sensor", ROLE_MANAGED_DEVICE},
	{"md", ROLE_MANAGED_DEVICE}};

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

struct draft_table {
	struct draft *draft;
	struct csv csv;
	struct csv_row row;
	size_t columns;
	int field[COLUMNS]; /* of a column, or -1 */
};

static const char *where(const struct draft_table *t)
{
	return arena_format(t->draft->arena, "%s:%u", t->draft->file, t->row.line);
}

static char *value_of(struct draft_table *t, int column)
{
	static char nothing[] = "";

	return t->field[column] < 0 ? nothing : t->row.field[t->field[column]];
}

/* ---- the header ---- */

static int column_of(const char *text)
{
	for (size_t i = 0; i < COUNT(title); i++)
		if (strcasecmp(title[i].name, text) == 0)
			return title[i].column;
	return -1;
}

static void read_title(struct draft_table *t, int field)
{
	struct draft *d = t->draft;
	const char *text = t->row.field[field];
	int column = column_of(text);

	if (!text_is_plain(text))
		draft_fail(
			d, where(t), "found control characters in the header; want " WANT_HEADER);
	else if (column < 0)
		d->ignored = arena_format(d->arena, "%s%s%.40s", d->ignored,
			*d->ignored ? ", " : "", *text ? text : "(no name)");
	else if (t->field[column] >= 0)
		draft_fail(d, where(t), "found the column %s again; want it once", text);
	else
		t->field[column] = field;
}

static int read_header(struct draft_table *t)
{
	static const int needed[] = {COLUMN_NAME, COLUMN_ROLE, DRAFT_ADDRESSES};
	static const char *const name[] = {"name", "role", "addresses"};
	struct draft *d = t->draft;
	int rc = csv_next(&t->csv, &t->row);

	if (rc == 0)
		return draft_fail(d, d->file, "found nothing; want " WANT_HEADER);
	if (rc < 0)
		return draft_fail(d, where(t), "%s", t->row.wrong);
	t->columns = t->row.fields;
	for (size_t i = 0; i < COUNT(t->field); i++)
		t->field[i] = -1;
	for (size_t i = 0; i < t->columns; i++)
		read_title(t, (int)i);
	for (size_t i = 0; i < COUNT(needed); i++)
		if (t->field[needed[i]] < 0)
			return draft_fail(
				d, where(t), "found no column %s; want " WANT_HEADER, name[i]);
	return d->faults ? -EINVAL : 0;
}

/* ---- rows ---- */

static void read_role(struct draft_table *t, struct draft_appliance *a)
{
	const char *text = value_of(t, COLUMN_ROLE);

	for (size_t i = 0; i < COUNT(role_word); i++)
		if (strcasecmp(role_word[i].word, text) == 0) {
			a->role = role_word[i].role;
			return;
		}
	draft_fail(t->draft, a->where,
		"found \"%.64s\" for role; want management-center (fmc, mc, center) or "
		"managed-device (ftd, device, sensor, md)",
		text);
}

/* A path would read a file that whoever wrote the table has chosen. */
static void read_profile(struct draft_table *t, struct draft_appliance *a)
{
	struct draft *d = t->draft;
	const char *text = value_of(t, COLUMN_PROFILE);

	if (!*text || strcmp(text, d->profile) == 0)
		return;
	if (!literal_is_word(text) || !config_path_find(d->arena, text))
		draft_fail(d, a->where,
			"found \"%.64s\" for profile; want a profile that ships, such as "
			"on-premises-7",
			text);
	else
		a->profile = arena_text(d->arena, text);
}

static void read_appliance(struct draft_table *t)
{
	struct draft *d = t->draft;
	struct draft_appliance *a = draft_add(d, value_of(t, COLUMN_NAME), where(t));
	unsigned faults = d->faults;
	size_t addresses = 0;

	if (!a)
		return;
	read_role(t, a);
	read_profile(t, a);
	for (int key = 0; key < DRAFT_MANAGERS; key++) {
		draft_add_values(d, a, (enum draft_key)key, value_of(t, key));
		addresses += a->list[key].count;
	}
	if (*value_of(t, DRAFT_MANAGERS))
		a->manager = arena_text(d->arena, value_of(t, DRAFT_MANAGERS));
	if (addresses == 0 && d->faults == faults)
		draft_fail(d, a->where, "found no address of \"%.64s\"; want one in addresses",
			a->name);
}

static bool is_empty(const struct csv_row *row)
{
	for (size_t i = 0; i < row->fields; i++)
		if (*row->field[i])
			return false;
	return true;
}

static bool is_plain(const struct csv_row *row)
{
	for (size_t i = 0; i < row->fields; i++)
		if (!text_is_plain(row->field[i]))
			return false;
	return true;
}

static void read_row(struct draft_table *t)
{
	if (is_empty(&t->row)) /* as spreadsheets leave them */
		return;
	if (t->row.fields != t->columns)
		draft_fail(t->draft, where(t), "found %zu field%s; want %zu, as the header has",
			t->row.fields, t->row.fields == 1 ? "" : "s", t->columns);
	else if (!is_plain(&t->row))
		draft_fail(t->draft, where(t),
			"found control characters, or no UTF-8; want text in UTF-8, a row a line");
	else
		read_appliance(t);
}

int draft_read_table(struct draft *d, char *text, size_t size)
{
	struct draft_table t = {.draft = d};
	int rc;

	d->profile = "cloud-delivered";
	csv_open(&t.csv, text, size);
	if (read_header(&t))
		return -EINVAL;
	while (d->faults < DRAFT_FAULTS_MAX && (rc = csv_next(&t.csv, &t.row)) != 0) {
		if (rc < 0)
			draft_fail(d, where(&t), "%s", t.row.wrong);
		else
			read_row(&t);
	}
	if (d->appliances == 0 && d->faults == 0)
		draft_fail(d, where(&t), "found no row; want one for each appliance");
	return d->faults ? -EINVAL : 0;
}
