/* What hides on a port that is another's: enough of each to be recognised */
#include "payload/message.h"

#include <string.h>

/* MS-RDPBCGR 2.2.1.1 in TPKT (RFC 1006) and X.224 */
void rdp_request(struct bytes *b, const struct message *m)
{
	static const char cookie[] = "Cookie: mstshash=admin\r\n";
	static const uint8_t negotiation[] = {1, 0, 8, 0, 3, 0, 0, 0};
	const unsigned length = 4 + 7 + (sizeof(cookie) - 1) + sizeof(negotiation);

	(void)m;
	bytes_u16(b, 0x0300);
	bytes_u16(b, length);
	bytes_u8(b, length - 5);
	bytes_u8(b, 0xe0);
	bytes_u32(b, 0);
	bytes_u8(b, 0);
	format_bytes(b, cookie);
	bytes_put(b, negotiation, sizeof(negotiation));
}

/* MS-SMB2 2.2.3 behind a NetBIOS session length; numbers are little-endian */
void smb_negotiate(struct bytes *b, const struct message *m)
{
	static const uint8_t header[] = {0xfe, 'S', 'M', 'B', 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
	static const uint8_t body[] = {36, 0, 2, 0, 1, 0, 0, 0, 0x7f, 0, 0, 0};

	bytes_u32(b, 64 + 36 + 4);
	bytes_put(b, header, sizeof(header));
	bytes_fill(b, 0, 48);
	bytes_put(b, body, sizeof(body));
	message_random(b, m, 16);
	bytes_fill(b, 0, 8);
	bytes_u32(b, 0x02021002);
}

void postgres_startup(struct bytes *b, const struct message *m)
{
	static const char parameters[] = "user\0admin\0database\0postgres\0";

	(void)m;
	bytes_u32(b, 8 + sizeof(parameters));
	bytes_u32(b, 0x00030000);
	bytes_put(b, parameters, sizeof(parameters));
}

/* RFC 8489 5 */
void stun_binding(struct bytes *b, const struct message *m)
{
	bytes_u32(b, 0x00010000);
	bytes_u32(b, 0x2112a442);
	message_random(b, m, 12);
}

/* https://www.wireguard.com/protocol/: first message, 148 bytes */
void wireguard_initiation(struct bytes *b, const struct message *m)
{
	bytes_u32(b, 0x01000000);
	message_random(b, m, 144 - 16);
	bytes_fill(b, 0, 16);
}

/* P_CONTROL_HARD_RESET_CLIENT_V2: opcode 7, session, no acknowledgements, packet 0 */
void openvpn_reset(struct bytes *b, const struct message *m)
{
	bytes_u8(b, 0x38);
	message_random(b, m, 8);
	bytes_u8(b, 0);
	bytes_u32(b, 0);
}

/* BEP 3 */
void bittorrent_handshake(struct bytes *b, const struct message *m)
{
	format_bytes(b, "\x13"
			"BitTorrent protocol");
	bytes_u64(b, 0);
	message_random(b, m, 20);
	format_bytes(b, "-XX0001-");
	format_bytes(b, "0123456789ab");
}

/* Protocol version 10: length (little-endian), sequence 0 */
void mysql_greeting(struct bytes *b, const struct message *m)
{
	static const uint8_t rest[] = {
		0xff, 0xf7, 8, 2, 0, 0xff, 0x81, 21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	const char *version = message_text(m, 0, "8.0.36");
	size_t start = b->length;

	bytes_u32(b, 0);
	bytes_u8(b, 10);
	format_bytes(b, version);
	bytes_u8(b, 0);
	bytes_u32(b, 0x2a000000);
	format_bytes(b, "saltsalt");
	bytes_u8(b, 0);
	bytes_put(b, rest, sizeof(rest));
	format_bytes(b, "saltsaltsalt");
	bytes_u8(b, 0);
	format_bytes(b, "mysql_native_password");
	bytes_u8(b, 0);
	if (!b->overflow)
		b->at[start] = (uint8_t)(b->length - start - 4);
}
