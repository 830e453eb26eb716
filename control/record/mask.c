#include "record/mask.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "packet_evidence.h"

/* What goes on in the stream's next bytes. */
enum carry {
	CARRY_NONE,
	CARRY_BYTES,  /* `left` bytes of a credential */
	CARRY_LINE,   /* to the end of the line */
	CARRY_HEADER, /* likewise, and the lines that begin with a space (RFC 9112 section 5.2) */
	CARRY_QUERY,  /* to the end of a word */
	CARRY_TARGET, /* a word in which a query may begin */
	CARRY_AUTHORITY, /* likewise, and a user */
	CARRY_USERINFO,	 /* what may be a user's password */
};

/* Tail and payload, one behind the other: what is looked at. Only bytes from `payload` on are
 * written. A tail is short, so a payload is copied only where one is there. */
struct text {
	const struct mask_context *context;
	struct mask_stream *stream; /* NULL: nothing is kept */
	uint8_t *byte;
	size_t bytes, payload; /* where the payload begins */
	bool is_cut;	       /* bytes were before the first one */
	uint32_t found;
};

static bool is_end_of_line(uint8_t c)
{
	return c == '\r' || c == '\n';
}

static bool is_end_of_word(uint8_t c)
{
	return c <= ' ' || c == '"' || c == '<' || c == '>';
}

/* Only bytes of the payload that were not masked yet count as found. */
static void mask_range(struct text *t, size_t from, size_t to, enum mask kind)
{
	if (from < t->payload)
		from = t->payload;
	if (to > t->bytes)
		to = t->bytes;
	if (from >= to)
		return;
	memset(t->byte + from, 'X', to - from);
	t->found |= 1u << kind;
}

static void goes_on(struct text *t, enum carry carry, enum mask kind, uint32_t left)
{
	if (!t->stream)
		return;
	t->stream->carry = (uint8_t)carry;
	t->stream->kind = (uint8_t)kind;
	t->stream->left = left;
}

/* --- ends of credentials. Each returns where it ends. --- */

static void expect_lines(struct text *t, unsigned sender, unsigned lines)
{
	struct mask_stream *s;

	if (!t->stream)
		return;
	s = &t->context->state->stream[sender];
	if (s->lines < lines)
		s->lines = (uint8_t)lines;
}

/* A literal of IMAP, "{4}" at the end of a line, is on the next one, and what follows behind it
 * (RFC 9051 section 4.3). */
static void expect_literal(struct text *t, size_t end)
{
	if (end > 0 && t->byte[end - 1] == '}')
		expect_lines(t, t->context->sender, 2);
}

static size_t mask_line(struct text *t, size_t at, enum mask kind)
{
	size_t from = at;

	while (at < t->bytes && !is_end_of_line(t->byte[at]))
		at++;
	if (at == t->bytes)
		goes_on(t, CARRY_LINE, kind, 0);
	else if (kind == MASK_LOGIN || kind == MASK_MAIL)
		expect_literal(t, at);
	mask_range(t, from, at, kind);
	return at;
}

/* A header's value may be folded: a line that begins with a space is part of it. */
static size_t mask_header(struct text *t, size_t at, enum mask kind)
{
	for (;;) {
		size_t from = at;

		while (at < t->bytes && !is_end_of_line(t->byte[at]))
			at++;
		mask_range(t, from, at, kind);
		at += at < t->bytes && t->byte[at] == '\r';
		at += at < t->bytes && t->byte[at] == '\n';
		if (at == t->bytes) {
			goes_on(t, CARRY_HEADER, kind, 0);
			return at;
		}
		if (t->byte[at] != ' ' && t->byte[at] != '\t')
			return at;
	}
}

static size_t mask_query(struct text *t, size_t at)
{
	size_t from = at;

	while (at < t->bytes && !is_end_of_word(t->byte[at]))
		at++;
	mask_range(t, from, at, MASK_QUERY);
	if (at == t->bytes)
		goes_on(t, CARRY_QUERY, MASK_QUERY, 0);
	return at;
}

