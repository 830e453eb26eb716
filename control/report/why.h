/* Why: what is known of one finding, as a colleague would write it down. */
#ifndef PORTOLAN_WHY_H
#define PORTOLAN_WHY_H

#include <stdio.h>

struct store_reader;
struct terminal_style;

/* `id` may be the beginning of one. 0; -ENOENT: there is none; -EEXIST: more than one begins so; or
 * another negative errno. */
int why_print(struct store_reader *, const char *id, const struct terminal_style *, FILE *);

/* The whole id of a finding. Errors as above. */
#define WHY_ID_BYTES 32
int why_find(struct store_reader *, const char *id, char whole[WHY_ID_BYTES]);

#endif
