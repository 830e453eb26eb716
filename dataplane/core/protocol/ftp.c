/* FTP: RFC 959. Its greeting and its first command look like others': both sides have to agree,
 * unless one of them says FTP. */
#include "core/protocol/text_line.h"

static const char *const greeting[] = {"220 ", "220-", NULL};
static const char *const command[] = {
	"USER ", "AUTH TLS", "AUTH SSL", "FEAT\r", "SYST\r", "PASS ", "OPTS UTF8", NULL};

enum reading validate_ftp(const struct utterance *u, struct meaning *m)
{
	size_t word;
	int ended;
	enum reading r = begins_with_any(u->bytes, u->length, greeting, &word);
	size_t length = line_length(u->bytes, u->length, &ended);

	if (r == READING_NO) {
		r = begins_with_any(u->bytes, u->length, command, &word);
		return r == READING_YES ? READING_MAYBE : r;
	}
	if (!is_text(u->bytes, length, 1))
		return READING_NO;
	if (r == READING_YES && contains(u->bytes, length, "ftp")) {
		m->said = SAID_ANSWER;
		return READING_YES;
	}
	return ended ? READING_MAYBE : READING_MORE;
}