static size_t mask_bytes(struct text *t, size_t at, uint64_t bytes, enum mask kind)
{
	uint64_t left = t->bytes - at;

	if (bytes > left) {
		mask_range(t, at, t->bytes, kind);
		goes_on(t, CARRY_BYTES, kind,
			bytes - left > UINT32_MAX ? UINT32_MAX : (uint32_t)(bytes - left));
		return t->bytes;
	}
	mask_range(t, at, at + (size_t)bytes, kind);
	return at + (size_t)bytes;
}

/* Where in a URL a word is: RFC 3986 section 3. */
struct url {
	bool is_authority; /* behind "//", and no path yet */
	bool has_colon;	   /* of the authority: a password may be behind it */
};

static enum carry carry_of(const struct url *u)
{
	if (!u->is_authority)
		return CARRY_TARGET;
	return u->has_colon ? CARRY_USERINFO : CARRY_AUTHORITY;
}

static void url_step(const struct text *t, size_t at, struct url *u)
{
	switch (t->byte[at]) {
	case '/':
		u->is_authority = at > 0 && t->byte[at - 1] == '/';
		u->has_colon = false;
		break;
	case ':':
		u->has_colon = true;
		break;
	case '@':
		u->is_authority = false;
		break;
	default:
		break;
	}
}

/* A word that is a path or a URL: its user's password before `@`, its query behind `?`. What ends
 * with the segment behind the authority's colon may be a user's. */
static size_t mask_url(struct text *t, size_t at, struct url u)
{
	size_t from = at;

	for (; at < t->bytes && !is_end_of_word(t->byte[at]); at++) {
		if (t->byte[at] == '?')
			return mask_query(t, at + 1);
		if (t->byte[at] == '@')
			mask_range(t, from, at, MASK_USERINFO);
		else if (t->byte[at] == '/')
			from = at + 1;
		url_step(t, at, &u);
	}
	if (at < t->bytes || !t->stream)
		return at;
	if (u.is_authority && u.has_colon)
		mask_range(t, from, at, MASK_USERINFO);
	goes_on(t, carry_of(&u), MASK_QUERY, 0);
	return at;
}

/* Of a request line: "/path", "host:port" or a URL. */
static size_t mask_target(struct text *t, size_t at)
{
	return mask_url(t, at, (struct url){.is_authority = true});
}

/* --- text --- */

static bool has_word(const struct text *t, size_t at, const char *word)
{
	size_t bytes = strlen(word);

	return bytes <= t->bytes - at && strncasecmp((const char *)t->byte + at, word, bytes) == 0;
}

static size_t skip_spaces(const struct text *t, size_t at)
{
	while (at < t->bytes && (t->byte[at] == ' ' || t->byte[at] == '\t'))
		at++;
	return at;
}

/* The scheme stays: what is behind it goes (RFC 9110 section 11.4). */
static size_t skip_scheme(const struct text *t, size_t at)
{
	static const char *const scheme[] = {
		"basic ", "bearer ", "digest ", "negotiate ", "ntlm ", "token "};

	at = skip_spaces(t, at);
	for (size_t i = 0; i < sizeof(scheme) / sizeof(scheme[0]); i++)
		if (has_word(t, at, scheme[i]))
			return at + strlen(scheme[i]);
	return at;
}

/* At a colon: whose header is it? */
static size_t header_value(struct text *t, size_t colon)
{
	static const struct {
		const char *name;
		enum mask kind;
	} header[] = {{"authorization", MASK_HTTP}, {"cookie", MASK_COOKIE},
		{"cookie2", MASK_COOKIE}, {"x-auth-token", MASK_HTTP}, {"x-api-key", MASK_HTTP},
		{"x-auth-access-token", MASK_HTTP}, {"host", MASK_USERINFO},
		{"x-auth-refresh-token", MASK_HTTP}};

	for (size_t i = 0; i < sizeof(header) / sizeof(header[0]); i++) {
		size_t bytes = strlen(header[i].name);
		if (colon < bytes || !has_word(t, colon - bytes, header[i].name))
			continue;
		if (header[i].kind == MASK_USERINFO)
			return mask_target(t, skip_spaces(t, colon + 1));
		return mask_header(t,
			header[i].kind == MASK_HTTP ? skip_scheme(t, colon + 1) : colon + 1,
			header[i].kind);
	}
	return colon + 1;
}

