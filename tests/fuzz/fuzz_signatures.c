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
#include "schema_words.h"

#define COMPILED_MAX 400

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static struct yaml_words words;

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
		scanner = arena_alloc(arena, scanner_size());
		rc = signatures_compile(scanner, &signatures, &errors);
	}
	if (rc && errors.length == 0)
		abort();
	if (scanner)
		scanner_fini(scanner);
	arena_free(arena);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const known[] = {"signatures", "service", "transport", "side", "pattern",
		"beginning", "validator", "caseless"};

	(void)argc;
	(void)argv;
	schema_words_add_names(&words);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		yaml_words_add(&words, known[i]);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return yaml_mutate(data, size, max_size, seed, &words);
}
