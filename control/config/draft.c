#include "config/draft.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "base/literal.h"
#include "base/plain_text.h"
#include "inventory.h"

#define SEPARATORS " ;|"

const char *draft_key_name(enum draft_key key)
{
	static const char *const name[] = {
		"addresses", "data_addresses", "aliases", "macs", "managers"};

	return name[key];
}

int draft_fail(struct draft *d, const char *where, const char *format, ...)
{
	char text[ERRORS_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	errors_add(d->errors, "%s: %s", where, text);
	d->faults++;
	return -EINVAL;
}

/* ---- what an appliance has ---- */

/* U+FFFE and U+FFFF are no characters, and YAML refuses them. */
static bool is_name(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length <= DRAFT_NAME_BYTES && text_is_plain(name) &&
	       !strstr(name, "\xef\xbf\xbe") && !strstr(name, "\xef\xbf\xbf");
}

struct draft_appliance *draft_add(struct draft *d, const char *name, const char *where)
{
	if (d->appliances == APPLIANCES_MAX) {
		draft_fail(d, where, "found more appliances; want at most %u", APPLIANCES_MAX);
		d->faults = DRAFT_FAULTS_MAX;
		return NULL;
	}
	if (!is_name(name))
		draft_fail(d, where,
			"found \"%.80s\" for a name; want 1 to %d bytes without control characters",
			name, DRAFT_NAME_BYTES);
	if (d->appliances == d->room) {
		d->room = d->room ? 2 * d->room : 16;
		d->appliance = arena_grow(
			d->arena, d->appliance, d->appliances, d->room, sizeof(*d->appliance));
	}
	d->appliance[d->appliances] = (struct draft_appliance){
		.name = arena_text(d->arena, name), .where = arena_text(d->arena, where)};
	return &d->appliance[d->appliances++];
}

static void append(struct draft *d, struct draft_list *l, const char *text)
{
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 2;
		l->text = arena_grow(d->arena, l->text, l->count, l->room, sizeof(*l->text));
	}
	l->text[l->count++] = arena_text(d->arena, text);
}

static void add_address(
	struct draft *d, struct draft_appliance *a, enum draft_key key, const char *text)
{
	char shown[PREFIX_TEXT_BYTES];
	struct prefix p;
	int error = literal_prefix(text, &p);

	if (error && error != -EDOM) {
		draft_fail(d, a->where,
			"found \"%.64s\" for %s; want an address such as 10.10.0.5 or 2001:db8::5, "
			"or a network such as 10.20.0.0/16",
			text, draft_key_name(key));
		return;
	}
	format_prefix(&p, shown);
	if (error)
		draft_fail(d, a->where,
			"found \"%s\" for %s; want the network %s, or %.*s alone for one address",
			text, draft_key_name(key), shown, (int)strcspn(text, "/"), text);
	else
		append(d, &a->list[key], shown);
}

void draft_add_value(
	struct draft *d, struct draft_appliance *a, enum draft_key key, const char *text)
{
	uint64_t mac;

	if (key != DRAFT_MACS)
		add_address(d, a, key, text);
	else if (literal_mac(text, &mac))
		draft_fail(d, a->where,
			"found \"%.64s\" for macs; want a MAC address such as 02:00:00:00:00:07",
			text);
	else
		append(d, &a->list[key], text);
}

void draft_add_values(struct draft *d, struct draft_appliance *a, enum draft_key key, char *text)
{
	char *rest = NULL;

	for (char *word = strtok_r(text, SEPARATORS, &rest); word && d->faults < DRAFT_FAULTS_MAX;
		word = strtok_r(NULL, SEPARATORS, &rest))
		draft_add_value(d, a, key, word);
}

/* ---- what may be there once ---- */

/* A name or an address, and whose it is. */
struct draft_claim {
	const char *text;
	const struct draft_appliance *by;
};

static int claim_compare(const void *left, const void *right)
{
	const struct draft_claim *a = left, *b = right;
	int order = strcmp(a->text, b->text);

	return order ? order : (a->by > b->by) - (a->by < b->by);
}

static void refuse_twice(struct draft *d, const char *what, struct draft_claim *claim, size_t count)
{
	qsort(claim, count, sizeof(*claim), claim_compare);
	for (size_t i = 1; i < count && d->faults < DRAFT_FAULTS_MAX; i++)
		if (strcmp(claim[i - 1].text, claim[i].text) == 0)
			draft_fail(d, claim[i].by->where,
				"found %s \"%s\" again; want it once (%s has it, too)", what,
				claim[i].text, claim[i - 1].by->where);
}

static struct draft_claim *check_names(struct draft *d)
{
	struct draft_claim *claim = arena_alloc(d->arena, (d->appliances + 1) * sizeof(*claim));

	for (size_t i = 0; i < d->appliances; i++)
		claim[i] = (struct draft_claim){d->appliance[i].name, &d->appliance[i]};
	refuse_twice(d, "the name", claim, d->appliances);
	return claim;
}

