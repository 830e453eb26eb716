/* Any packets, again and again: what is called a copy is one, byte for byte but for what a router
 * changes, within the window; the cache is so small that it forgets most of them.
 *
 * The first byte says how many packets' lengths follow; then their bytes. The rest are steps: which
 * packet, whether a hop less, and how much later.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/decode/duplicates.h"
#include "holds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PACKETS 8
#define LENGTH_MAX 64
#define STEPS_MAX 256
#define MS 1000000ull

struct known {
	uint8_t byte[LENGTH_MAX]; /* without what a router changes */
	size_t length;
	uint64_t time_ns;
};

static unsigned version_of(const uint8_t *ip)
{
	return ip[0] & 1 ? 6 : 4;
}

static void mask(uint8_t *ip)
{
	if (version_of(ip) == 4)
		ip[8] = ip[10] = ip[11] = 0;
	else
		ip[7] = 0;
}

static int was_seen(const struct known *known, size_t count, const struct known *k)
{
	for (size_t i = 0; i < count; i++)
		if (known[i].length == k->length &&
			memcmp(known[i].byte, k->byte, k->length) == 0 &&
			k->time_ns - known[i].time_ns <= DUPLICATE_WINDOW_NS)
			return 1;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct known known[STEPS_MAX];
	const uint8_t *packet[PACKETS];
	size_t length[PACKETS], packets = 0, steps = 0;
	void *memory = aligned_alloc(64, duplicates_size(0));
	struct duplicates d;
	uint64_t now_ns = 1000000000000ull;

	memset(memory, 0, duplicates_size(0));
	duplicates_init(&d, memory, 0, 1);
	while (packets < PACKETS && size > 1) {
		size_t want = 40 + data[0] % (LENGTH_MAX - 40 + 1);
		if (want > size - 1)
			break;
		packet[packets] = data + 1;
		length[packets++] = want;
		data += 1 + want;
		size -= 1 + want;
	}
	for (; packets > 0 && size >= 2 && steps < STEPS_MAX; data += 2, size -= 2, steps++) {
		struct known *k = &known[steps];
		size_t n = data[0] % packets;
		uint8_t *ip = malloc(length[n]);
		int copy;
		now_ns += (data[1] & 127) * MS;
		memcpy(ip, packet[n], length[n]);
		if (data[1] & 128)
			ip[version_of(ip) == 4 ? 8 : 7]--;
		copy = duplicates_see(&d, ip, length[n], version_of(ip), now_ns);
		mask(ip);
		memcpy(k->byte, ip, length[n]);
		k->length = length[n];
		k->time_ns = now_ns;
		HOLDS(!copy || was_seen(known, steps, k));
		free(ip);
	}
	free(memory);
	return 0;
}
