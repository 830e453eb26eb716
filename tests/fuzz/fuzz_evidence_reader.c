/* Two files of a folder of evidence that hold anything: what is taken out of them is whole blocks,
 * and taken out of that again it is the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sink/evidence_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FINDING "20231114T22-0123456789abcdef"

static const char *const file_name[] = {
	"evidence-20231114T221320-1.pcapng", "evidence-20231114T221320-2.pcapng"};

/* Made once, in memory where there is such a place. */
static const char *folder(void)
{
	static char path[64];

	if (path[0])
		return path;
	snprintf(path, sizeof(path), "%s/portolan-fuzz-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(path))
		abort();
	return path;
}

static void put(unsigned number, const void *data, size_t size)
{
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder(), file_name[number]);
	out = fopen(path, "wb");
	if (!out || fwrite(data, 1, size, out) != size || fclose(out) != 0)
		abort();
}

static void forget(void)
{
	char path[256];

	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder(), file_name[i]);
		unlink(path);
	}
	rmdir(folder());
}

static int take(char **text, size_t *bytes, struct evidence_extracted *result)
{
	FILE *out = open_memstream(text, bytes);
	int error;

	if (!out)
		abort();
	error = evidence_extract(folder(), FINDING, out, result);
	fclose(out);
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evidence_extracted first, again;
	char *text = NULL, *same = NULL;
	size_t bytes = 0, same_bytes = 0, cut;
	static int is_registered;

	if (!is_registered)
		is_registered = atexit(forget) == 0;
	if (size < 2)
		return 0;
	cut = (size_t)(data[0] << 8 | data[1]) % (size - 1);
	put(0, data + 2, cut < size - 2 ? cut : size - 2);
	put(1, data + 2 + cut, size - 2 - cut);
	if (take(&text, &bytes, &first) == 0) {
		put(0, text, bytes);
		put(1, "", 0);
		if (take(&same, &same_bytes, &again) != 0 || again.packets != first.packets ||
			again.torn || again.foreign > 1 || same_bytes != bytes ||
			memcmp(text, same, bytes) != 0)
			abort();
	}
	free(text);
	free(same);
	return 0;
}
