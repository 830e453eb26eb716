/* Any order of any segments: what is put together is what came first of each byte. Four bytes a
 * segment: where it lies, how long it is, which byte it is full of.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/service/reassembly.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_into_twin(int twin[PREFIX_BYTES], int offset, uint8_t byte, unsigned count)
{
	for (int at = offset; at < offset + (int)count; at++)
		if (at >= 0 && at < PREFIX_BYTES && twin[at] < 0)
			twin[at] = byte;
}

static void compare(const struct stream_prefix *o, const int twin[PREFIX_BYTES])
{
	for (unsigned i = 0; i < o->length; i++)
		if (o->byte[i] != twin[i])
			abort();
	if (o->length < PREFIX_BYTES && twin[o->length] >= 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream_prefix o;
	int twin[PREFIX_BYTES];
	uint8_t bytes[255];

	reassembly_init(&o, 0xffffff00u);
	memset(twin, 0xff, sizeof(twin));
	for (; size >= 4; data += 4, size -= 4) {
		int offset = (int16_t)(data[0] << 8 | data[1]) % 600;
		uint8_t byte = data[3] ? data[3] : 1;
		memset(bytes, byte, sizeof(bytes));
		reassembly_put(&o, 0xffffff00u + (uint32_t)offset, bytes, data[2]);
		put_into_twin(twin, offset, byte, data[2]);
		compare(&o, twin);
	}
	return 0;
}