/* "://" begins what may have a password and a query, wherever it is. */
static size_t at_colon(struct text *t, size_t colon)
{
	if (has_word(t, colon, "://"))
		return mask_target(t, colon + 3);
	return header_value(t, colon);
}

/* Behind the next space of the line, or 0. */
static size_t next_word(const struct text *t, size_t at)
{
	while (at < t->bytes && t->byte[at] > ' ')
		at++;
	return at < t->bytes && t->byte[at] == ' ' ? skip_spaces(t, at) : 0;
}

static bool is_mechanism(const struct text *t, size_t at)
{
	static const char *const known[] = {"plain", "login", "cram-", "scram-", "digest-",
		"xoauth", "oauthbearer", "ntlm", "gssapi", "gss-spnego", "external", "anonymous"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strncasecmp((const char *)t->byte + at, known[i],
			    strlen(known[i]) < t->bytes - at ? strlen(known[i]) : t->bytes - at) ==
			0)
			return true; /* as far as it is there */
	return false;
}

/* AUTH of SMTP (RFC 4954) and POP3 (RFC 5034), AUTHENTICATE of IMAP (RFC 9051): what is behind the
 * mechanism, and the lines that answer what the server asks. What is no mechanism is a password. */
static size_t mask_mechanism(struct text *t, size_t at)
{
	size_t initial = is_mechanism(t, at) ? next_word(t, at) : at;

	expect_lines(t, t->context->sender, has_word(t, at, "login") + !initial);
	return initial ? mask_line(t, initial, MASK_MAIL) : at;
}

/* A word of capital letters, a space and a path or URL (RFC 9112 section 3). */
static bool is_request(const struct text *t, size_t at, size_t target)
{
	for (; at < target && t->byte[at] > ' '; at++)
		if (t->byte[at] < 'A' || t->byte[at] > 'Z')
			return false;
	return target < t->bytes;
}

/* At the begin of a line; `after_tag`: IMAP's commands have one word before them. */
static size_t command(struct text *t, size_t at, bool after_tag)
{
	size_t argument = next_word(t, at);

	if (!argument)
		return 0;
	if (has_word(t, at, "auth ") || has_word(t, at, "authenticate "))
		return mask_mechanism(t, argument);
	if (has_word(t, at, "login ") && after_tag)
		return mask_line(t, argument, MASK_LOGIN);
	if (after_tag)
		return 0;
	if (has_word(t, at, "pass ") || has_word(t, at, "apop ") || has_word(t, at, "acct "))
		return mask_line(t, argument, MASK_PASS);
	if (is_request(t, at, argument))
		return mask_target(t, argument);
	return 0;
}

/* The server asks: SMTP's 334 (RFC 4954 section 4), "+ " of POP3 and IMAP. */
static bool is_challenge(const struct text *t, size_t at)
{
	return has_word(t, at, "334 ") || has_word(t, at, "334\r") || has_word(t, at, "+ ") ||
	       has_word(t, at, "+\r");
}

static size_t at_line(struct text *t, size_t at)
{
	size_t argument, end;

	if (t->stream && t->stream->lines > 0 && at >= t->payload) {
		t->stream->lines--;
		return mask_line(t, at, MASK_MAIL);
	}
	if (is_challenge(t, at))
		expect_lines(t, 1 - t->context->sender, 1);
	end = command(t, at, false);
	if (end)
		return end;
	argument = next_word(t, at);
	end = argument ? command(t, argument, true) : 0;
	return end ? end : at;
}

/* --- binary. Each returns the end of what it masked, or 0. --- */

/* Length of BER (X.690 section 8.1.3), at most four bytes: the value's begin, or 0. */
static size_t ber_length(const struct text *t, size_t at, uint64_t *length)
{
	unsigned more;

	if (at >= t->bytes)
		return 0;
	*length = t->byte[at++];
	if (*length < 0x80)
		return at;
	more = *length & 0x7f;
	if (more == 0 || more > 4 || more > t->bytes - at)
		return 0;
	for (*length = 0; more > 0; more--)
		*length = *length << 8 | t->byte[at++];
	return at;
}

