/* SOCKS: RFC 1928 section 3, and version 4. Both sides have to agree. */
#include "core/protocol/validator.h"

enum { VERSION_4 = 4, VERSION_5 = 5, METHODS_MAX = 8 };

/* As many methods as it says, and each of them a known one. */
static enum match read_methods(const uint8_t *at, uint32_t length, struct message_info *m)
{
	if (length < 2)
		return MATCH_MORE;
	if (at[1] <= 3 && length == 2) /* the server's choice */
		return match_maybe(m, SIGN_ANSWERING);
	if (at[1] == 0 || at[1] > METHODS_MAX)
		return at[1] == 0xff && length == 2 ? match_maybe(m, SIGN_ANSWERING) : MATCH_NO;
	for (uint32_t i = 2; i < length && i < 2u + at[1]; i++)
		if (at[i] > 9 && at[i] < 0x80)
			return MATCH_NO;
	if (length < 2u + at[1])
		return MATCH_MORE;
	return length == 2u + at[1] ? match_maybe(m, SIGN_ASKING) : MATCH_NO;
}

/* Command, port, address, and a user's name that ends the message; or the server's eight. */
static enum match read_version_4(const uint8_t *at, uint32_t length, struct message_info *m)
{
	if (length < 9)
		return MATCH_MORE;
	if (at[1] != 1 && at[1] != 2)
		return MATCH_NO;
	return at[length - 1] == 0 && (at[2] || at[3]) ? match_maybe(m, SIGN_ASKING) : MATCH_NO;
}

enum match validate_socks(const struct message *u, struct message_info *m)
{
	if (u->length == 0)
		return MATCH_MORE;
	if (u->bytes[0] == VERSION_5)
		return read_methods(u->bytes, u->length, m);
	if (u->bytes[0] == VERSION_4)
		return read_version_4(u->bytes, u->length, m);
	if (u->bytes[0] == 0 && u->length == 8 && u->bytes[1] >= 0x5a && u->bytes[1] <= 0x5d)
		return match_maybe(m, SIGN_ANSWERING);
	return MATCH_NO;
}
