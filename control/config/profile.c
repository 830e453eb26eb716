#include "config/profile.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "base/literal.h"
#include "base/suggest.h"
#include "config/config_path.h"
#include "config/document.h"
#include "config/schema.h"

#define EXTENDS_MAX 8
#define TEXT_MAX 1000

/* ---- schema ---- */

struct row_yaml {
	enum role role;
	enum direction direction;
	enum transport transport;
	enum rule_status status;
	enum peers peers;
	enum rule_interface interface;
	enum answer required, configurable, movable, unattended;
	char *port, *feature, *description, *source;
};

/* What a profile makes of the status of rows that it has from another one. */
enum inherited { INHERITED_AS_IT_IS, INHERITED_RECALLED };

struct profile_yaml {
	char *name, *version, *source, *description, *extends;
	enum inherited inherited;
	struct row_yaml *rows, *add, *remove;
	unsigned rows_count, add_count, remove_count;
};

static const cyaml_strval_t status_word[] = {
	{"verified", RULE_VERIFIED}, {"recalled", RULE_RECALLED}, {"implied", RULE_IMPLIED}};

const char *rule_status_name(enum rule_status status)
{
	return status_word[status].str;
}

static const cyaml_strval_t peers_word[] = {{"any", PEERS_ANY}, {"inventory", PEERS_INVENTORY}};

static const cyaml_strval_t interface_word[] = {
	{"management", INTERFACE_MANAGEMENT}, {"data", INTERFACE_DATA}, {"any", INTERFACE_ANY}};

#define OPTIONAL_WORD (CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT)
#define OPTIONAL_TEXT (CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER)

#define KEY_FIELDS                                                                                 \
	CYAML_FIELD_ENUM(                                                                          \
		"role", CYAML_FLAG_STRICT, struct row_yaml, role, schema_role, ROLE_COUNT),        \
		CYAML_FIELD_ENUM("direction", CYAML_FLAG_STRICT, struct row_yaml, direction,       \
			schema_direction, DIRECTION_COUNT),                                        \
		CYAML_FIELD_ENUM("transport", CYAML_FLAG_STRICT, struct row_yaml, transport,       \
			schema_transport, TRANSPORT_COUNT),                                        \
		CYAML_FIELD_STRING_PTR("port", CYAML_FLAG_POINTER, struct row_yaml, port, 1, 16),  \
		CYAML_FIELD_STRING_PTR(                                                            \
			"feature", CYAML_FLAG_POINTER, struct row_yaml, feature, 1, 63)

static const cyaml_schema_field_t row_field[] = {KEY_FIELDS,
	CYAML_FIELD_IGNORE("service", CYAML_FLAG_DEFAULT),
	CYAML_FIELD_STRING_PTR(
		"description", CYAML_FLAG_POINTER, struct row_yaml, description, 1, TEXT_MAX),
	CYAML_FIELD_STRING_PTR("source", CYAML_FLAG_POINTER, struct row_yaml, source, 1, TEXT_MAX),
	CYAML_FIELD_ENUM("status", CYAML_FLAG_STRICT, struct row_yaml, status, status_word,
		CYAML_ARRAY_LEN(status_word)),
	CYAML_FIELD_ENUM("required", OPTIONAL_WORD, struct row_yaml, required, schema_answer,
		SCHEMA_ANSWERS),
	CYAML_FIELD_ENUM("unattended", OPTIONAL_WORD, struct row_yaml, unattended, schema_answer,
		SCHEMA_ANSWERS),
	CYAML_FIELD_ENUM("configurable", OPTIONAL_WORD, struct row_yaml, configurable,
		schema_answer, SCHEMA_ANSWERS),
	CYAML_FIELD_ENUM(
		"movable", OPTIONAL_WORD, struct row_yaml, movable, schema_answer, SCHEMA_ANSWERS),
	CYAML_FIELD_ENUM("peers", OPTIONAL_WORD, struct row_yaml, peers, peers_word,
		CYAML_ARRAY_LEN(peers_word)),
	CYAML_FIELD_ENUM("interface", OPTIONAL_WORD, struct row_yaml, interface, interface_word,
		CYAML_ARRAY_LEN(interface_word)),
	CYAML_FIELD_END};

