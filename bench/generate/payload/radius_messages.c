/* RADIUS (RFC 2865, RFC 2866) */
#include "payload/message.h"

#include <string.h>

enum {
	CODE_ACCESS_REQUEST = 1,
	CODE_ACCESS_ACCEPT = 2,
	CODE_ACCESS_REJECT = 3,
	CODE_ACCOUNTING_REQUEST = 4,
	CODE_ACCOUNTING_RESPONSE = 5,
};

enum {
	USER_NAME = 1,
	USER_PASSWORD = 2,
	NAS_IP_ADDRESS = 4,
	NAS_PORT = 5,
	SERVICE_TYPE = 6,
	REPLY_MESSAGE = 18,
	ACCT_STATUS_TYPE = 40,
	ACCT_SESSION_ID = 44,
};

static size_t packet_begin(struct bytes *b, const struct message *m, unsigned code)
{
	size_t start = b->length;

	bytes_u8(b, code);
	bytes_u8(b, 42); /* identifier: a request's and its answer's */
	bytes_u16(b, 0);
	message_random(b, m, 16);
	return start;
}

static void packet_end(struct bytes *b, size_t start)
{
	bytes_patch_u16(b, start + 2, (unsigned)(b->length - start));
}

static void attribute_text(struct bytes *b, unsigned type, const char *text)
{
	size_t length = strnlen(text, 253);

	bytes_u8(b, type);
	bytes_u8(b, (unsigned)length + 2);
	bytes_put(b, text, length);
}

static void attribute_number(struct bytes *b, unsigned type, uint32_t value)
{
	bytes_u8(b, type);
	bytes_u8(b, 6);
	bytes_u32(b, value);
}

static void who_and_where(struct bytes *b, const struct message *m)
{
	attribute_text(b, USER_NAME, message_text(m, 0, "alice"));
	attribute_number(b, NAS_IP_ADDRESS, 0x0a140001);
	attribute_number(b, NAS_PORT, 1);
}

void radius_access_request(struct bytes *b, const struct message *m)
{
	size_t start = packet_begin(b, m, CODE_ACCESS_REQUEST);

	who_and_where(b, m);
	bytes_u8(b, USER_PASSWORD);
	bytes_u8(b, 18);
	message_random(b, m, 16);
	packet_end(b, start);
}

void radius_access_accept(struct bytes *b, const struct message *m)
{
	size_t start = packet_begin(b, m, CODE_ACCESS_ACCEPT);

	attribute_number(b, SERVICE_TYPE, 6);
	packet_end(b, start);
}

void radius_access_reject(struct bytes *b, const struct message *m)
{
	size_t start = packet_begin(b, m, CODE_ACCESS_REJECT);

	attribute_text(b, REPLY_MESSAGE, "no");
	packet_end(b, start);
}

void radius_accounting_request(struct bytes *b, const struct message *m)
{
	size_t start = packet_begin(b, m, CODE_ACCOUNTING_REQUEST);

	attribute_number(b, ACCT_STATUS_TYPE, 1);
	attribute_text(b, ACCT_SESSION_ID, "0000002a");
	who_and_where(b, m);
	packet_end(b, start);
}

void radius_accounting_response(struct bytes *b, const struct message *m)
{
	packet_end(b, packet_begin(b, m, CODE_ACCOUNTING_RESPONSE));
}
