/* Facts about what was said first, under their ECS names where there are any.
 */
#ifndef PORTOLAN_ECS_FACTS_H
#define PORTOLAN_ECS_FACTS_H

#include "facts.h"
#include "record.h"

struct buffer;

/* Writes what the record's facts tell: members of the document, and of its `portolan`. */
void ecs_put_facts(struct buffer *, const struct record *);
void ecs_put_own_facts(struct buffer *, const struct record *);

/* "1.2", "3.0" of SSL; NULL: not known. `is_ssl` as ECS's tls.version_protocol wants it. */
const char *tls_version_text(unsigned version, int *is_ssl);

/* The version that the flow's two hellos came to; FACT_NONE: not known. */
unsigned tls_version_of(const struct facts *);

#endif
