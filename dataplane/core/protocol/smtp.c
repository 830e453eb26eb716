/* SMTP: RFC 5321 4.1.1 and 4.2. A greeting that does not say SMTP may be FTP's. */
#include "core/protocol/text_line.h"

static const char *const greeting[] = {"220 ", "220-", "554 ", "554-", "421 ", NULL};
static const char *const hello[] = {"EHLO", "HELO", "LHLO", "MAIL FROM:", NULL};
static const char *const idle[] = {"QUIT\r", "NOOP\r", "HELP\r", "STARTTLS\r", "RSET\r", NULL};

static enum match read_greeting(const uint8_t *at, size_t left, struct message_info *m)
{
	static const char *const mark[] = {
		"smtp", "mail", "postfix", "exim", "sendmail", "mx", NULL};
	int ended;
	size_t length = line_length(at, left, &ended);

	if (!is_text(at, length, 1))
		return MATCH_NO;
	for (const char *const *word = mark; *word; word++) {
		if (contains(at, length, *word) && !contains(at, length, "ftp")) {
			m->said = SAID_ANSWER;
			return MATCH_YES;
		}
	}
	return ended ? MATCH_MAYBE : MATCH_MORE;
}

/* A space, an end of line, or the colon that is part of the word. */
static int ends_word(const struct message *u, size_t word)
{
	return u->bytes[word - 1] == ':' || word == u->length || u->bytes[word] == ' ' ||
	       u->bytes[word] == '\r' || u->bytes[word] == '\n';
}

static enum match read_command(const struct message *u, struct message_info *m)
{
	size_t word = 0;
	int ended;
	enum match r = begins_with_any(u->bytes, u->length, hello, &word);
	size_t length = line_length(u->bytes, u->length, &ended);

	if (r == MATCH_NO)
		return begins_with_any(u->bytes, u->length, idle, &word) == MATCH_NO ? MATCH_NO
										     : MATCH_MAYBE;
	if (!is_text(u->bytes, length, 1) || (r == MATCH_YES && !ends_word(u, word)))
		return MATCH_NO;
	if (r == MATCH_MORE || !ended)
		return ended ? MATCH_NO : MATCH_MORE;
	m->said = SAID_REQUEST;
	return MATCH_YES;
}

enum match validate_smtp(const struct message *u, struct message_info *m)
{
	size_t word;
	enum match r = begins_with_any(u->bytes, u->length, greeting, &word);

	if (r == MATCH_NO)
		return read_command(u, m);
	return r == MATCH_YES ? read_greeting(u->bytes, u->length, m) : MATCH_MORE;
}
