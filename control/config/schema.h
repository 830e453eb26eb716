/* Reading a document into structures by a schema of libcyaml's.
 *
 * The same schema first judges the document node by node, so that every mistake is told with
 * its own line and with what would be right; libcyaml alone stops at the first one, and for
 * an unknown key gives the line of what it had read before. Understands the kinds of value
 * that our files have: texts, enumerations (always strict), lists, mappings, and fields to
 * ignore, which are read from the document by hand because they may have either of two shapes.
 */
#ifndef PORTOLAN_SCHEMA_H
#define PORTOLAN_SCHEMA_H

#include <cyaml/cyaml.h>
#include <stdbool.h>

#include "service.h"
#include "verdict.h"

struct errors;
struct document;

/* What a value of this key should look like, for errors; `want` NULL: nothing is known. The
 * last has no key. */
struct schema_hint {
	const char *key, *want;
};

extern const struct schema_hint profile_hint[], site_hint[];

/* 0 with the data, to be freed by schema_free; a negative errno with every mistake told. */
int schema_load(const struct document *, const cyaml_schema_value_t *, const struct schema_hint *,
	void **data, struct errors *);

void schema_free(const cyaml_schema_value_t *, void *data);

/* yes or no, in YAML's spellings. Zero, where the key is absent, is neither. */
enum answer { ANSWER_NONE, ANSWER_YES, ANSWER_NO };

#define SCHEMA_ANSWERS 6
#define SCHEMA_MEMBER_COUNT(name, text) +1

extern const cyaml_strval_t schema_answer[SCHEMA_ANSWERS];
extern const cyaml_strval_t schema_role[ROLE_COUNT];
extern const cyaml_strval_t schema_direction[DIRECTION_COUNT];
extern const cyaml_strval_t schema_transport[TRANSPORT_COUNT];

#endif
