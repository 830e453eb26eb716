/* Any bytes as a file of signatures: a signatures, or errors; never a crash, a leak or silence.
 * What is read is compiled, unless it is so much that Hyperscan takes seconds for it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/errors.h"
#include "config/document.h"
#include "config/signatures.h"

#define COMPILED_MAX 400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_it(
	struct signatures *l, const uint8_t *data, size_t size, struct arena *a, struct errors *c)
{
	struct document *document;
	int rc = document_parse(&document, "signatures.yaml", data, size, c);

	if (rc)
		return rc;
	rc = signatures_add(l, document, a, c);
	document_free(document);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct errors errors = {0};
	struct signatures signatures = {0};
	struct scanner *scanner = NULL;
	int rc = read_it(&signatures, data, size, arena, &errors);

	if (rc == 0 && size <= COMPILED_MAX) {
		scanner = signatures_compile(&signatures, arena, &errors);
		rc = scanner ? 0 : -1;
	}
	if (rc && errors.length == 0)
		abort();
	if (scanner)
		scanner_fini(scanner);
	arena_free(arena);
	return 0;
}