/* At a sequence of which the first member is an integer of one to four bytes: behind it, or 0. */
static size_t ber_integer(const struct text *t, size_t at, uint32_t *value)
{
	uint64_t length;

	if (at >= t->bytes || t->byte[at] != 0x02)
		return 0;
	at = ber_length(t, at + 1, &length);
	if (!at || length < 1 || length > 4 || length > t->bytes - at)
		return 0;
	for (*value = 0; length > 0; length--)
		*value = *value << 8 | t->byte[at++];
	return at;
}

/* SNMP v1 and v2c (RFC 1157, RFC 1901): version 0 or 1, then the community. */
static size_t snmp(struct text *t, size_t at)
{
	uint64_t length;
	uint32_t version;
	size_t value = ber_length(t, at + 1, &length);

	value = value ? ber_integer(t, value, &version) : 0;
	if (!value || version > 1 || value >= t->bytes || t->byte[value] != 0x04)
		return 0;
	value = ber_length(t, value + 1, &length);
	if (!value || length > 4096)
		return 0;
	if (length < t->bytes - value && (t->byte[value + length] & 0xf0) != 0xa0)
		return 0;
	return mask_bytes(t, value, length, MASK_SNMP);
}

/* LDAP (RFC 4511 section 4.2): a bind of version 2 or 3, a name, and of simple binds a password. */
static size_t ldap(struct text *t, size_t at)
{
	enum { MOST = 65536 };
	uint64_t all, length;
	uint32_t version;
	size_t begin = ber_length(t, at + 1, &all);
	size_t value = begin ? ber_integer(t, begin, &version) : 0;

	if (!value || version < 2 || version > 3 || value >= t->bytes || t->byte[value] != 0x04)
		return 0;
	value = ber_length(t, value + 1, &length);
	if (!value || length > all || all > MOST)
		return 0;
	if (length >= t->bytes - value) /* the password is still to come: all of it goes */
		return begin + all > value ? mask_bytes(t, value, begin + all - value, MASK_LDAP)
					   : 0;
	if (t->byte[value + length] != 0x80)
		return 0;
	value = ber_length(t, value + length + 1, &length);
	return value ? mask_bytes(t, value, length, MASK_LDAP) : 0;
}

/* RADIUS (RFC 2865 section 5): whether attributes fill it from here to its end. Of a packet that
 * was captured in part, as far as it goes. */
static bool are_attributes(const struct text *t, size_t at, size_t end)
{
	while (at < end) {
		if (at + 1 >= t->bytes)
			return true;
		if (t->byte[at + 1] < 2 || at + t->byte[at + 1] > end)
			return false;
		at += t->byte[at + 1];
	}
	return true;
}

/* User-Password and CHAP-Password, and Tunnel-Password (RFC 2868); the CHAP-Challenge stays. */
static size_t radius(struct text *t, size_t at)
{
	enum { HEADER = 20, REQUEST = 1, MOST = 4096 };
	enum { USER_PASSWORD = 2, CHAP_PASSWORD = 3, TUNNEL_PASSWORD = 69 };
	size_t end, bytes, i;

	if (t->bytes - at < HEADER + 2)
		return 0;
	bytes = (size_t)t->byte[at + 2] << 8 | t->byte[at + 3];
	end = at + bytes;
	if (bytes < HEADER + 2 || bytes > MOST || !are_attributes(t, at + HEADER, end))
		return 0;
	for (i = at + HEADER; i < end && i + 1 < t->bytes; i += t->byte[i + 1]) {
		uint8_t type = t->byte[i];
		if (type == USER_PASSWORD || type == CHAP_PASSWORD || type == TUNNEL_PASSWORD)
			mask_range(t, i + 2, i + t->byte[i + 1], MASK_RADIUS);
	}
	return 0; /* what else is in there may be masked too */
}