static void check_values(struct draft *d, enum draft_key first, enum draft_key last)
{
	struct draft_claim *claim;
	size_t count = 0;

	for (size_t i = 0; i < d->appliances; i++)
		for (int key = (int)first; key <= (int)last; key++)
			count += d->appliance[i].list[key].count;
	claim = arena_alloc(d->arena, (count + 1) * sizeof(*claim));
	count = 0;
	for (size_t i = 0; i < d->appliances; i++)
		for (int key = (int)first; key <= (int)last; key++)
			for (size_t j = 0; j < d->appliance[i].list[key].count; j++)
				claim[count++] = (struct draft_claim){
					d->appliance[i].list[key].text[j], &d->appliance[i]};
	refuse_twice(d, first == DRAFT_MACS ? "the MAC address" : "the address", claim, count);
}

/* ---- managers ---- */

static const struct draft_appliance *named(
	const struct draft *d, const struct draft_claim *claim, const char *name)
{
	struct draft_claim wanted = {name, NULL};
	size_t low = 0, high = d->appliances;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (claim_compare(&claim[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < d->appliances && strcmp(claim[low].text, name) == 0 ? claim[low].by : NULL;
}

static void add_manager(struct draft *d, struct draft_appliance *a, const struct draft_claim *claim,
	const char *name)
{
	const struct draft_appliance *manager = named(d, claim, name);

	if (!manager)
		draft_fail(d, a->where,
			"found \"%.64s\" for managers; want the name of a management center of "
			"this file",
			name);
	else if (manager == a || manager->role != ROLE_MANAGEMENT_CENTER)
		draft_fail(d, a->where, "found \"%s\" for managers, %s; want a management center",
			name, manager == a ? "the appliance itself" : "a managed device");
	else
		append(d, &a->list[DRAFT_MANAGERS], manager->name);
}

static char *trimmed(char *text)
{
	size_t length;

	text += strspn(text, " ");
	length = strlen(text);
	while (length && text[length - 1] == ' ')
		text[--length] = '\0';
	return text;
}

/* A name may have blanks in it: they separate only what is no name. */
static void add_managers(
	struct draft *d, struct draft_appliance *a, const struct draft_claim *claim)
{
	char *rest = NULL, *words = NULL;
	char *part = strtok_r(arena_text(d->arena, a->manager), ";|", &rest);

	for (; part && d->faults < DRAFT_FAULTS_MAX; part = strtok_r(NULL, ";|", &rest)) {
		char *name = trimmed(part);
		bool is_whole = *name && named(d, claim, name);
		if (is_whole)
			add_manager(d, a, claim, name);
		for (char *word = is_whole ? NULL : strtok_r(name, " ", &words);
			word && d->faults < DRAFT_FAULTS_MAX; word = strtok_r(NULL, " ", &words))
			add_manager(d, a, claim, word);
	}
}

/* ---- reading ---- */

static int check(struct draft *d)
{
	struct draft_claim *claim = check_names(d);

	check_values(d, DRAFT_ADDRESSES, DRAFT_ALIASES);
	check_values(d, DRAFT_MACS, DRAFT_MACS);
	if (d->faults) /* what could not be read may be a manager */
		return -EINVAL;
	for (size_t i = 0; i < d->appliances && d->faults < DRAFT_FAULTS_MAX; i++)
		if (d->appliance[i].manager)
			add_managers(d, &d->appliance[i], claim);
	return d->faults ? -EINVAL : 0;
}

static bool are_records(const char *text)
{
	text += strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	text += strspn(text, " \t\r\n");
	return *text == '{' || *text == '[';
}

int draft_read(struct draft *d, char *text, size_t size)
{
	int error;

	d->ignored = "";
	text[size] = '\0';
	if (strlen(text) < size)
		return draft_fail(d, d->file,
			"found a binary file; want CSV with a header line, or the JSON of device "
			"records");
	d->are_records = are_records(text);
	error = d->are_records ? draft_read_records(d, text, size)
			       : draft_read_table(d, text, size);
	return error == -ENOMEM ? error : check(d);
}

int draft_add_manager(struct draft *d, const char *text)
{
	static const char where[] = "--manager";
	const char *sign = strrchr(text, '=');
	struct draft_appliance *a;
	char *name;

	if (!d->are_records)
		return draft_fail(d, where,
			"found a table; want device records: in a table a management center has a "
			"row");
	if (!sign || !sign[1])
		return draft_fail(d, where, "found \"%.64s\"; want NAME=ADDRESS", text);
	name = arena_format(d->arena, "%.*s", (int)(sign - text), text);
	a = draft_add(d, name, where);
	if (!a)
		return -EINVAL;
	a->role = ROLE_MANAGEMENT_CENTER;
	draft_add_values(d, a, DRAFT_ADDRESSES, arena_text(d->arena, sign + 1));
	for (size_t i = 0; i + 1 < d->appliances; i++)
		append(d, &d->appliance[i].list[DRAFT_MANAGERS], name);
	return check(d);
}
