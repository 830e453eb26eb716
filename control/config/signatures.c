#include "config/signatures.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "config/config_path.h"
#include "config/document.h"
#include "config/schema.h"

#define PATTERN_MAX 1000

/* ---- schema ---- */

struct signature_yaml {
	enum service service;
	enum transport transport;
	enum side side;
	enum validator validator;
	enum answer caseless;
	char *pattern, *beginning;
};

struct signatures_yaml {
	struct signature_yaml *signatures;
	unsigned signatures_count;
};

#define SERVICE_STRVAL(name, text) {text, SERVICE_##name},
#define SIDE_STRVAL(name, text) {text, SIDE_##name},
#define VALIDATOR_STRVAL(name, text, function) {text, VALIDATOR_##name},

static const cyaml_strval_t service_word[] = {SERVICE_LIST(SERVICE_STRVAL)};
static const cyaml_strval_t side_word[] = {SIDE_LIST(SIDE_STRVAL)};
static const cyaml_strval_t validator_word[] = {VALIDATOR_LIST(VALIDATOR_STRVAL)};

#define OPTIONAL_WORD (CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT)

static const cyaml_schema_field_t signature_field[] = {
	CYAML_FIELD_ENUM("service", CYAML_FLAG_STRICT, struct signature_yaml, service, service_word,
		SERVICE_COUNT),
	CYAML_FIELD_ENUM("transport", CYAML_FLAG_STRICT, struct signature_yaml, transport,
		schema_transport, TRANSPORT_COUNT),
	CYAML_FIELD_ENUM(
		"side", CYAML_FLAG_STRICT, struct signature_yaml, side, side_word, SIDE_COUNT),
	CYAML_FIELD_STRING_PTR("pattern", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
		struct signature_yaml, pattern, 1, PATTERN_MAX),
	CYAML_FIELD_STRING_PTR("beginning", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
		struct signature_yaml, beginning, 1, PATTERN_MAX),
	CYAML_FIELD_ENUM("validator", OPTIONAL_WORD, struct signature_yaml, validator,
		validator_word, VALIDATOR_COUNT),
	CYAML_FIELD_ENUM("caseless", OPTIONAL_WORD, struct signature_yaml, caseless, schema_answer,
		SCHEMA_ANSWERS),
	CYAML_FIELD_END};

static const cyaml_schema_value_t signature_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct signature_yaml, signature_field)};

static const cyaml_schema_field_t signatures_field[] = {
	CYAML_FIELD_SEQUENCE("signatures", CYAML_FLAG_POINTER, struct signatures_yaml, signatures,
		&signature_schema, 1, SIGNATURES_MAX),
	CYAML_FIELD_END};

static const cyaml_schema_value_t signatures_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct signatures_yaml, signatures_field)};

static const struct schema_hint signatures_hint[] = {
	{"pattern", "a regular expression such as '^SSH-', at most 1000 bytes"},
	{"beginning", "a regular expression that the pattern begins with, at most 1000 bytes"},
	{"signatures", "a list of signatures"},
	{NULL, NULL},
};

/* ---- reading ---- */

static struct signature signature_of(
	const struct signature_yaml *yaml, bool has_validator, struct arena *arena)
{
	return (struct signature){
		.pattern = yaml->pattern ? arena_text(arena, yaml->pattern) : NULL,
		.beginning = yaml->beginning ? arena_text(arena, yaml->beginning) : NULL,
		.service = (uint8_t)yaml->service,
		.transport = (uint8_t)yaml->transport,
		.side = (uint8_t)yaml->side,
		.validator = (uint8_t)(has_validator ? yaml->validator : VALIDATOR_NONE),
		.caseless = yaml->caseless == ANSWER_YES,
	};
}

static void signatures_reserve(struct signatures *signatures, struct arena *arena)
{
	if (signatures->signature)
		return;
	signatures->signature = arena_alloc(arena, SIGNATURES_MAX * sizeof(*signatures->signature));
	signatures->file = arena_alloc(arena, SIGNATURES_MAX * sizeof(*signatures->file));
	signatures->line = arena_alloc(arena, SIGNATURES_MAX * sizeof(*signatures->line));
}

/* A signature needs a pattern or a validator. */
static int check_signature(
	const struct signature *s, const struct document *document, int node, struct errors *errors)
{
	if (s->beginning && !s->pattern) {
		node_error(document, node, errors,
			"found beginning without pattern in an entry of signatures; want both, or "
			"a "
			"pattern alone");
		return -EINVAL;
	}
	if (s->pattern || s->validator != VALIDATOR_NONE)
		return 0;
	node_error(document, node, errors,
		"found neither pattern nor validator in an entry of signatures; want a pattern, or "
		"a validator that is asked where the service is expected");
	return -EINVAL;
}

static int take_signatures(struct signatures *signatures, const struct signatures_yaml *yaml,
	const struct document *document, struct arena *arena, struct errors *errors)
{
	int rc = 0;

	int list = node_get(document, NODE_ROOT, "signatures");
	const char *file = arena_text(arena, document_name(document));

	for (unsigned i = 0; i < yaml->signatures_count; i++) {
		int node = node_item(document, list, i);
		size_t at = signatures->count++;
		signatures->signature[at] = signature_of(&yaml->signatures[i],
			node_get(document, node, "validator") != NODE_NONE, arena);
		signatures->file[at] = file;
		signatures->line[at] = node_line(document, node);
		if (check_signature(&signatures->signature[at], document, node, errors))
			rc = -EINVAL;
	}
	return rc;
}

int signatures_add(struct signatures *signatures, const struct document *document,
	struct arena *arena, struct errors *errors)
{
	struct signatures_yaml *yaml;
	void *data;
	int rc = schema_load(document, &signatures_schema, signatures_hint, &data, errors);

	if (rc)
		return rc;
	yaml = data;
	signatures_reserve(signatures, arena);
	if (signatures->count + yaml->signatures_count > SIGNATURES_MAX) {
		node_error(document, NODE_ROOT, errors,
			"found more than %d signatures in all files together; want fewer",
			SIGNATURES_MAX);
		rc = -E2BIG;
	} else {
		rc = take_signatures(signatures, yaml, document, arena, errors);
	}
	return rc;
}

int signatures_read(struct signatures *signatures, struct arena *arena, struct errors *errors)
{
	char **path = config_path_signatures(arena);
	int rc = 0;

	*signatures = (struct signatures){0};
	for (; *path && rc == 0; path++) {
		struct document *document;
		rc = document_read(&document, *path, errors);
		if (rc)
			break;
		document_own(document, arena);
		rc = signatures_add(signatures, document, arena, errors);
		arena_release(arena, document);
	}
	if (rc || signatures->count)
		return rc;
	errors_add(errors, "signatures: found none; want a folder signatures with *.yaml beside "
			   "the profiles, or in $PORTOLAN_CONFIGS");
	return -ENOENT;
}

/* ---- compiling ---- */

int signatures_compile(
	struct scanner *memory, const struct signatures *signatures, struct errors *errors)
{
	struct scanner_fault fault;
	int rc = scanner_init(memory, signatures->signature, signatures->count, &fault);

	if (rc == 0 || rc == -ENOMEM)
		return rc;
	if (fault.signature >= signatures->count)
		errors_add(errors, "signatures: found what Hyperscan refuses: %s", fault.why);
	else
		errors_add(errors,
			"%s:%u: found the pattern %s (%s); want one that Hyperscan compiles",
			signatures->file[fault.signature], signatures->line[fault.signature],
			signatures->signature[fault.signature].pattern, fault.why);
	return rc;
}