static size_t binary(struct text *t, size_t at)
{
	switch (t->byte[at]) {
	case 0x30:
		return snmp(t, at);
	case 0x60:
		return ldap(t, at);
	case 1: /* Access-Request, Access-Accept, Accounting- and CoA-Request */
	case 2:
	case 4:
	case 43:
		return radius(t, at);
	default:
		return 0;
	}
}

/* --- terminals --- */

/* TELNET (RFC 854): a command, of which options have a third byte. */
static size_t telnet_command(const struct text *t, size_t at)
{
	enum { IAC = 255, SB = 250, WILL = 251 };

	if (t->byte[at] != IAC || t->bytes - at < 2 || t->byte[at + 1] < 240)
		return 0;
	if (t->byte[at + 1] >= WILL && t->byte[at + 1] < IAC)
		return t->bytes - at < 3 ? 0 : at + 3;
	return t->byte[at + 1] == SB || t->byte[at + 1] == IAC ? 0 : at + 2;
}

/* All that is typed; commands stay, so that it can be seen that it is one. */
static void mask_typed(struct text *t)
{
	for (size_t at = t->payload; at < t->bytes;) {
		size_t behind = telnet_command(t, at);
		if (!behind)
			mask_range(t, at, at + 1, MASK_TERMINAL);
		at = behind ? behind : at + 1;
	}
}

static bool is_terminal_port(uint16_t port)
{
	return port == 23 || port == 513; /* telnet, rlogin */
}

/* Who types: the side whose port is not the service's, else the initiator. */
static bool is_typing(const struct mask_context *c)
{
	if (is_terminal_port(c->receiver_port) != is_terminal_port(c->sender_port))
		return is_terminal_port(c->receiver_port);
	return c->sender == 0;
}

static bool is_terminal(struct text *t)
{
	const struct mask_context *c = t->context;

	if (!c->is_stream)
		return false;
	if (is_terminal_port(c->sender_port) || is_terminal_port(c->receiver_port))
		return true;
	if (t->bytes - t->payload >= 3 && t->byte[t->payload + 1] >= 250 &&
		telnet_command(t, t->payload) && c->state)
		c->state->is_terminal = true;
	return c->state && c->state->is_terminal;
}

/* --- a payload --- */

/* What began in an earlier segment. Returns where it ends; where nothing did, the tail's begin. */
static size_t carry_on(struct text *t)
{
	struct mask_stream *s = t->stream;
	enum carry carry = s ? (enum carry)s->carry : CARRY_NONE;
	enum mask kind = s ? (enum mask)s->kind : MASK_HTTP;
	size_t at = t->payload;

	if (carry == CARRY_NONE)
		return 0;
	s->carry = CARRY_NONE;
	switch (carry) {
	case CARRY_BYTES:
		return mask_bytes(t, at, s->left, kind);
	case CARRY_LINE:
		return mask_line(t, at, kind);
	case CARRY_HEADER: /* the line may have ended with the segment before */
		if (t->payload > 0 && t->byte[at - 1] == '\n' && t->byte[at] != ' ' &&
			t->byte[at] != '\t')
			return at;
		return mask_header(t, at, kind);
	case CARRY_QUERY:
		return mask_query(t, at);
	default:
		return mask_url(
			t, at, (struct url){carry != CARRY_TARGET, carry == CARRY_USERINFO});
	}
}

static bool begins_line(const struct text *t, size_t at)
{
	if (at == 0)
		return !t->is_cut;
	return t->byte[at - 1] == '\n' || (t->byte[at - 1] == '\r' && t->byte[at] != '\n');
}

/* Where the line begins that goes on in the payload. */
static size_t line_start(const struct text *t)
{
	size_t at = t->payload;

	while (at > 0 && !begins_line(t, at))
		at--;
	return at;
}

/* From `at`, which may be in the tail: a credential's name may have begun there. */
static void scan(struct text *t, size_t at)
{
	size_t line = line_start(t);

	while (at < t->bytes) {
		size_t end = 0;

		if (at >= line && begins_line(t, at))
			end = at_line(t, at);
		if (end <= at)
			end = t->byte[at] == ':' ? at_colon(t, at) : binary(t, at);
		at = end > at ? end : at + 1;
	}
}

