/* Suggests the known word that was probably meant. */
#ifndef PORTOLAN_SUGGEST_H
#define PORTOLAN_SUGGEST_H

#include <stddef.h>

#define SUGGEST_TEXT_BYTES 1024

/* What to write instead of `word`: `"captive-portal"` if one of `known` is close to it, else `one
 * of a, b, c` (as many as fit), or `nothing` if there is none. */
void suggest_want(
	const char *word, const char *const *known, size_t count, char text[SUGGEST_TEXT_BYTES]);

#endif
