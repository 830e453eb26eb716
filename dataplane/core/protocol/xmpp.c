/* XMPP's stream header: RFC 6120 4.2. XML's declaration may come before it, nothing else. */
#include "core/protocol/text_line.h"

static const char *const opening[] = {"<stream:stream", "<stream:features", "<stream:error",
	"</stream:stream", "<flash:stream", NULL};

static int is_text_or_space(const uint8_t *at, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (at[i] != '\r' && at[i] != '\n' && !is_text(at + i, 1, 1))
			return 0;
	return 1;
}

static size_t skip_space(const uint8_t *at, size_t left)
{
	size_t n = 0;

	while (n < left && (at[n] == ' ' || at[n] == '\t' || at[n] == '\r' || at[n] == '\n'))
		n++;
	return n;
}

/* RFC 6120 4.8.5: the prefix is the sender's choice, the namespace is not. */
static enum match read_other_prefix(const uint8_t *at, size_t left)
{
	const uint8_t *end = memchr(at, '>', left);
	size_t length = end ? (size_t)(end - at) : left;

	if (at[0] != '<' || (left > 1 && !((at[1] | 0x20) >= 'a' && (at[1] | 0x20) <= 'z')))
		return MATCH_NO;
	if (!is_text_or_space(at, length))
		return MATCH_NO;
	if (contains(at, length, ":stream") || contains(at, length, "<stream"))
		if (contains(at, length, "etherx.jabber.org/streams"))
			return MATCH_YES;
	return end ? MATCH_NO : MATCH_MORE;
}

static enum match read_stream(const uint8_t *at, size_t left)
{
	size_t word = 0;
	enum match r = begins_with_any(at, left, opening, &word);

	if (r == MATCH_NO)
		return read_other_prefix(at, left);
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
