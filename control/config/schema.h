/* Reads a document into structures, with a libcyaml schema.
 *
 * The document is first checked node by node against the same schema, so that every mistake is
 * reported with its line and the allowed values; libcyaml alone stops at the first mistake, and
 * reports an unknown key with the line of the value before it. Supports the types that our files
 * use: texts, enumerations (always strict), lists, mappings, and ignored fields, which are read
 * from the document by hand because they may have one of two types.
 */
#ifndef PORTOLAN_SCHEMA_H
#define PORTOLAN_SCHEMA_H

#include <cyaml/cyaml.h>
#include <stdbool.h>

#include "service.h"
#include "verdict.h"

struct errors;
struct document;

/* What a value of this key should look like, for errors; `want` NULL: no hint. The last entry has
 * no key. */
struct schema_hint {
	const char *key, *want;
};

extern const struct schema_hint profile_hint[], site_hint[];

/* 0 with the data, which belongs to the document; a negative errno with every mistake in the errors
 * (-ENOMEM may be without). */
int schema_load(const struct document *, const cyaml_schema_value_t *, const struct schema_hint *,
	void **data, struct errors *);

/* yes or no, in YAML's spellings; 0 if the key is absent. */
enum answer { ANSWER_NONE, ANSWER_YES, ANSWER_NO };

#define SCHEMA_ANSWERS 6
#define SCHEMA_MEMBER_COUNT(name, text) +1

extern const cyaml_strval_t schema_answer[SCHEMA_ANSWERS];
extern const cyaml_strval_t schema_role[ROLE_COUNT];
extern const cyaml_strval_t schema_direction[DIRECTION_COUNT];
extern const cyaml_strval_t schema_transport[TRANSPORT_COUNT];

#endif
