/* Packets that a mirror delivered twice, because it copies what comes in and what goes out.
 *
 * A copy has the same bytes from the IP header on, the TTL (hop limit) and IPv4's checksum
 * aside, so a routed one is one; a retransmission has another identification. (IPv6 has none: XXX
 * there a retransmission within the window is taken for a copy.) It is told by a 64-bit hash,
 * seeded, so that nobody can make two packets look alike.
 *
 * Bounded: four packets a set, one cache line. Where a set is full the oldest is forgotten, which
 * at worst lets a copy through; that is counted where the oldest was still young enough to have
 * mattered. Owned by one worker, in given memory, zeroed.
 */
#ifndef PORTOLAN_DUPLICATES_H
#define PORTOLAN_DUPLICATES_H

#include <stddef.h>
#include <stdint.h>

#define DUPLICATE_WAYS 4
#define DUPLICATE_WINDOW_NS 50000000ull

struct original {
	uint64_t hash; /* 0: none */
	uint64_t time_ns;
};

struct duplicates {
	struct original *original; /* NULL: copies are kept */
	uint64_t seed;
	uint32_t set_mask;
	uint64_t forgotten; /* before their time */
};

/* Bytes for 2^sets_log2 sets; aligned to 64. */
size_t duplicates_size(unsigned sets_log2);
void duplicates_init(struct duplicates *, void *memory, unsigned sets_log2, uint64_t seed);

/* Whether these bytes, an IP header of this version first, were seen within the window. If not
 * they are an original from now on. At least a whole header (20 or 40 bytes) is there. */
int duplicates_see(
	struct duplicates *, const uint8_t *ip, size_t length, unsigned version, uint64_t now_ns);

#endif
