/* Words for yaml_mutate(): keys and enumerations of a libcyaml schema, and the names that all our
 * files use: services, roles, directions, transports, validators, sides.
 */
#ifndef PORTOLAN_SCHEMA_WORDS_H
#define PORTOLAN_SCHEMA_WORDS_H

#include "config/schema.h"
#include "yaml_mutator.h"

/* The schema must outlive the words. */
void schema_words_add(struct yaml_words *, const cyaml_schema_value_t *);

void schema_words_add_hints(struct yaml_words *, const struct schema_hint *);

void schema_words_add_names(struct yaml_words *);

#endif
