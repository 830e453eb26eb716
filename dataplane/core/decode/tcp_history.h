/* The letters of a TCP segment (RFC 9293 section 3.1), by its flags and whether it has a
 * payload: a table of one cache line, since flags are nothing that a jump foresees.
 */
#ifndef PORTOLAN_TCP_HISTORY_H
#define PORTOLAN_TCP_HISTORY_H

#include <stdint.h>

#include "core/decode/decoded.h"

/* Beside the letters, here and in a glance: there is more to this packet than one more of its
 * flow. Data came with a SYN, or its time is not the stream's. */
#define LETTERS_CLOSELY 0x80u

enum tcp_flag { TCP_FLAG_FIN = 1, TCP_FLAG_SYN = 2, TCP_FLAG_RST = 4, TCP_FLAG_ACK = 16 };
#define TCP_FLAGS 32u /* and PSH, which says nothing */

#define LETTERS_OF_SYN(f)                                                                          \
	((f)&TCP_FLAG_RST ? LETTER_BIT(MULTI) | LETTER_BIT(RST)                                    \
			  : ((f)&TCP_FLAG_ACK ? LETTER_BIT(SYN_ACK) : LETTER_BIT(SYN)) |           \
				    ((f)&TCP_FLAG_FIN ? LETTER_BIT(MULTI) : 0))
#define LETTERS_OF(f)                                                                              \
	((f)&TCP_FLAG_SYN	   ? LETTERS_OF_SYN(f)                                             \
		: (f)&TCP_FLAG_RST ? LETTER_BIT(RST)                                               \
		: (f)&TCP_FLAG_FIN ? LETTER_BIT(FIN)                                               \
				   : 0)
/* Without a payload a segment that says nothing else is an ACK; SYN with RST is no data. */
#define LETTERS_EMPTY(f) (LETTERS_OF(f) ? LETTERS_OF(f) : LETTER_BIT(ACK))
#define LETTERS_SYN_FULL(f)                                                                        \
	((f)&TCP_FLAG_RST	   ? LETTERS_OF(f)                                                 \
		: (f)&TCP_FLAG_ACK ? LETTERS_OF(f) | LETTER_BIT(DATA)                              \
				   : LETTERS_OF(f) | LETTER_BIT(DATA) | LETTERS_CLOSELY)
#define LETTERS_FULL(f) ((f)&TCP_FLAG_SYN ? LETTERS_SYN_FULL(f) : LETTERS_OF(f) | LETTER_BIT(DATA))
#define LETTERS_4(x, f) x(f), x((f) + 1), x((f) + 2), x((f) + 3)
#define LETTERS_16(x, f)                                                                           \
	LETTERS_4(x, f), LETTERS_4(x, (f) + 4), LETTERS_4(x, (f) + 8), LETTERS_4(x, (f) + 12)

static const _Alignas(64) uint8_t letters_by_flags[2][TCP_FLAGS] = {
	{LETTERS_16(LETTERS_EMPTY, 0), LETTERS_16(LETTERS_EMPTY, 16)},
	{LETTERS_16(LETTERS_FULL, 0), LETTERS_16(LETTERS_FULL, 16)},
};

/* `flags` is the header's byte; `has_payload` 0 or 1. Letters, perhaps with LETTERS_CLOSELY. */
static inline uint8_t letters_of_tcp(unsigned flags, unsigned has_payload)
{
	return letters_by_flags[has_payload][flags & (TCP_FLAGS - 1)];
}

#endif
