/* Any bytes as a table of appliances or as device records: a draft that can be printed, or errors;
 * never a crash, a leak or silence. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "base/plain_text.h"
#include "config/draft.h"
#include "holds.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_appliance(const struct draft_appliance *a)
{
	size_t addresses = 0;

	HOLDS(*a->name && strlen(a->name) <= DRAFT_NAME_BYTES && text_is_plain(a->name));
	HOLDS(!a->remark || text_is_plain(a->remark));
	HOLDS(!a->doubt || text_is_plain(a->doubt));
	for (int key = 0; key < DRAFT_MANAGERS; key++)
		addresses += a->list[key].count;
	HOLDS((addresses == 0) == (a->doubt != NULL));
}

static void check_draft(const struct draft *d)
{
	HOLDS(d->appliances > 0 && d->errors->length == 0 && text_is_plain(d->ignored));
	for (size_t i = 0; i < d->appliances; i++)
		check_appliance(&d->appliance[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errors errors = {0};
	struct draft d = {.file = "file", .arena = arena_new(), .errors = &errors};
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	if (draft_read(&d, text, size) == 0 &&
		(!d.are_records || draft_add_manager(&d, "fmc=10.10.0.5 ::1") == 0))
		check_draft(&d);
	else
		HOLDS(errors.length > 0);
	free(text);
	arena_free(d.arena);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	setenv("PORTOLAN_CONFIGS", FIXTURE_CONFIGS, 1); /* wherever it runs */
	return 0;
}
