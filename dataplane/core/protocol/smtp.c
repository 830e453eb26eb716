/* SMTP: RFC 5321 4.1.1 and 4.2. A greeting that does not say SMTP may be FTP's. */
#include "core/protocol/text_line.h"

static const char *const hello[] = {"EHLO", "HELO", "LHLO", "MAIL FROM:", NULL};
static const char *const idle[] = {
	"QUIT", "NOOP", "HELP", "STARTTLS", "RSET", "VRFY", "EXPN", "AUTH", "XCLIENT", NULL};

/* Names of the protocol and of its servers. */
static int says_smtp(const uint8_t *at, size_t length)
{
	static const char *const mark[] = {"smtp", "lmtp", "postfix", "exim", "sendmail", NULL};

	for (const char *const *word = mark; *word; word++)
		if (has_word_with(at, length, *word))
			return 1;
	return 0;
}

/* A host's name that does, if nothing else is said. */
static int hints_smtp(const uint8_t *at, size_t length)
{
	return (contains(at, length, "smtp") || contains(at, length, "mail") ||
		       contains(at, length, "mx")) &&
	       !has_word_with(at, length, "ftp");
}

/* RFC 5321 4.2 and 4.3.2: 220, or any code that refuses: 4yz and 5yz. */
static enum match is_code(const uint8_t *at, size_t left)
{
	if (at[0] != '2' && at[0] != '4' && at[0] != '5')
		return MATCH_NO;
	for (size_t i = 1; i < 3 && i < left; i++)
		if (at[i] < '0' || at[i] > '9')
			return MATCH_NO;
	if (left < 4)
		return MATCH_MORE;
	return at[3] == ' ' || at[3] == '-' || at[3] == '\r' || at[3] == '\n' ? MATCH_YES
									      : MATCH_NO;
}

static enum match read_greeting(const uint8_t *at, size_t left, struct message_info *m)
{
	int ended;
	size_t length = line_length(at, left, &ended);

	if (!is_text(at, length, 1))
		return MATCH_NO;
	if (says_smtp(at, length) || (ended && hints_smtp(at, length))) {
		m->said = SAID_ANSWER;
		return MATCH_YES;
	}
	return ended ? match_maybe(m, SIGN_ANSWERING) : MATCH_MORE;
}

/* A space, an end of line, or the colon that is part of the word. */
static int ends_word(const struct message *u, size_t word)
{
	return u->bytes[word - 1] == ':' || word == u->length || u->bytes[word] == ' ' ||
	       u->bytes[word] == '\r' || u->bytes[word] == '\n';
}

/* What may come before a hello (RFC 5321 4.1.4), or in its place. */
static enum match read_idle(const struct message *u, struct message_info *m)
{
	size_t word = 0;
	enum match r = begins_with_any(u->bytes, u->length, idle, &word);

	if (r == MATCH_YES && !ends_word(u, word))
		return MATCH_NO;
	return r == MATCH_YES ? match_maybe(m, SIGN_ASKING) : r;
}

static enum match read_command(const struct message *u, struct message_info *m)
{
	size_t word = 0;
	int ended;
	enum match r = begins_with_any(u->bytes, u->length, hello, &word);
	size_t length = line_length(u->bytes, u->length, &ended);

	if (r == MATCH_NO)
		return read_idle(u, m);
	if (!is_text(u->bytes, length, 1) || (r == MATCH_YES && !ends_word(u, word)))
		return MATCH_NO;
	if (r == MATCH_MORE || !ended)
		return ended ? MATCH_NO : MATCH_MORE;
	m->said = SAID_REQUEST;
	return MATCH_YES;
}

enum match validate_smtp(const struct message *u, struct message_info *m)
{
	enum match r = is_code(u->bytes, u->length);

	if (r == MATCH_NO)
		return read_command(u, m);
	return r == MATCH_YES ? read_greeting(u->bytes, u->length, m) : MATCH_MORE;
}
