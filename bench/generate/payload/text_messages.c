/* Protocols that are lines of text, and SSH's key exchange */
#include "payload/message.h"

#include <string.h>

static void http_request(
	struct bytes *b, const char *method, const char *path, const char *host, const char *more)
{
	format_bytes(b, method);
	format_bytes(b, " ");
	format_bytes(b, path);
	format_bytes(b, " HTTP/1.1\r\nHost: ");
	format_bytes(b, host);
	format_bytes(b, "\r\nUser-Agent: portolan-generate\r\nAccept: */*\r\n");
	format_bytes(b, more);
	format_bytes(b, "\r\n");
}

void http_get(struct bytes *b, const struct message *m)
{
	http_request(b, "GET", message_text(m, 1, "/feeds/addresses.txt"),
		message_text(m, 0, "feeds.example.com"), "");
}

void http_put(struct bytes *b, const struct message *m)
{
	http_request(b, "PUT", message_text(m, 1, "/upload"),
		message_text(m, 0, "files.example.net"), "Content-Length: 12\r\n");
	format_bytes(b, "hello world\n");
}

void http_connect(struct bytes *b, const struct message *m)
{
	const char *target = message_text(m, 0, "update.example.com:443");

	http_request(b, "CONNECT", target, target, "");
}

static void decimal(struct bytes *b, unsigned value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	format_bytes(b, text);
}

void http_response(struct bytes *b, const struct message *m)
{
	static const char line[] = "192.0.2.0/24\n";
	unsigned length = message_number(m, 0, 260);

	format_bytes(b, "HTTP/1.1 200 OK\r\nServer: example\r\nContent-Type: text/plain\r\n"
			"Content-Length: ");
	decimal(b, length);
	format_bytes(b, "\r\n\r\n");
	for (; length >= sizeof(line) - 1; length -= (unsigned)sizeof(line) - 1)
		format_bytes(b, line);
	bytes_fill(b, '\n', length);
}

/* RFC 3164, as the appliances write it */
void syslog(struct bytes *b, const struct message *m)
{
	format_bytes(b, "<166>Jan  5 07:00:00 ");
	format_bytes(b, message_text(m, 0, "ftd-1"));
	format_bytes(b, " : ");
	format_bytes(b, message_text(m, 1,
				"%FTD-6-302013: Built inbound TCP connection 4711 for "
				"outside:198.51.100.9/51515 to inside:10.30.0.80/443"));
}

void syslog_5424(struct bytes *b, const struct message *m)
{
	format_bytes(b, "<110>1 2026-01-05T07:00:00Z ");
	format_bytes(b, message_text(m, 0, "fmc-1"));
	format_bytes(b, " audit 4242 - - ");
	format_bytes(b, message_text(m, 1, "admin@198.51.100.9, Login, Success"));
}

void xmpp_stream(struct bytes *b, const struct message *m)
{
	format_bytes(b, "<?xml version='1.0'?><stream:stream to='");
	format_bytes(b, message_text(m, 0, "xgrid.cisco.com"));
	format_bytes(b, "' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
			"version='1.0'>");
}

void xmpp_stream_response(struct bytes *b, const struct message *m)
{
	format_bytes(b, "<?xml version='1.0'?><stream:stream from='");
	format_bytes(b, message_text(m, 0, "xgrid.cisco.com"));
	format_bytes(b, "' id='42' xmlns='jabber:client' "
			"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
			"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>"
			"<required/></starttls></stream:features>");
}

/* RFC 4253 7.1 in a binary packet (section 6): padded to a multiple of eight */
void ssh_kexinit(struct bytes *b, const struct message *m)
{
	static const char *const lists[10] = {"curve25519-sha256", "ssh-ed25519", "aes256-ctr",
		"aes256-ctr", "hmac-sha2-256", "hmac-sha2-256", "none", "none", "", ""};
	size_t start = b->length, padding;

	bytes_u32(b, 0);
	bytes_u8(b, 0);
	bytes_u8(b, 20);
	message_random(b, m, 16);
	for (unsigned i = 0; i < 10; i++) {
		bytes_u32(b, (uint32_t)strlen(lists[i]));
		format_bytes(b, lists[i]);
	}
	bytes_fill(b, 0, 5); /* no guess, reserved */
	padding = 8 - (b->length - start) % 8;
	padding += padding < 4 ? 8 : 0;
	bytes_fill(b, 0, padding);
	bytes_patch_u16(b, start + 2, (unsigned)(b->length - start - 4));
	if (!b->overflow)
		b->at[start + 4] = (uint8_t)padding;
}