static const cyaml_schema_field_t key_field[] = {KEY_FIELDS, CYAML_FIELD_END};

static const cyaml_schema_value_t row_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct row_yaml, row_field)};
static const cyaml_schema_value_t key_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct row_yaml, key_field)};

static const cyaml_strval_t inherited_word[] = {
	{"verified", INHERITED_AS_IT_IS}, {"recalled", INHERITED_RECALLED}};

static const cyaml_schema_field_t profile_field[] = {
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct profile_yaml, name, 1, 63),
	CYAML_FIELD_STRING_PTR("version", OPTIONAL_TEXT, struct profile_yaml, version, 1, TEXT_MAX),
	CYAML_FIELD_STRING_PTR("source", OPTIONAL_TEXT, struct profile_yaml, source, 1, TEXT_MAX),
	CYAML_FIELD_STRING_PTR(
		"description", OPTIONAL_TEXT, struct profile_yaml, description, 1, TEXT_MAX),
	CYAML_FIELD_STRING_PTR("extends", OPTIONAL_TEXT, struct profile_yaml, extends, 1, TEXT_MAX),
	CYAML_FIELD_ENUM("inherited", OPTIONAL_WORD, struct profile_yaml, inherited, inherited_word,
		CYAML_ARRAY_LEN(inherited_word)),
	CYAML_FIELD_SEQUENCE(
		"rows", OPTIONAL_TEXT, struct profile_yaml, rows, &row_schema, 1, PROFILE_ROWS_MAX),
	CYAML_FIELD_SEQUENCE(
		"add", OPTIONAL_TEXT, struct profile_yaml, add, &row_schema, 0, PROFILE_ROWS_MAX),
	CYAML_FIELD_SEQUENCE("remove", OPTIONAL_TEXT, struct profile_yaml, remove, &key_schema, 0,
		PROFILE_ROWS_MAX),
	CYAML_FIELD_END};

static const cyaml_schema_value_t profile_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct profile_yaml, profile_field)};

const struct schema_hint profile_hint[] = {
	{"port", "a port from 1 to 65535"},
	{"feature", "a word such as captive-portal"},
	{"service", "a service such as tls, or a list of them"},
	{"description", "a sentence, at most 1000 bytes"},
	{"source", "where the row was read"},
	{"name", "a word such as cloud-delivered"},
	{"extends", "the name of a profile, or a path to one"},
	{"rows", "a list of rows"},
	{"add", "a list of rows"},
	{"remove", "a list of rows"},
	{NULL, NULL},
};

/* ---- rows ---- */

/* What is read, from where, into what: one argument instead of five. */
struct profile_reader {
	const struct document *document;
	struct arena *arena;
	struct errors *errors;
	const char *origin;
	int rc;
};

static void reader_fail(struct profile_reader *r, int node, const char *found, const char *want)
{
	node_error(r->document, node, r->errors, "found %s; want %s", found, want);
	r->rc = -EINVAL;
}

/* Adds the service named at `node` to the row. */
static int service_add(struct profile_row *row, const struct document *document, int node,
	struct arena *arena, struct errors *errors)
{
#define SERVICE_TEXT(name, text) text,
	static const char *const known[] = {SERVICE_LIST(SERVICE_TEXT)};
	const char *word = node_text(document, node);
	char want[SUGGEST_TEXT_BYTES], shown[NODE_SHOWN_BYTES];

	for (unsigned s = 0; word && s < SERVICE_COUNT; s++) {
		if (strcmp(word, known[s]) != 0)
			continue;
		row->services |= SERVICE_BIT(s);
		row->service =
			*row->service ? arena_format(arena, "%s|%s", row->service, word) : known[s];
		return 0;
	}
	suggest_want(word ? word : "", known, SERVICE_COUNT, want);
	node_error(document, node, errors, "found %s for service; want %s",
		node_shown(document, node, shown), want);
	return -EINVAL;
}

int profile_services(struct profile_row *row, const struct document *document, int node,
	struct arena *arena, struct errors *errors)
{
	int rc = 0;

