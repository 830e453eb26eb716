/* The signatures: all signatures of configs/signatures/, as their files say.
 *
 * Read with a schema from YAML, every file of the folder in the order of their names.
 * Everything lies in the arena that the caller gives.
 *
 *     signatures:
 *       - {service: ssh, transport: tcp, side: either, pattern: '^SSH-', validator: ssh}
 *
 * `validator` may be missing where the pattern alone tells, and `pattern` for what is too weak
 * to be recognised where it is not expected; `caseless: true` is the other option.
 */
#ifndef PORTOLAN_SIGNATURES_H
#define PORTOLAN_SIGNATURES_H

#include <stddef.h>

#include "signature.h"

struct arena;
struct errors;
struct document;

struct signatures {
	struct signature *signature;
	size_t count;
	/* Where each of them stands. */
	const char **file;
	unsigned *line;
};

/* The signatures that ships. 0, or a negative errno with every mistake told. */
int signatures_read(struct signatures *, struct arena *, struct errors *);

/* Adds the signatures of a document that is open already. */
int signatures_add(struct signatures *, const struct document *, struct arena *, struct errors *);

/* Compiles it; NULL with the reason told: which pattern of which file and line. The scanner
 * lies in the arena, and scanner_fini() gives back what is not in there. */
struct scanner *signatures_compile(const struct signatures *, struct arena *, struct errors *);

#endif
