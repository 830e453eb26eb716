#include "config/address_list.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "base/literal.h"
#include "config/document.h"

/* Where an entry stands and for what. */
struct entry_place {
	int node;
	const char *key;
	bool is_group; /* of a group that is named there */
};

static void fail(struct address_reader *r, const struct entry_place *at, const char *want)
{
	char shown[NODE_SHOWN_BYTES];

	node_error(r->document, at->node, r->errors, "found %s for %s; want %s",
		node_shown(r->document, at->node, shown), at->key, want);
	r->rc = -EINVAL;
}

/* ---- what a list has ---- */

static void make_room(struct address_reader *r, struct address_list *l)
{
	size_t room = l->room ? 2 * l->room : 4;

	if (l->count < l->room)
		return;
	l->prefix = arena_grow(r->arena, l->prefix, l->count, room, sizeof(*l->prefix));
	l->text = arena_grow(r->arena, l->text, l->count, room, sizeof(*l->text));
	l->line = arena_grow(r->arena, l->line, l->count, room, sizeof(*l->line));
	l->is_own = arena_grow(r->arena, l->is_own, l->count, room, sizeof(*l->is_own));
	l->room = room;
}

/* False: the list is full, which is said once. */
static bool append(struct address_reader *r, struct address_list *l, const struct prefix *p,
	const char *text, const struct entry_place *at)
{
	char shown[PREFIX_TEXT_BYTES];

	if (l->count == ADDRESS_LIST_MAX || r->total == ADDRESS_TOTAL_MAX) {
		if (!r->is_full)
			fail(r, at,
				"lists of at most 65536 addresses and networks, a million in all");
		r->is_full = true;
		return false;
	}
	r->total++;
	make_room(r, l);
	format_prefix(p, shown);
	l->prefix[l->count] = *p;
	l->text[l->count] = arena_text(r->arena, text ? text : shown);
	l->line[l->count] = node_line(r->document, at->node);
	l->is_own[l->count] = !at->is_group;
	l->count++;
	return true;
}

/* ---- ranges ---- */

static unsigned lowest_bit(const struct address *a, unsigned width)
{
	unsigned zeros = 0;

	while (zeros < width && !(a->byte[15 - zeros / 8] >> zeros % 8 & 1))
		zeros++;
	return zeros;
}

/* The last address of a network with so many host bits. */
static struct address last_of(struct address a, unsigned host_bits)
{
	for (unsigned bit = 0; bit < host_bits; bit++)
		a.byte[15 - bit / 8] |= (uint8_t)(1u << bit % 8);
	return a;
}

/* False: there is none after it. */
static bool next_address(struct address *a, unsigned width)
{
	for (unsigned i = 0; i < width / 8; i++)
		if (++a->byte[15 - i] != 0)
			return true;
	return false;
}

static int compare(const struct address *a, const struct address *b)
{
	return memcmp(a->byte, b->byte, sizeof(a->byte));
}

/* The largest network that begins at `from` and does not reach beyond `to`, again and again. */
static void append_range(struct address_reader *r, struct address_list *l, struct address from,
	const struct address *to, unsigned version, const struct entry_place *at)
{
	unsigned width = version == 4 ? 32 : 128;
	bool is_more = true;

	while (is_more && compare(&from, to) <= 0) {
		unsigned host_bits = lowest_bit(&from, width);
		struct address last = last_of(from, host_bits);
		while (compare(&last, to) > 0)
			last = last_of(from, --host_bits);
		if (!append(r, l,
			    &(struct prefix){from, (uint8_t)version, (uint8_t)(width - host_bits)},
			    NULL, at))
			return;
		from = last;
		is_more = next_address(&from, width);
	}
}

static void read_range(struct address_reader *r, struct address_list *l, const char *text,
	const char *dash, const struct entry_place *at)
{
	char first[64];
	struct address from, to;
	unsigned version;

	snprintf(first, sizeof(first), "%.*s", (int)(dash - text), text);
	version = literal_address(first, &from);
	if (!version || literal_address(dash + 1, &to) != version || compare(&from, &to) > 0)
		fail(r, at, "a range from a lower to a higher address such as 10.9.1.10-10.9.1.20");
	else
		append_range(r, l, from, &to, version, at);
}

/* ---- entries ---- */

static bool is_name(const char *text)
{
	return isalpha((unsigned char)text[0]) && literal_is_word(text) && !strchr(text, ':');
}

static struct address_group *group_named(const struct address_reader *r, const char *name)
{
	for (size_t i = 0; i < r->groups; i++)
		if (strcmp(r->group[i].name, name) == 0)
			return &r->group[i];
	return NULL;
}