	row->services = 0;
	row->service = "";
	if (node_kind(document, node) != NODE_IS_LIST)
		return service_add(row, document, node, arena, errors);
	if (node_count(document, node) == 0 || node_count(document, node) > SERVICE_COUNT) {
		node_error(document, node, errors,
			"found %zu services in a list; want from 1 to %d",
			node_count(document, node), SERVICE_COUNT);
		return -EINVAL;
	}
	for (size_t i = 0; rc == 0 && i < node_count(document, node); i++)
		rc = service_add(row, document, node_item(document, node, i), arena, errors);
	return rc;
}

bool profile_rows_meet(const struct profile_row *a, const struct profile_row *b)
{
	return a->role == b->role && a->direction == b->direction && a->transport == b->transport &&
	       a->port == b->port;
}

static bool rows_equal(const struct profile_row *a, const struct profile_row *b)
{
	return profile_rows_meet(a, b) && strcmp(a->feature, b->feature) == 0;
}

/* Role, direction, port, transport and feature: what identifies a row. */
static void row_read_key(
	struct profile_reader *r, struct profile_row *row, const struct row_yaml *yaml, int node)
{
	*row = (struct profile_row){.role = yaml->role,
		.direction = yaml->direction,
		.transport = yaml->transport,
		.feature = arena_text(r->arena, yaml->feature),
		.service = "",
		.origin = r->origin,
		.file = arena_text(r->arena, document_name(r->document)),
		.line = node_line(r->document, node)};
	if (literal_port(yaml->port, &row->port))
		reader_fail(r, node_get(r->document, node, "port"),
			arena_format(r->arena, "\"%s\" for port", yaml->port),
			"a port from 1 to 65535");
	if (!literal_is_word(yaml->feature))
		reader_fail(r, node_get(r->document, node, "feature"),
			arena_format(r->arena, "\"%s\" for feature", yaml->feature),
			"lower-case letters, digits and single hyphens");
}

static void row_read(
	struct profile_reader *r, struct profile_row *row, const struct row_yaml *yaml, int node)
{
	row_read_key(r, row, yaml, node);
	row->description = arena_text(r->arena, yaml->description);
	row->source = arena_text(r->arena, yaml->source);
	row->status = yaml->status;
	row->peers = yaml->peers;
	row->interface = yaml->interface;
	row->required = yaml->required == ANSWER_YES;
	row->configurable = yaml->configurable == ANSWER_YES;
	row->movable = row->configurable || yaml->movable == ANSWER_YES;
	row->unattended = yaml->unattended == ANSWER_YES;
	if (row->status == RULE_IMPLIED && (row->required || row->configurable))
		reader_fail(r, node, "an implied row that is required or configurable",
			"status: implied alone: what is required or may be moved is documented");
	if (profile_services(
		    row, r->document, node_get(r->document, node, "service"), r->arena, r->errors))
		r->rc = -EINVAL;
}

static bool texts_equal(const struct profile_row *a, const struct profile_row *b)
{
	return strcmp(a->description, b->description) == 0 && strcmp(a->source, b->source) == 0 &&
	       strcmp(a->origin, b->origin) == 0;
}

static bool rows_are_same(const struct profile_row *a, const struct profile_row *b)
{
	return rows_equal(a, b) && a->services == b->services && a->status == b->status &&
	       a->peers == b->peers && a->interface == b->interface && a->movable == b->movable &&
	       a->unattended == b->unattended && a->required == b->required &&
	       a->configurable == b->configurable && texts_equal(a, b);
}

void profile_share_rows(struct profile *profile, const struct profile *other)
{
	for (size_t i = 0; i < profile->rows; i++)
		for (size_t j = 0; j < other->rows; j++)
			if (rows_are_same(&profile->row[i], &other->row[j]))
				profile->shared[i] = other->shared[j];
}

static const char *row_name(struct arena *arena, const struct profile_row *row)
{
	return arena_format(arena, "%s/%s/%u/%s for %s", role_name(row->role),
		direction_name(row->direction), row->port, transport_name(row->transport),
		row->feature);
}

static size_t row_find(const struct profile *profile, const struct profile_row *row)
{
	size_t i = 0;

	while (i < profile->rows && !rows_equal(&profile->row[i], row))
		i++;
	return i;
}

