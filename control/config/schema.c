#include "config/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/errors.h"
#include "base/suggest.h"
#include "config/document.h"

#define KNOWN_MAX DOCUMENT_KEYS_MAX
#define MISTAKES_MAX 32 /* nobody reads more at a time */

const cyaml_strval_t schema_answer[SCHEMA_ANSWERS] = {{"true", ANSWER_YES}, {"yes", ANSWER_YES},
	{"on", ANSWER_YES}, {"false", ANSWER_NO}, {"no", ANSWER_NO}, {"off", ANSWER_NO}};

#define ROLE_STRVAL(name, text) {text, ROLE_##name},
#define DIRECTION_STRVAL(name, text) {text, DIRECTION_##name},
#define TRANSPORT_STRVAL(name, text) {text, TRANSPORT_##name},

const cyaml_strval_t schema_role[ROLE_COUNT] = {ROLE_LIST(ROLE_STRVAL)};
const cyaml_strval_t schema_direction[DIRECTION_COUNT] = {DIRECTION_LIST(DIRECTION_STRVAL)};
const cyaml_strval_t schema_transport[TRANSPORT_COUNT] = {TRANSPORT_LIST(TRANSPORT_STRVAL)};

struct check {
	const struct document *document;
	const struct schema_hint *hint;
	struct errors *errors;
	int mistakes;
};

static void check_value(struct check *, int node, const cyaml_schema_value_t *, const char *key);

static const char *check_hint(const struct check *check, const char *key, const char *otherwise)
{
	for (const struct schema_hint *h = check->hint; h && h->key; h++) {
		if (h->want && strcasecmp(h->key, key) == 0)
			return h->want;
	}
	return otherwise;
}

/* Adds one mistake: what the node is, and what the key's hint or `want` says it should be. */
static void check_mistake(struct check *check, int node, const char *key, const char *want)
{
	char shown[NODE_SHOWN_BYTES];

	check->mistakes++;
	node_error(check->document, node, check->errors, "found %s%s%s; want %s",
		node_shown(check->document, node, shown), *key ? " for " : "", key,
		check_hint(check, key, want));
}

static void check_text(
	struct check *check, int node, const cyaml_schema_value_t *schema, const char *key)
{
	const char *text = node_text(check->document, node);

	if (!text || strlen(text) < schema->string.min || strlen(text) > schema->string.max)
		check_mistake(check, node, key, "a text");
}

static bool keys_equal(const cyaml_schema_value_t *schema, const char *a, const char *b)
{
	if (schema->flags & CYAML_FLAG_CASE_INSENSITIVE)
		return strcasecmp(a, b) == 0;
	return strcmp(a, b) == 0;
}

static void check_enum(
	struct check *check, int node, const cyaml_schema_value_t *schema, const char *key)
{
	const char *text = node_text(check->document, node);
	const char *known[KNOWN_MAX];
	char want[SUGGEST_TEXT_BYTES];
	uint32_t count = schema->enumeration.count;

	for (uint32_t i = 0; i < count; i++) {
		known[i] = schema->enumeration.strings[i].str;
		if (text && keys_equal(schema, text, known[i]))
			return;
	}
	suggest_want(text ? text : "", known, count, want);
	check_mistake(check, node, key, want);
}

static void check_list(
	struct check *check, int node, const cyaml_schema_value_t *schema, const char *key)
{
	size_t count = node_count(check->document, node);

	if (node_kind(check->document, node) != NODE_IS_LIST || count < schema->sequence.min) {
		check_mistake(check, node, key, "a list");
		return;
	}
	if (count > schema->sequence.max) {
		check->mistakes++;
		node_error(check->document, node, check->errors,
			"found %zu entries in %s; want at most %u", count, key,
			schema->sequence.max);
		return;
	}
	for (size_t i = 0; i < count; i++)
		check_value(
			check, node_item(check->document, node, i), schema->sequence.entry, key);
}

static void check_unknown(
	struct check *check, int node, const cyaml_schema_value_t *schema, const char *key)
{
	const char *text = node_text(check->document, node);
	const char *known[KNOWN_MAX];
	char want[SUGGEST_TEXT_BYTES];
	size_t count = 0;

