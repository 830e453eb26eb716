/* A tunnel through a proxy: RFC 9110 9.3.6. The target is a host and a port. */
#include "core/protocol/text_line.h"

#define HOST_KEPT 90

/* The length of a host before a port, or 0. */
static size_t host_length(const uint8_t *at, size_t length)
{
	size_t host = length, digits;

	while (host > 0 && at[host - 1] != ':')
		host--;
	for (digits = host; digits < length; digits++)
		if (at[digits] < '0' || at[digits] > '9')
			return 0;
	return host > 1 && host < length ? host - 1 : 0;
}

enum match validate_http_proxy(const struct message *u, struct message_info *m)
{
	const size_t word = sizeof("CONNECT ") - 1;
	enum match r = begins_with(u->bytes, u->length, "CONNECT ");
	int ended;
	size_t length = line_length(u->bytes, u->length, &ended), target = 0;

	if (r != MATCH_YES)
		return r;
	while (word + target < length && u->bytes[word + target] != ' ')
		target++;
	if (!is_text(u->bytes, length, 0))
		return MATCH_NO;
	if (!ended)
		return MATCH_MORE;
	if (word + target + 9 > length || memcmp(u->bytes + word + target, " HTTP/1.", 8) != 0)
		return MATCH_NO;
	target = host_length(u->bytes + word, target);
	if (!target)
		return MATCH_NO;
	m->said = SAID_REQUEST;
	facts_put_text(&m->facts, 0, "CONNECT", 7, 7);
	facts_put_host(&m->facts, 1, u->bytes + word, target, HOST_KEPT);
	return MATCH_YES;
}