static void rows_add(struct profile_reader *r, struct profile *profile, const struct row_yaml *yaml,
	size_t count, int list)
{
	struct profile_row *rows = arena_alloc(r->arena, (profile->rows + count) * sizeof(*rows));

	if (profile->rows)
		memcpy(rows, profile->row, profile->rows * sizeof(*rows));
	profile->row = rows;
	for (size_t i = 0; i < count; i++) {
		struct profile_row *row = &rows[profile->rows];
		int node = node_item(r->document, list, i);
		size_t existing;

		row_read(r, row, &yaml[i], node);
		existing = row_find(profile, row);
		if (existing < profile->rows)
			reader_fail(r, node,
				arena_format(r->arena, "row %s again", row_name(r->arena, row)),
				arena_format(r->arena, "it once (it is at %s:%u)",
					rows[existing].file, rows[existing].line));
		profile->rows++;
	}
}

static void rows_remove(struct profile_reader *r, struct profile *profile,
	const struct row_yaml *yaml, size_t count, int list)
{
	for (size_t i = 0; i < count; i++) {
		int node = node_item(r->document, list, i);
		struct profile_row row;
		size_t at;

		row_read_key(r, &row, &yaml[i], node);
		at = row_find(profile, &row);
		if (at == profile->rows) {
			reader_fail(r, node,
				arena_format(
					r->arena, "row %s to remove", row_name(r->arena, &row)),
				arena_format(r->arena, "a row that profile %s has", profile->name));
			continue;
		}
		profile->rows--;
		memmove(&profile->row[at], &profile->row[at + 1],
			(profile->rows - at) * sizeof(row));
	}
}

/* ---- profiles ---- */

/* The files that are being read, each extending the one before it: finds loops. */
struct chain {
	const char *file[EXTENDS_MAX];
	int length;
};

static int profile_chained(
	struct profile *, const struct document *, struct chain *, struct arena *, struct errors *);

static void report_unknown(const char *name, const struct document *asker, int node,
	struct arena *arena, struct errors *errors)
{
	char **known = config_path_names(arena);
	char want[SUGGEST_TEXT_BYTES];
	size_t count = 0;

	while (known[count])
		count++;
	suggest_want(name, (const char *const *)known, count, want);
	if (count == 0)
		snprintf(want, sizeof(want), "a folder of profiles in $PORTOLAN_CONFIGS");
	if (asker)
		node_error(asker, node, errors,
			"found unknown profile \"%.64s\"; want %s, or a path to one", name, want);
	else
		errors_add(errors,
			"profile: found unknown profile \"%.64s\"; want %s, or a path to one", name,
			want);
}

static int chain_push(struct chain *chain, const char *file, const struct document *asker, int node,
	struct arena *arena, struct errors *errors)
{
	char real[PATH_MAX];
	const char *path = arena_text(arena, realpath(file, real) ? real : file);
	bool is_cycle = false;

	for (int i = 0; i < chain->length; i++)
		is_cycle = is_cycle || strcmp(chain->file[i], path) == 0;
	if (is_cycle || chain->length == EXTENDS_MAX) {
		node_error(asker, node, errors, "found %s %s; want %s",
			is_cycle ? "a circle of `extends` through"
				 : "a long chain of `extends` up to",
			file, is_cycle ? "a profile that ends it" : "at most 8 profiles");
		return -ELOOP;
	}
	chain->file[chain->length++] = path;
	return 0;
}

static int profile_named(struct profile *profile, const char *name, const struct document *asker,
	int node, struct chain *chain, struct arena *arena, struct errors *errors)
{
	const char *beside = asker ? document_name(asker) : "";
	const char *path = config_path_is_path(name) ? config_path_beside(arena, beside, name)
						     : config_path_find(arena, name);
	struct document *document;
	int rc;

	if (!path) {
		report_unknown(name, asker, node, arena, errors);
		return -ENOENT;
	}
	rc = chain_push(chain, path, asker, node, arena, errors);
	if (rc)
		return rc;
	rc = document_read(&document, path, errors);
	if (rc)
		return rc;
	document_own(document, arena);
	rc = profile_chained(profile, document, chain, arena, errors);
	arena_release(arena, document);
	return rc;
}

