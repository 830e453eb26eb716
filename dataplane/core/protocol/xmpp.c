/* XMPP's stream header: RFC 6120 4.2. XML's declaration may come before it, nothing else. */
#include "core/protocol/text_line.h"

static const char *const opening[] = {"<stream:stream", "<stream:features", "<stream:error",
	"</stream:stream", "<flash:stream", NULL};

static size_t skip_space(const uint8_t *at, size_t left)
{
	size_t n = 0;

	while (n < left && (at[n] == ' ' || at[n] == '\t' || at[n] == '\r' || at[n] == '\n'))
		n++;
	return n;
}

static enum match read_stream(const uint8_t *at, size_t left)
{
	size_t word = 0;
	enum match r = begins_with_any(at, left, opening, &word);

	if (r != MATCH_YES || begins_with(at, left, opening[0]) != MATCH_YES)
		return r;
	/* A namespace, or the name of the other end: the second field. */
	if (contains(at, left, "jabber:") || contains(at, left, " to=") ||
		contains(at, left, "etherx.jabber.org") || contains(at, left, " xmlns"))
		return MATCH_YES;
	return memchr(at, '>', left) ? MATCH_MAYBE : MATCH_MORE;
}

enum match validate_xmpp(const struct message *u, struct message_info *m)
{
	const uint8_t *at = u->bytes;
	size_t left = u->length, n = skip_space(at, left);
	enum match r;

	(void)m;
	at += n;
	left -= n;
	r = begins_with(at, left, "<?xml");
	if (!left || (r == MATCH_MORE && left < 2))
		return MATCH_MORE;
	if (r == MATCH_NO)
		return read_stream(at, left);
	for (n = 0; n < left && at[n] != '>'; n++)
		;
	if (r == MATCH_MORE || n == left)
		return MATCH_MORE;
	n++;
	n += skip_space(at + n, left - n);
	return n == left ? MATCH_MORE : read_stream(at + n, left - n);
}
