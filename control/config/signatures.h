/* The signatures, read from all files of configs/signatures/.
 *
 * Read with a schema from YAML, files in the order of their names. All memory comes from the
 * caller's arena.
 *
 *     signatures:
 *       - {service: ssh, transport: tcp, side: either, pattern: '^SSH-', validator: ssh}
 *
 * `validator` may be missing if the pattern alone is sufficient, and `pattern` if the service is
 * only recognised where it is expected. `caseless: true` is optional.
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
	/* Where each is defined. */
	const char **file;
	unsigned *line;
};

/* Reads the shipped signatures. 0, or a negative errno with every mistake in the errors. */
int signatures_read(struct signatures *, struct arena *, struct errors *);

/* Adds the signatures of a document that is already open. */
int signatures_add(struct signatures *, const struct document *, struct arena *, struct errors *);

/* Compiles them into `memory` of scanner_size() bytes; scanner_fini() frees what it needs beside.
 * 0; -EINVAL with an error that names the pattern's file and line; -ENOMEM. */
int signatures_compile(struct scanner *memory, const struct signatures *, struct errors *);

#endif
