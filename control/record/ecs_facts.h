/* Facts about what was said first, under their ECS names where there are any.
 */
#ifndef PORTOLAN_ECS_FACTS_H
#define PORTOLAN_ECS_FACTS_H

#include <jansson.h>

#include "facts.h"
#include "record.h"

/* Adds what the record's facts tell to its document. */
void ecs_add_facts(const struct record *, json_t *document);

/* "1.2", "3.0" of SSL; NULL: not known. `is_ssl` as ECS's tls.version_protocol wants it. */
const char *tls_version_text(unsigned version, int *is_ssl);

/* The version that the flow's two hellos came to; FACT_NONE: not known. */
unsigned tls_version_of(const struct facts *);

#endif
