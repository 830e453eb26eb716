/* Any bytes as a cache entry: its parts within the bytes, or a refusal; and what is sealed of any
 * bytes opens again as it was, but not with one of them changed.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cache_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

static void open_raw(const uint8_t *data, size_t size)
{
	struct cache_key key = {{0}};
	struct cache_part part[CACHE_ENTRY_PARTS];

	if (size >= 8 + sizeof(key))
		memcpy(key.byte, data + 8, sizeof(key));
	if (cache_entry_read(&key, data, size, part) < 0)
		return;
	for (unsigned i = 0; i < CACHE_ENTRY_PARTS; i++)
		check((const uint8_t *)part[i].bytes >= data &&
			part[i].length <= (size_t)(data + size - (const uint8_t *)part[i].bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cache_key key = {{7}};
	struct cache_part in[CACHE_ENTRY_PARTS] = {0}, out[CACHE_ENTRY_PARTS];
	uint8_t *bytes;
	size_t sealed;

	open_raw(data, size);
	in[0] = (struct cache_part){data, size / 3};
	in[2] = (struct cache_part){data + size / 3, size - size / 3};
	bytes = cache_entry_write(&key, in, &sealed);
	check(bytes && cache_entry_read(&key, bytes, sealed, out) == 0);
	for (unsigned i = 0; i < CACHE_ENTRY_PARTS; i++)
		check(out[i].length == in[i].length &&
			(in[i].length == 0 ||
				memcmp(out[i].bytes, in[i].bytes, in[i].length) == 0));
	bytes[(size ? data[0] * 31 : 0) % sealed] ^= 1;
	check(cache_entry_read(&key, bytes, sealed, out) < 0);
	free(bytes);
	return 0;
}
