/* The history bits of a TCP segment (RFC 9293 section 3.1), by its flags and whether it has a
 * payload; of a datagram as if it had no flags: a table of one cache line, since flags are nothing
 * that a jump foresees.
 */
#ifndef PORTOLAN_TCP_HISTORY_H
#define PORTOLAN_TCP_HISTORY_H

#include <stdint.h>

#include "core/decode/decoded.h"

/* Beside the history bits, here and in a fast path: there is more to this packet than one more of
 * its flow. Its sequence numbers count (SYN, RST), or its time is not the stream's. */
#define HISTORY_CLOSELY 0x80u

/* Segments whose sequence numbers count. */
#define HISTORY_SEQUENCED (HISTORY_BIT(SYN) | HISTORY_BIT(SYN_ACK) | HISTORY_BIT(RST))

enum tcp_flag { TCP_FLAG_FIN = 1, TCP_FLAG_SYN = 2, TCP_FLAG_RST = 4, TCP_FLAG_ACK = 16 };
#define TCP_FLAGS 32u /* and PSH, which has no letter */

#define HISTORY_OF_SYN(f)                                                                          \
	((f)&TCP_FLAG_RST ? HISTORY_BIT(MULTI) | HISTORY_BIT(RST)                                  \
			  : ((f)&TCP_FLAG_ACK ? HISTORY_BIT(SYN_ACK) : HISTORY_BIT(SYN)) |         \
				    ((f)&TCP_FLAG_FIN ? HISTORY_BIT(MULTI) : 0))
#define HISTORY_OF(f)                                                                              \
	((f)&TCP_FLAG_SYN	   ? HISTORY_CLOSELY | HISTORY_OF_SYN(f)                           \
		: (f)&TCP_FLAG_RST ? HISTORY_CLOSELY | HISTORY_BIT(RST)                            \
		: (f)&TCP_FLAG_FIN ? HISTORY_BIT(FIN)                                              \
				   : 0)
/* A segment without payload, SYN, FIN or RST is an ACK; data in SYN with RST does not count. */
#define HISTORY_EMPTY(f) (HISTORY_OF(f) ? HISTORY_OF(f) : HISTORY_BIT(ACK))
#define HISTORY_SYN_FULL(f) ((f)&TCP_FLAG_RST ? HISTORY_OF(f) : HISTORY_OF(f) | HISTORY_BIT(DATA))
#define HISTORY_FULL(f) ((f)&TCP_FLAG_SYN ? HISTORY_SYN_FULL(f) : HISTORY_OF(f) | HISTORY_BIT(DATA))
#define HISTORY_4(x, f) x(f), x((f) + 1), x((f) + 2), x((f) + 3)
#define HISTORY_16(x, f)                                                                           \
	HISTORY_4(x, f), HISTORY_4(x, (f) + 4), HISTORY_4(x, (f) + 8), HISTORY_4(x, (f) + 12)

static const _Alignas(64) uint8_t history_by_flags[2][TCP_FLAGS] = {
	{HISTORY_16(HISTORY_EMPTY, 0), HISTORY_16(HISTORY_EMPTY, 16)},
	{HISTORY_16(HISTORY_FULL, 0), HISTORY_16(HISTORY_FULL, 16)},
};

/* `flags` is the header's byte; `has_payload` 0 or 1. Letters, perhaps with HISTORY_CLOSELY. */
static inline uint8_t history_of_tcp(unsigned flags, unsigned has_payload)
{
	return history_by_flags[has_payload][flags & (TCP_FLAGS - 1)];
}

#endif