static void keep_tail(struct mask_stream *s, const uint8_t *payload, size_t bytes)
{
	size_t kept;

	if (bytes >= MASK_TAIL) {
		s->is_long |= bytes > MASK_TAIL || s->tail_bytes > 0;
		memcpy(s->tail, payload + bytes - MASK_TAIL, MASK_TAIL);
		s->tail_bytes = MASK_TAIL;
		return;
	}
	kept = MASK_TAIL - bytes < s->tail_bytes ? MASK_TAIL - bytes : s->tail_bytes;
	s->is_long |= kept < s->tail_bytes;
	memmove(s->tail, s->tail + s->tail_bytes - kept, kept);
	memcpy(s->tail + kept, payload, bytes);
	s->tail_bytes = (uint8_t)(kept + bytes);
}

/* Credentials were seen, or the next line is one. */
static bool is_among_credentials(const struct mask_state *state)
{
	for (unsigned i = 0; i < 2; i++)
		if (state->stream[i].had_credentials || state->stream[i].lines > 0 ||
			state->stream[i].carry != CARRY_NONE)
			return true;
	return false;
}

/* Bytes are missing before it: a line may begin anywhere. */
static void skip_gap(struct mask_stream *s)
{
	s->tail_bytes = 0;
	s->is_long = 0;
}

/* Out of order: all of it, or what it shows by itself. */
static uint32_t mask_disorder(const struct mask_context *c, uint8_t *payload, size_t bytes)
{
	struct text t = {.context = c, .byte = payload, .bytes = bytes};

	if (is_among_credentials(c->state))
		mask_range(&t, 0, bytes, MASK_DISORDER);
	else
		scan(&t, 0);
	return t.found;
}

static uint32_t mask_stream(const struct mask_context *c, uint8_t *payload, size_t bytes)
{
	struct mask_stream *s = &c->state->stream[c->sender];
	uint8_t both[MASK_TAIL + EVIDENCE_FRAME_MAX];
	struct text t = {.context = c,
		.stream = s,
		.byte = both,
		.bytes = s->tail_bytes + bytes,
		.payload = s->tail_bytes,
		.is_cut = s->is_long};

	memcpy(both, s->tail, s->tail_bytes);
	memcpy(both + s->tail_bytes, payload, bytes);
	keep_tail(s, payload, bytes);
	if (is_terminal(&t) && is_typing(c)) {
		mask_typed(&t);
	} else {
		scan(&t, carry_on(&t));
	}
	memcpy(payload, both + t.payload, bytes);
	s->had_credentials |= t.found != 0;
	return t.found;
}

uint32_t mask_payload(const struct mask_context *c, uint8_t *payload, size_t bytes)
{
	struct text t = {.context = c, .byte = payload, .bytes = bytes};
	struct mask_stream *s;
	uint32_t found = 0;

	if (!c->state || !c->is_stream) {
		scan(&t, 0);
		return t.found;
	}
	s = &c->state->stream[c->sender];
	if (s->is_begun && s->next != c->sequence) {
		found = mask_disorder(c, payload, bytes);
		if ((int32_t)(c->sequence - s->next) < 0)
			return found;
		skip_gap(s);
	}
	s->is_begun = true;
	s->next = c->sequence + (uint32_t)bytes;
	for (size_t at = 0; at < bytes; at += EVIDENCE_FRAME_MAX)
		found |= mask_stream(c, payload + at,
			bytes - at < EVIDENCE_FRAME_MAX ? bytes - at : EVIDENCE_FRAME_MAX);
	return found;
}

void mask_describe(uint32_t found, char text[MASK_TEXT_BYTES])
{
#define MASK_NAME(name, text) text,
	static const char *const name[] = {MASK_LIST(MASK_NAME)};
#undef MASK_NAME
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < MASK_COUNT; i++)
		if (found >> i & 1)
			used += (size_t)snprintf(text + used, MASK_TEXT_BYTES - used, "%s%s",
				used ? ", " : "masked: ", name[i]);
}
