/* FTP: RFC 959. Its greeting and its first command look like others': both sides have to agree,
 * unless one of them says FTP. */
#include "core/protocol/text_line.h"

static const char *const greeting[] = {"220 ", "220-", NULL};
static const char *const command[] = {
	"USER ", "AUTH TLS", "AUTH SSL", "FEAT\r", "SYST\r", "PASS ", "OPTS UTF8", NULL};

enum match validate_ftp(const struct message *u, struct message_info *m)
{
	size_t word;
	int ended;
	enum match r = begins_with_any(u->bytes, u->length, greeting, &word);
	size_t length = line_length(u->bytes, u->length, &ended);

	if (r == MATCH_NO) {
		r = begins_with_any(u->bytes, u->length, command, &word);
		return r == MATCH_YES ? match_maybe(m, SIGN_ASKING) : r;
	}
	if (!is_text(u->bytes, length, 1))
		return MATCH_NO;
	if (has_word_with(u->bytes, length, "smtp"))  /* a mail server may be called ftp */
		return ended ? MATCH_NO : MATCH_MORE; /* of a name the rest may come */
	if (!ended)
		return MATCH_MORE;
	if (r == MATCH_YES && has_word_with(u->bytes, length, "ftp")) {
		m->said = SAID_ANSWER;
		return MATCH_YES;
	}
	return match_maybe(m, SIGN_ANSWERING);
}
