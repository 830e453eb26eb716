/* A record's facts (from the first payload), under their ECS names if there are any. */
#ifndef PORTOLAN_ECS_FACTS_H
#define PORTOLAN_ECS_FACTS_H

#include "facts.h"
#include "record.h"

struct buffer;

/* Writes the record's facts: as members of the document, and of its `portolan` object. */
void ecs_put_facts(struct buffer *, const struct record *);
void ecs_put_own_facts(struct buffer *, const struct record *);

/* "1.2", or "3.0" for SSL; NULL: not known. `is_ssl`: for ECS's tls.version_protocol. */
const char *tls_version_text(unsigned version, int *is_ssl);

/* The version negotiated by the flow's two hellos; FACT_NONE: not known. */
unsigned tls_version_of(const struct facts *);

#endif