/* A profile has either `rows`, or `extends` with `add` and `remove`. */
static void check_shape(struct profile_reader *r, const struct profile_yaml *yaml)
{
	int rows = node_get(r->document, NODE_ROOT, "rows");
	int add = node_get(r->document, NODE_ROOT, "add");
	int remove = node_get(r->document, NODE_ROOT, "remove");

	if (yaml->extends && rows)
		reader_fail(r, rows, "rows in a profile that extends another", "add and remove");
	if (!yaml->extends && add)
		reader_fail(r, add, "add in a profile that extends none", "rows");
	if (!yaml->extends && remove)
		reader_fail(r, remove, "remove in a profile that extends none", "rows");
	if (!yaml->extends && !rows)
		reader_fail(r, NODE_ROOT, "a profile without rows", "rows, or extends");
	if (!literal_is_word(yaml->name))
		reader_fail(r, node_get(r->document, NODE_ROOT, "name"),
			arena_format(r->arena, "\"%s\" for name", yaml->name),
			"lower-case letters, digits and single hyphens");
}

static const char *text_or(struct arena *arena, const char *text, const char *otherwise)
{
	return text ? arena_text(arena, text) : otherwise;
}

static void profile_read_rows(
	struct profile_reader *r, struct profile *profile, const struct profile_yaml *yaml)
{
	rows_remove(r, profile, yaml->remove, yaml->remove_count,
		node_get(r->document, NODE_ROOT, "remove"));
	for (size_t i = 0; yaml->inherited == INHERITED_RECALLED && i < profile->rows; i++)
		if (profile->row[i].status == RULE_VERIFIED)
			profile->row[i].status = RULE_RECALLED;
	profile->name = r->origin;
	profile->version = text_or(r->arena, yaml->version, "");
	profile->source = text_or(r->arena, yaml->source, "");
	profile->description = text_or(r->arena, yaml->description, "");
	rows_add(
		r, profile, yaml->rows, yaml->rows_count, node_get(r->document, NODE_ROOT, "rows"));
	rows_add(r, profile, yaml->add, yaml->add_count, node_get(r->document, NODE_ROOT, "add"));
	if (r->rc == 0 && profile->rows > PROFILE_ROWS_MAX)
		reader_fail(r, NODE_ROOT, "too many rows", "at most 4096");
}

static void rows_own(struct profile *profile, struct arena *arena)
{
	profile->shared = arena_alloc(arena, (profile->rows + 1) * sizeof(*profile->shared));
	for (size_t i = 0; i < profile->rows; i++)
		profile->shared[i] = &profile->row[i];
}

static int profile_chained(struct profile *profile, const struct document *document,
	struct chain *chain, struct arena *arena, struct errors *errors)
{
	struct profile_reader r = {.document = document, .arena = arena, .errors = errors};
	struct profile_yaml *yaml;
	void *data;
	int rc = schema_load(document, &profile_schema, profile_hint, &data, errors);

	if (rc)
		return rc;
	yaml = data;
	*profile = (struct profile){0};
	r.origin = arena_text(arena, yaml->name);
	check_shape(&r, yaml);
	if (r.rc == 0 && yaml->extends)
		r.rc = profile_named(profile, yaml->extends, document,
			node_get(document, NODE_ROOT, "extends"), chain, arena, errors);
	if (r.rc == 0)
		profile_read_rows(&r, profile, yaml);
	if (r.rc == 0)
		rows_own(profile, arena);
	return r.rc;
}

int profile_from_document(struct profile *profile, const struct document *document,
	struct arena *arena, struct errors *errors)
{
	struct chain chain = {0};
	int rc = chain_push(&chain, document_name(document), document, NODE_ROOT, arena, errors);

	return rc ? rc : profile_chained(profile, document, &chain, arena, errors);
}

int profile_open(struct profile *profile, const char *name, const struct document *asker, int node,
	struct arena *arena, struct errors *errors)
{
	struct chain chain = {0};

	return profile_named(profile, name, asker, node, &chain, arena, errors);
}
