/* A stream of TLS in pieces of any size: says the same as in one piece, and reads and writes
 * nothing beyond its memory. The first byte says how the rest is cut.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/protocol/tls_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct tls_walk *w, const uint8_t *data, size_t size, size_t piece, uint8_t *room)
{
	tls_walk_init(w);
	while (size > 0) {
		size_t count = size < piece ? size : piece;
		tls_walk_feed(w, data, (uint32_t)count, room);
		data += count;
		size -= count;
	}
}

static void compare(const struct tls_walk *a, const struct tls_walk *b)
{
	if (a->walked != b->walked || a->stage != b->stage || a->alert != b->alert ||
		a->certificate != b->certificate || a->leaf_bytes != b->leaf_bytes ||
		a->leaf_at != b->leaf_at)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[2][TLS_CERTIFICATE_BYTES];
	struct tls_walk w[2];

	if (size < 1)
		return 0;
	walk(&w[0], data + 1, size - 1, size, room[0]);
	walk(&w[1], data + 1, size - 1, data[0] + 1u, room[1]);
	compare(&w[0], &w[1]);
	if (w[0].leaf_bytes > TLS_CERTIFICATE_BYTES || w[0].walked > TLS_WALK_BYTES)
		abort();
	if (memcmp(room[0], room[1], w[0].leaf_bytes) != 0)
		abort();
	if (w[0].certificate == TLS_CERTIFICATE_WHOLE && w[0].leaf_bytes == 0)
		abort();
	return 0;
}
