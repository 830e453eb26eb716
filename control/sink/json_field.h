/* A field: one value of a document, by its ECS name such as "source.ip". Of a list on the way
 * the first item counts.
 */
#ifndef PORTOLAN_JSON_FIELD_H
#define PORTOLAN_JSON_FIELD_H

#include <jansson.h>
#include <stdbool.h>

/* NULL: not there, or no text. Lent. */
const char *field_text(const json_t *document, const char *name);

/* False: not there, or no whole number. */
bool field_number(const json_t *document, const char *name, json_int_t *);

/* A time of the document in milliseconds since the epoch. */
bool field_time_ms(const json_t *document, const char *name, json_int_t *);

#endif
