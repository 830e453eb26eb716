/* Device records, as the REST API of a management center answers them: an object whose `items` are
 * the records, or an array of them, or one. A record has name, hostName (the address or name by
 * which the management center reaches the device), sw_version, type.
 *
 * The API's form is recalled, not read in a guide.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/heap.h"
#include "base/literal.h"
#include "base/plain_text.h"
#include "config/draft.h"

#define COMMENT_BYTES 128

struct version_profile {
	unsigned long major;
	const char *profile;
};

static const struct version_profile known[] = {{7, "on-premises-7"}, {6, "legacy-6"}};

#define KNOWN (sizeof(known) / sizeof(*known))

/* Text of a record on its way to a comment: ASCII, for whatever reads YAML. */
static const char *comment_text(struct draft *d, const char *text)
{
	char *copy = arena_format(d->arena, "%.*s", COMMENT_BYTES, text);

	for (char *c = copy; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return copy;
}

/* ---- versions ---- */

static const char *profile_of_version(const char *version)
{
	unsigned long major = strtoul(version, NULL, 10);

	for (size_t i = 0; i < KNOWN; i++)
		if (known[i].major == major)
			return known[i].profile;
	return NULL;
}

static void read_version(struct draft *d, struct draft_appliance *a, const json_t *record)
{
	const char *version = json_string_value(json_object_get(record, "sw_version"));

	if (!version || !*version)
		return;
	a->profile = profile_of_version(version);
	a->remark = arena_format(d->arena, "version %s%s", comment_text(d, version),
		a->profile ? "" : ": no profile is known for it");
}

/* The site's profile is that of most; the others keep theirs. */
static void choose_profile(struct draft *d)
{
	size_t of[KNOWN] = {0}, most = 0;

	for (size_t i = 0; i < d->appliances; i++)
		for (size_t k = 0; k < KNOWN; k++)
			of[k] += d->appliance[i].profile == known[k].profile;
	for (size_t k = 1; k < KNOWN; k++)
		if (of[k] > of[most])
			most = k;
	d->profile = of[most] ? known[most].profile : "cloud-delivered";
	for (size_t i = 0; i < d->appliances; i++) {
		struct draft_appliance *a = &d->appliance[i];
		if (!a->profile || a->profile != d->profile)
			continue;
		a->remark = arena_format(
			d->arena, "%s: profile %s, as the site", a->remark, a->profile);
		a->profile = NULL;
	}
}

/* ---- records ---- */

static void read_address(struct draft *d, struct draft_appliance *a, const json_t *record)
{
	const char *host = json_string_value(json_object_get(record, "hostName"));
	struct address address;

	if (!host || !*host)
		a->doubt = "the record has no hostName (ask for expanded records): write the "
			   "address";
	else if (!literal_address(host, &address))
		a->doubt = arena_format(d->arena,
			"hostName %s is no address: resolve it and write the address",
			comment_text(d, host));
	else
		draft_add_value(d, a, DRAFT_ADDRESSES, host);
}

static void read_record(struct draft *d, const json_t *record, size_t number)
{
	const char *where = arena_format(d->arena, "%s: record %zu", d->file, number);
	const char *name = json_string_value(json_object_get(record, "name"));
	const char *type = json_string_value(json_object_get(record, "type"));
	struct draft_appliance *a;

	if (!json_is_object(record) || !name) {
		draft_fail(d, where, "found %s; want an object with name, hostName and sw_version",
			json_is_object(record) ? "no name" : "no object");
		return;
	}
	if (type && strcasecmp(type, "Device") != 0) {
		draft_fail(
			d, where, "found the type \"%.64s\" of \"%.64s\"; want Device", type, name);
		return;
	}
	a = draft_add(d, name, where);
	if (!a)
		return;
	a->role = ROLE_MANAGED_DEVICE;
	read_version(d, a, record);
	read_address(d, a, record);
}

static int read_array(struct draft *d, const json_t *list)
{
	size_t count = json_array_size(list);

	for (size_t i = 0; i < count && d->faults < DRAFT_FAULTS_MAX; i++)
		read_record(d, json_array_get(list, i), i + 1);
	if (count == 0)
		draft_fail(
			d, d->file, "found no record; want device records with name and hostName");
	choose_profile(d);
	return d->faults ? -EINVAL : 0;
}

/* An answer of several pages says how many records there are in all. */
static void read_paging(struct draft *d, const json_t *root, size_t here)
{
	json_int_t all =
		json_integer_value(json_object_get(json_object_get(root, "paging"), "count"));

	if (all > 0 && (size_t)all > here)
		d->left = (unsigned long)all - here;
}

static int read_root(struct draft *d, const json_t *root)
{
	const json_t *items = json_is_array(root) ? root : json_object_get(root, "items");

	if (items && !json_is_array(items))
		return draft_fail(d, d->file, "found no list in items; want a list of records");
	if (items) {
		read_paging(d, root, json_array_size(items));
		return read_array(d, items);
	}
	read_record(d, root, 1);
	choose_profile(d);
	return d->faults ? -EINVAL : 0;
}

int draft_read_records(struct draft *d, const char *text, size_t size)
{
	size_t mark = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	json_error_t error;
	json_t *root = json_loadb(text + mark, size - mark, JSON_REJECT_DUPLICATES, &error);
	int rc;

	if (!root && heap_was_short()) /* which jansson may call broken JSON */
		return -ENOMEM;
	if (!root)
		return draft_fail(d, arena_format(d->arena, "%s:%d", d->file, error.line),
			"found broken JSON (%s); want device records as a management center's "
			"REST API answers them",
			error.text);
	rc = read_root(d, root);
	json_decref(root);
	return rc;
}