	if (check->mistakes++ >= MISTAKES_MAX)
		return;
	for (const cyaml_schema_field_t *f = schema->mapping.fields; f->key && count < KNOWN_MAX;
		f++)
		known[count++] = f->key;
	suggest_want(text, known, count, want);
	node_error(check->document, node, check->errors, "found unknown key \"%.64s\"%s%s; want %s",
		text, *key ? " in " : "", key,
		count ? want : check_hint(check, key, "no key here"));
}

static const cyaml_schema_field_t *map_field(const cyaml_schema_value_t *schema, const char *key)
{
	for (const cyaml_schema_field_t *f = schema->mapping.fields; f->key; f++) {
		if (keys_equal(schema, f->key, key))
			return f;
	}
	return NULL;
}

/* Checks for required keys. */
static void check_missing(
	struct check *check, int map, const cyaml_schema_value_t *schema, const char *key)
{
	for (const cyaml_schema_field_t *f = schema->mapping.fields; f->key; f++) {
		if (f->value.flags & CYAML_FLAG_OPTIONAL || node_get(check->document, map, f->key))
			continue;
		check->mistakes++;
		node_error(check->document, map, check->errors, "found no %s%s%s; want %s: %s",
			f->key, *key ? " in an entry of " : "", key, f->key,
			check_hint(check, f->key, "and its value"));
	}
}

static void check_map(
	struct check *check, int node, const cyaml_schema_value_t *schema, const char *key)
{
	if (node_kind(check->document, node) != NODE_IS_MAP) {
		check_mistake(check, node, key, "a mapping");
		return;
	}
	for (size_t i = 0; i < node_count(check->document, node); i++) {
		int name = node_key(check->document, node, i);
		const cyaml_schema_field_t *field =
			map_field(schema, node_text(check->document, name));
		if (field)
			check_value(check, node_value(check->document, node, i), &field->value,
				field->key);
		else
			check_unknown(check, name, schema, key);
	}
	check_missing(check, node, schema, key);
}

static void check_value(
	struct check *check, int node, const cyaml_schema_value_t *schema, const char *key)
{
	if (check->mistakes >= MISTAKES_MAX)
		return;
	switch (schema->type) {
	case CYAML_STRING:
		check_text(check, node, schema, key);
		break;
	case CYAML_ENUM:
		check_enum(check, node, schema, key);
		break;
	case CYAML_SEQUENCE:
		check_list(check, node, schema, key);
		break;
	case CYAML_MAPPING:
		check_map(check, node, schema, key);
		break;
	default:
		break;
	}
}

/* libcyaml's first message, for a mistake that the check above did not find. */
struct last_word {
	char text[256];
};

__attribute__((format(printf, 3, 0))) static void log_first(
	cyaml_log_t level, void *context, const char *format, va_list args)
{
	struct last_word *word = context;

	(void)level;
	if (!word->text[0])
		vsnprintf(word->text, sizeof(word->text), format, args);
}

static void *data_memory(void *document, void *old, size_t bytes)
{
	return document_memory(document, old, bytes);
}

/* Our own check has seen that the text is YAML, so that its reader can only fail for want of memory
 * (for which libcyaml has no name). */
static bool is_memory(cyaml_err_t error)
{
	return error == CYAML_ERR_OOM || error == CYAML_ERR_LIBYAML_PARSER_INIT ||
	       error == CYAML_ERR_LIBYAML_PARSER;
}

int schema_load(const struct document *document, const cyaml_schema_value_t *schema,
	const struct schema_hint *hint, void **data, struct errors *errors)
{
	struct check check = {.document = document, .hint = hint, .errors = errors};
	struct last_word word = {0};
	const cyaml_config_t config = {.log_fn = log_first,
		.log_ctx = &word,
		.mem_fn = data_memory,
		.mem_ctx = (void *)document,
		.log_level = CYAML_LOG_ERROR,
		.flags = CYAML_CFG_NO_ALIAS};
	size_t size;
	const void *bytes = document_bytes(document, &size);
	cyaml_err_t error;

	check_value(&check, NODE_ROOT, schema, "");
	if (check.mistakes)
		return -EINVAL;
	*data = NULL;
	error = cyaml_load_data(bytes, size, &config, schema, data, NULL);
	if (error == CYAML_OK && *data)
		return 0;
	if (is_memory(error))
		return -ENOMEM;
	word.text[strcspn(word.text, "\n")] = '\0';
	node_error(document, NODE_ROOT, errors,
		"found what the YAML reader refuses (%s); want "
		"a mapping as documented",
		word.text[0] ? word.text : cyaml_strerror(error));
	return -EINVAL;
}