static const char *group_names(const struct address_reader *r)
{
	const char *names = "";

	for (size_t i = 0; i < r->groups && i < 8; i++)
		names = arena_format(r->arena, "%s%s%s", names, i ? ", " : "", r->group[i].name);
	return names;
}

static void read_group(struct address_reader *r, struct address_group *g);

static void append_group(struct address_reader *r, struct address_list *l, const char *name,
	const struct entry_place *at)
{
	struct address_group *g = group_named(r, name);
	const struct entry_place of_group = {at->node, at->key, true};

	if (!g)
		fail(r, at,
			r->groups ? arena_format(r->arena,
					    "an address, a network, a range, or a group of the "
					    "site: %s",
					    group_names(r))
				  : "an address such as 10.10.0.5 or 2001:db8::5, a network such "
				    "as 10.20.0.0/16, a range, or the name of a group under "
				    "groups:");
	else if (g->is_being_read)
		fail(r, at, "a group that does not contain itself");
	else if (r->depth == ADDRESS_GROUPS_DEEP)
		fail(r, at, "groups in groups, at most 16 deep");
	else
		read_group(r, g);
	if (!g || !g->is_read)
		return;
	g->is_used = true;
	for (size_t i = 0; i < g->list.count; i++)
		if (!append(r, l, &g->list.prefix[i], NULL, &of_group))
			return;
}

static void read_prefix(struct address_reader *r, struct address_list *l, const char *text,
	const struct entry_place *at)
{
	char network[PREFIX_TEXT_BYTES];
	struct prefix p;
	int error = text ? literal_prefix(text, &p) : -EINVAL;

	if (error == 0) {
		append(r, l, &p, text, at);
	} else if (error == -EDOM) {
		format_prefix(&p, network);
		fail(r, at,
			arena_format(r->arena, "the network %s, or %.*s alone for one address",
				network, (int)strcspn(text, "/"), text));
	} else {
		fail(r, at,
			"an address such as 10.10.0.5 or 2001:db8::5, or a network such as "
			"10.20.0.0/16");
	}
}

static void read_entry(
	struct address_reader *r, struct address_list *l, const struct entry_place *at)
{
	const char *text = node_text(r->document, at->node);
	const char *dash = text ? strchr(text, '-') : NULL;

	if (text && is_name(text))
		append_group(r, l, text, at);
	else if (dash)
		read_range(r, l, text, dash, at);
	else
		read_prefix(r, l, text, at);
}

struct address_list address_list_read(struct address_reader *r, int node, const char *key)
{
	struct address_list l = {.count = 0};
	struct entry_place at = {node, key, false};

	if (node_kind(r->document, node) == NODE_IS_TEXT)
		read_entry(r, &l, &at);
	for (size_t i = 0; i < node_count(r->document, node); i++) {
		at.node = node_item(r->document, node, i);
		read_entry(r, &l, &at);
	}
	return l;
}

/* ---- groups ---- */

static void read_group(struct address_reader *r, struct address_group *g)
{
	if (g->is_read)
		return;
	g->is_being_read = true;
	r->depth++;
	g->list = address_list_read(r, g->node, g->name);
	r->depth--;
	g->is_being_read = false;
	g->is_read = true;
}

static bool is_group(struct address_reader *r, int key, int value)
{
	enum node_kind kind = node_kind(r->document, value);
	const struct entry_place name = {key, "groups", false},
				 list = {value, node_text(r->document, key), false};

	if (!node_text(r->document, key) || !is_name(node_text(r->document, key)))
		fail(r, &name, "the name of a group such as admins");
	else if (kind != NODE_IS_TEXT && (kind != NODE_IS_LIST || !node_count(r->document, value)))
		fail(r, &list, "a list such as [10.9.0.0/24, 10.9.1.10-10.9.1.20]");
	else
		return true;
	return false;
}

void address_reader_open(struct address_reader *r)
{
	int map = node_get(r->document, NODE_ROOT, "groups");
	size_t count =
		node_kind(r->document, map) == NODE_IS_MAP ? node_count(r->document, map) : 0;
	const struct entry_place place = {map, "groups", false};

	if (node_kind(r->document, map) != NODE_IS_NONE && count == 0)
		fail(r, &place, "a mapping of names such as {admins: [10.9.0.0/24]}");
	r->group = arena_alloc(r->arena, (count + 1) * sizeof(*r->group));
	for (size_t i = 0; i < count; i++) {
		int key = node_key(r->document, map, i), value = node_value(r->document, map, i);
		if (is_group(r, key, value))
			r->group[r->groups++] = (struct address_group){
				.name = arena_text(r->arena, node_text(r->document, key)),
				.node = value,
				.line = node_line(r->document, key)};
	}
	for (size_t i = 0; i < r->groups; i++)
		read_group(r, &r->group[i]);
}
