/* DNS (RFC 1035), over UDP and over TCP */
#include "payload/message.h"

#include <arpa/inet.h>
#include <string.h>

#define TYPE_A 1
#define LABEL_MAX 63

/* Names longer than DNS has them are cut, label by label. */
static void name(struct bytes *b, const char *text)
{
	size_t used = 0;

	while (*text && used < 250) {
		size_t length = strcspn(text, ".");
		size_t label = length > LABEL_MAX ? LABEL_MAX : length;
		if (label) {
			bytes_u8(b, (unsigned)label);
			bytes_put(b, text, label);
		}
		used += label + 1;
		text += length + (text[length] == '.');
	}
	bytes_u8(b, 0);
}

/* Header and question; a query and its response have the same id: the name's. */
static void question(struct bytes *b, const struct message *m, unsigned flags, unsigned answers)
{
	const char *asked = message_text(m, 0, "updates.example.com");

	bytes_u16(b, (unsigned)random_hash(0xcbf29ce484222325u, asked, strlen(asked)) & 0xffff);
	bytes_u16(b, flags);
	bytes_u16(b, 1);
	bytes_u16(b, answers);
	bytes_u32(b, 0);
	name(b, asked);
	bytes_u16(b, TYPE_A);
	bytes_u16(b, 1);
}

void dns_query(struct bytes *b, const struct message *m)
{
	question(b, m, 0x0100, 0);
}

void dns_response(struct bytes *b, const struct message *m)
{
	struct in_addr address;

	if (inet_pton(AF_INET, message_text(m, 1, "203.0.113.10"), &address) != 1)
		address.s_addr = 0;
	question(b, m, 0x8180, 1);
	bytes_u16(b, 0xc00c);
	bytes_u16(b, TYPE_A);
	bytes_u16(b, 1);
	bytes_u32(b, 300);
	bytes_u16(b, 4);
	bytes_put(b, &address, 4);
}

static void with_length(struct bytes *b, const struct message *m, message_function *write)
{
	size_t start = b->length;

	bytes_u16(b, 0);
	write(b, m);
	bytes_patch_u16(b, start, (unsigned)(b->length - start - 2));
}

void dns_tcp_query(struct bytes *b, const struct message *m)
{
	with_length(b, m, dns_query);
}

void dns_tcp_response(struct bytes *b, const struct message *m)
{
	with_length(b, m, dns_response);
}
