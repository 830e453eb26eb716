/* TLS 1.3 (RFC 8446) and DTLS 1.2 (RFC 6347) */
#include "payload/message.h"

#include <string.h>

enum { RECORD_CIPHER = 20, RECORD_ALERT = 21, RECORD_HANDSHAKE = 22, RECORD_DATA = 23 };
enum { HELLO_CLIENT = 1, HELLO_SERVER = 2 };

/* Bytes with their length before them: 2 or 3 octets wide. */
static size_t begin16(struct bytes *b)
{
	bytes_u16(b, 0);
	return b->length;
}

static void end16(struct bytes *b, size_t start)
{
	bytes_patch_u16(b, start - 2, (unsigned)(b->length - start));
}

static size_t begin24(struct bytes *b)
{
	bytes_u24(b, 0);
	return b->length;
}

static void end24(struct bytes *b, size_t start)
{
	bytes_patch_u24(b, start - 3, (uint32_t)(b->length - start));
}

static size_t begin_record(struct bytes *b, unsigned type, unsigned version)
{
	bytes_u8(b, type);
	bytes_u16(b, version);
	return begin16(b);
}

static void record(struct bytes *b, const struct message *m, unsigned type, size_t length)
{
	size_t start = begin_record(b, type, 0x0303);

	message_random(b, m, length);
	end16(b, start);
}

static void extension(struct bytes *b, unsigned type, const void *content, unsigned length)
{
	bytes_u16(b, type);
	bytes_u16(b, length);
	bytes_put(b, content, length);
}

static void server_name(struct bytes *b, const char *name)
{
	unsigned length = (unsigned)strlen(name);

	bytes_u16(b, 0);
	bytes_u16(b, length + 5);
	bytes_u16(b, length + 3);
	bytes_u8(b, 0);
	bytes_u16(b, length);
	format_bytes(b, name);
}

static void key_share(struct bytes *b, const struct message *m, bool is_client)
{
	bytes_u16(b, 51);
	bytes_u16(b, is_client ? 38 : 36);
	if (is_client)
		bytes_u16(b, 36);
	bytes_u16(b, 29); /* x25519 */
	bytes_u16(b, 32);
	message_random(b, m, 32);
}

static void client_extensions(struct bytes *b, const struct message *m)
{
	static const uint8_t groups[] = {0, 4, 0, 29, 0, 23};
	static const uint8_t signatures[] = {0, 6, 4, 3, 8, 4, 4, 1};
	static const uint8_t alpn[] = {0, 9, 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
	static const uint8_t versions[] = {4, 3, 4, 3, 3};
	static const uint8_t psk_modes[] = {1, 1};
	size_t start = begin16(b);

	server_name(b, message_text(m, 0, "portal.example.com"));
	extension(b, 10, groups, sizeof(groups));
	extension(b, 13, signatures, sizeof(signatures));
	extension(b, 16, alpn, sizeof(alpn));
	extension(b, 43, versions, sizeof(versions));
	extension(b, 45, psk_modes, sizeof(psk_modes));
	key_share(b, m, true);
	end16(b, start);
}

static void cipher_suites(struct bytes *b)
{
	static const uint8_t suites[] = {
		0, 8, 0x13, 0x02, 0x13, 0x01, 0xc0, 0x30, 0xc0, 0x2f, 1, 0};

	bytes_put(b, suites, sizeof(suites));
}

void tls_client_hello(struct bytes *b, const struct message *m)
{
	size_t outer = begin_record(b, RECORD_HANDSHAKE, 0x0301), inner;

	bytes_u8(b, HELLO_CLIENT);
	inner = begin24(b);
	bytes_u16(b, 0x0303);
	message_random(b, m, 32);
	bytes_u8(b, 32);
	message_random(b, m, 32);
	cipher_suites(b);
	client_extensions(b, m);
	end24(b, inner);
	end16(b, outer);
}

static void change_cipher(struct bytes *b)
{
	size_t start = begin_record(b, RECORD_CIPHER, 0x0303);

	bytes_u8(b, 1);
	end16(b, start);
}

/* ServerHello, then the encrypted rest of the flight: `certificate` bytes of it. */
void tls_server_hello(struct bytes *b, const struct message *m)
{
	static const uint8_t version[] = {3, 4};
	size_t outer = begin_record(b, RECORD_HANDSHAKE, 0x0303), inner, extensions;

	bytes_u8(b, HELLO_SERVER);
	inner = begin24(b);
	bytes_u16(b, 0x0303);
	message_random(b, m, 32);
	bytes_u8(b, 32);
	message_random(b, m, 32);
	bytes_u16(b, 0x1302);
	bytes_u8(b, 0);
	extensions = begin16(b);
	extension(b, 43, version, sizeof(version));
	key_share(b, m, false);
	end16(b, extensions);
	end24(b, inner);
	end16(b, outer);
	change_cipher(b);
	record(b, m, RECORD_DATA, message_number(m, 0, 900));
}

void tls_finished(struct bytes *b, const struct message *m)
{
	change_cipher(b);
	record(b, m, RECORD_DATA, 69);
}

void tls_data(struct bytes *b, const struct message *m)
{
	unsigned length = message_number(m, 0, 100);

	for (; length > 16384; length -= 16384)
		record(b, m, RECORD_DATA, 16384);
	record(b, m, RECORD_DATA, length < 17 ? 17 : length);
}

void tls_alert(struct bytes *b, const struct message *m)
{
	size_t start = begin_record(b, RECORD_ALERT, 0x0303);

	bytes_u8(b, 2);
	bytes_u8(b, message_number(m, 0, 40));
	end16(b, start);
}

void dtls_client_hello(struct bytes *b, const struct message *m)
{
	size_t outer, inner, extensions;

	bytes_u8(b, RECORD_HANDSHAKE);
	bytes_u16(b, 0xfefd);
	bytes_u64(b, 0); /* epoch and sequence number */
	outer = begin16(b);
	bytes_u8(b, HELLO_CLIENT);
	inner = begin24(b);
	bytes_u16(b, 0);
	bytes_u24(b, 0);
	bytes_u24(b, 0);
	bytes_u16(b, 0xfefd);
	message_random(b, m, 32);
	bytes_u16(b, 0); /* no session, no cookie */
	cipher_suites(b);
	extensions = begin16(b);
	server_name(b, message_text(m, 0, "vpn.example.com"));
	end16(b, extensions);
	end24(b, inner);
	bytes_patch_u24(b, inner + 5, (uint32_t)(b->length - inner - 8));
	bytes_patch_u24(b, inner - 3, (uint32_t)(b->length - inner - 8));
	end16(b, outer);
}
