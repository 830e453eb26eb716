/* How facts are written: see include/facts.h for what they mean.
 */
#ifndef PORTOLAN_FACTS_WRITER_H
#define PORTOLAN_FACTS_WRITER_H

#include <stddef.h>

#include "facts.h"

/* Empty facts. The texts are left as they are: their lengths are 0. */
void facts_init(struct facts *);

/* At most `max` bytes become text 0 or 1, if that is empty and there is room. */
void facts_put_text(struct facts *, unsigned which, const void *bytes, size_t count, size_t max);

/* The same of a host and perhaps its port (RFC 3986 3.2.2 and 3.2.3): what stands before it, as a
 * user with a password does, and what cannot be part of it are left out. */
void facts_put_host(struct facts *, unsigned which, const void *bytes, size_t count, size_t max);

void facts_put_number(struct facts *, unsigned which, unsigned number);

/* What `more` knows and `facts` does not: the other side's first message. */
void facts_merge(struct facts *, const struct facts *more);

#endif
