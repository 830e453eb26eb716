/* Any fragments in any order: a small cache of datagrams is full at once. No fragment gets ports
 * that no first one of its datagram had, what waits is handed over once, and every later one is
 * attributed, waiting, in doubt or forgotten.
 *
 * Eight bytes are a fragment: which datagram, which kind, ports, begin and end, and time.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "core/decode/fragments.h"
#include "holds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SETS_LOG2 1
#define DATAGRAMS 32

static struct decoded fragment_of(const uint8_t *b)
{
	struct decoded v = {
		.version = b[0] & 0x80 ? 6 : 4,
		.protocol = b[1] & 4 ? IPPROTO_TCP : IPPROTO_UDP,
		.fragment_id = b[0] % DATAGRAMS,
		.fragment = (uint8_t)(FRAGMENT_FIRST + (b[1] & 3) % 3),
		.bytes = 100,
		.ends_datagram = b[1] >> 3 & 1,
		.fragment_begin = (uint16_t)(b[4] << 8 | b[5]),
	};

	v.source.byte[15] = b[0] % DATAGRAMS;
	if (v.fragment != FRAGMENT_LATER)
		v.fragment_begin = 0;
	v.fragment_end = (uint16_t)(v.fragment_begin + b[6]);
	if (v.fragment_end < v.fragment_begin)
		v.fragment_end = UINT16_MAX;
	if (v.fragment == FRAGMENT_FIRST)
		v.source_port = (uint16_t)(1 + (b[2] << 8 | b[3]));
	return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t seen[DATAGRAMS][65536 / 8]; /* ports that a first fragment had */
	struct fragments fr;
	void *memory = calloc(1, fragments_size(SETS_LOG2));
	uint64_t now_ns = 1000000000000ull, later = 0, with_flow = 0, waiting = 0, handed = 0;

	memset(seen, 0, sizeof(seen));
	fragments_init(&fr, memory, SETS_LOG2);
	for (; size >= 8; data += 8, size -= 8) {
		struct decoded v = fragment_of(data);
		unsigned id = v.fragment_id, said;
		now_ns += data[7] * 1000000000ull;
		if (v.fragment == FRAGMENT_FIRST || v.fragment == FRAGMENT_TINY)
			seen[id][v.source_port / 8] |= (uint8_t)(1u << v.source_port % 8);
		said = fragments_see(&fr, &v, now_ns);
		HOLDS(said <= (FRAGMENT_HAS_FLOW | FRAGMENT_OVERLAPS | FRAGMENT_IS_TINY));
		HOLDS(v.fragment != FRAGMENT_TINY || !(said & FRAGMENT_HAS_FLOW) || v.source_port ||
			v.destination_port);
		HOLDS(v.fragment != FRAGMENT_TINY || said & FRAGMENT_IS_TINY);
		if (said & FRAGMENT_HAS_FLOW)
			HOLDS(seen[id][v.source_port / 8] >> v.source_port % 8 & 1);
		if (v.fragment == FRAGMENT_LATER) {
			later++;
			with_flow += (said & FRAGMENT_HAS_FLOW) != 0;
			waiting += !(said & FRAGMENT_HAS_FLOW);
		}
		handed += v.pending_packets;
		HOLDS(v.pending_bytes == 100ull * v.pending_packets);
		HOLDS(v.pending_packets == 0 || v.fragment == FRAGMENT_FIRST ||
			v.fragment == FRAGMENT_TINY);
	}
	HOLDS(with_flow + waiting <= later && handed <= waiting);
	free(memory);
	return 0;
}
