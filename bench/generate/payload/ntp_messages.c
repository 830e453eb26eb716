/* NTP version 4 (RFC 5905) */
#include "payload/message.h"

#define STAMP 0xed02a1b0c0000000u /* of January 2026; an answer repeats the question's */

static void packet(struct bytes *b, unsigned first, unsigned stratum, uint32_t reference)
{
	bytes_u8(b, first);
	bytes_u8(b, stratum);
	bytes_u8(b, 6);
	bytes_u8(b, 0xec);
	bytes_u32(b, stratum ? 0x00000123 : 0);
	bytes_u32(b, stratum ? 0x00000456 : 0);
	bytes_u32(b, reference);
}

void ntp_client(struct bytes *b, const struct message *m)
{
	(void)m;
	packet(b, 0x23, 0, 0);
	bytes_fill(b, 0, 24);
	bytes_u64(b, STAMP);
}

void ntp_server(struct bytes *b, const struct message *m)
{
	(void)m;
	packet(b, 0x24, 2, 0xc0000201);
	bytes_u64(b, STAMP - (64ull << 32));
	bytes_u64(b, STAMP);
	bytes_u64(b, STAMP + 0x00400000);
	bytes_u64(b, STAMP + 0x00500000);
}
