/* SMTP: RFC 5321 4.1.1 and 4.2. A greeting that does not say SMTP may be FTP's. */
#include "core/protocol/text_line.h"

static const char *const greeting[] = {"220 ", "220-", "554 ", "554-", "421 ", NULL};
static const char *const hello[] = {"EHLO", "HELO", "LHLO", "MAIL FROM:", NULL};
static const char *const idle[] = {"QUIT\r", "NOOP\r", "HELP\r", "STARTTLS\r", "RSET\r", NULL};

static enum reading read_greeting(const uint8_t *at, size_t left, struct meaning *m)
{
	static const char *const mark[] = {
		"smtp", "mail", "postfix", "exim", "sendmail", "mx", NULL};
	int ended;
	size_t length = line_length(at, left, &ended);

	if (!is_text(at, length, 1))
		return READING_NO;
	for (const char *const *word = mark; *word; word++) {
		if (contains(at, length, *word) && !contains(at, length, "ftp")) {
			m->said = SAID_ANSWER;
			return READING_YES;
		}
	}
	return ended ? READING_MAYBE : READING_MORE;
}

/* A space, an end of line, or the colon that is part of the word. */
static int ends_word(const struct utterance *u, size_t word)
{
	return u->bytes[word - 1] == ':' || word == u->length || u->bytes[word] == ' ' ||
	       u->bytes[word] == '\r' || u->bytes[word] == '\n';
}

static enum reading read_command(const struct utterance *u, struct meaning *m)
{
	size_t word = 0;
	int ended;
	enum reading r = begins_with_any(u->bytes, u->length, hello, &word);
	size_t length = line_length(u->bytes, u->length, &ended);

	if (r == READING_NO)
		return begins_with_any(u->bytes, u->length, idle, &word) == READING_NO
			       ? READING_NO
			       : READING_MAYBE;
	if (!is_text(u->bytes, length, 1) || (r == READING_YES && !ends_word(u, word)))
		return READING_NO;
	if (r == READING_MORE || !ended)
		return ended ? READING_NO : READING_MORE;
	m->said = SAID_REQUEST;
	return READING_YES;
}

enum reading validate_smtp(const struct utterance *u, struct meaning *m)
{
	size_t word;
	enum reading r = begins_with_any(u->bytes, u->length, greeting, &word);

	if (r == READING_NO)
		return read_command(u, m);
	return r == READING_YES ? read_greeting(u->bytes, u->length, m) : READING_MORE;
}
