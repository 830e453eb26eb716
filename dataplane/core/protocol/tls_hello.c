#include "core/protocol/tls_hello.h"

#define EXTENSION_SERVER_NAME 0
#define EXTENSION_ALPN 16
#define EXTENSION_SUPPORTED_VERSIONS 43

#define NAME_KEPT 90
#define PROTOCOL_KEPT 24

/* Drafts of TLS 1.3 (0x7fxx) are 1.3; GREASE (RFC 8701) is nothing. */
static unsigned known_version(unsigned version)
{
	if (version >> 8 == 0x7f)
		return 0x0304;
	return hello_version(version) ? version : 0;
}

/* DTLS counts downwards. */
static int is_newer(unsigned a, unsigned b)
{
	return a >> 8 == 0xfe ? a < b : a > b;
}

/* RFC 6066 section 3: the first name, which is a host's. */
static void read_server_name(struct reader *r, struct facts *f)
{
	struct reader list = reader_part(r, reader_u16(r));
	unsigned type = reader_u8(&list);
	size_t length = reader_u16(&list);
	const uint8_t *name = reader_bytes(&list, length);

	if (name && type == 0)
		facts_put_host(f, 0, name, length, NAME_KEPT);
}

/* RFC 7301 3.1: of a client the first that it offers. */
static void read_alpn(struct reader *r, struct facts *f)
{
	struct reader list = reader_part(r, reader_u16(r));
	size_t length = reader_u8(&list);
	const uint8_t *name = reader_bytes(&list, length);

	if (name)
		facts_put_text(f, 1, name, length, PROTOCOL_KEPT);
}

/* RFC 8446 4.2.1: a list from the client, one from the server. */
static void read_versions(struct reader *r, unsigned type, struct facts *f)
{
	unsigned best = 0, version;

	if (type == HELLO_CLIENT)
		reader_u8(r);
	while (r->state == READER_GOOD && reader_left(r) >= 2) {
		version = known_version(reader_u16(r));
		if (version && (!best || is_newer(version, best)))
			best = version;
	}
	if (best)
		facts_put_number(f, type == HELLO_SERVER, best);
}

static void read_extensions(struct reader *r, unsigned type, struct facts *f)
{
	struct reader list = reader_part(r, reader_u16(r));

	while (list.state == READER_GOOD && reader_left(&list) >= 4) {
		unsigned extension = reader_u16(&list);
		struct reader body = reader_part(&list, reader_u16(&list));
		if (extension == EXTENSION_SERVER_NAME && type == HELLO_CLIENT)
			read_server_name(&body, f);
		else if (extension == EXTENSION_ALPN)
			read_alpn(&body, f);
		else if (extension == EXTENSION_SUPPORTED_VERSIONS)
			read_versions(&body, type, f);
	}
}

static void skip_choices(struct reader *r, unsigned type)
{
	if (type == HELLO_CLIENT) {
		reader_part(r, reader_u16(r)); /* cipher suites */
		reader_part(r, reader_u8(r));  /* compression methods */
	} else {
		reader_bytes(r, 3);
	}
}

int hello_read(struct reader *r, unsigned type, int cookie, struct facts *f)
{
	unsigned version = reader_u16(r);

	if (r->state != READER_GOOD)
		return 0;
	version = known_version(version);
	if (!version)
		return reader_fail(r);
	reader_bytes(r, 32);
	if (reader_peek(r) > 32) /* the session's id */
		return reader_fail(r);
	reader_part(r, reader_u8(r));
	if (cookie && type == HELLO_CLIENT)
		reader_part(r, reader_u8(r));
	skip_choices(r, type);
	if (r->state == READER_BROKEN)
		return 0;
	if (r->state == READER_GOOD && reader_is_spent(r)) { /* SSL 3 and TLS 1.0: none */
		facts_put_number(f, type == HELLO_SERVER, version);
		return 1;
	}
	read_extensions(r, type, f);
	/* A later version would stand in an extension that is not at hand. */
	if (r->state == READER_GOOD && f->number[type == HELLO_SERVER] == FACT_NONE)
		facts_put_number(f, type == HELLO_SERVER, version);
	return 1;
}
