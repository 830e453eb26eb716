#include "script/setting.h"

#include <stdio.h>
#include <string.h>

#include "packet/link_header.h"
#include "packet/value.h"

struct packet_options setting_plain(void)
{
	return (struct packet_options)SHAPE_PLAIN;
}

/* Settings that decide how packets look must come before them. */
static bool is_early(struct script *s, const char *word)
{
	return s->builder.packets.count == 0 ||
	       tokens_fault(&s->reader.tokens, word, "this setting before the first packet");
}

static bool set_link(struct script *s)
{
	const char *word = tokens_take(&s->reader.tokens);
	enum link link = word ? link_header_link(word) : LINK_UNSUPPORTED;

	if (link == LINK_UNSUPPORTED)
		return tokens_fault(&s->reader.tokens, word, link_header_links());
	s->builder.link = link;
	return is_early(s, "link");
}

static bool set_start(struct script *s)
{
	const char *word = tokens_take(&s->reader.tokens);

	if (!word || !value_date(word, &s->start_ns))
		return tokens_fault(&s->reader.tokens, word, "a date such as 2026-01-01T00:00:00Z");
	s->previous_ns = s->end_ns = s->start_ns;
	return is_early(s, "start");
}

static bool set_snaplen(struct script *s)
{
	uint64_t value;

	if (!reader_number(&s->reader, "bytes, at most 262144", 262144, &value))
		return false;
	s->snaplen = (uint32_t)value;
	return true;
}

static bool set_seed(struct script *s)
{
	return reader_number(&s->reader, "a number", UINT64_MAX, &s->seed);
}

static bool host_role(struct script *s, struct host *h)
{
	const char *word = tokens_take(&s->reader.tokens);

	for (unsigned r = 0; word && r < ROLE_COUNT; r++) {
		if (strcmp(word, role_name((enum role)r)) == 0) {
			h->role = (enum role)r;
			return true;
		}
	}
	return tokens_fault(&s->reader.tokens, word, "management-center or managed-device");
}

static bool host_mac(struct script *s, struct host *h)
{
	const char *word = tokens_take(&s->reader.tokens);

	h->has_mac = word && value_mac(word, h->mac);
	return h->has_mac ||
	       tokens_fault(&s->reader.tokens, word, "a MAC address such as 02:00:00:00:00:07");
}

static bool host_name(struct script *s, struct host *h, const char *word)
{
	if (h->prefixes || *h->name || strlen(word) >= sizeof(h->name) ||
		strpbrk(word, ":/@()>[]\""))
		return tokens_fault(&s->reader.tokens, word,
			"an address, `mac` or `role` (and the name first)");
	if (hosts_find(&s->hosts, word, strlen(word)))
		return tokens_fault(&s->reader.tokens, word, "a name not yet taken");
	memcpy(h->name, word, strlen(word) + 1);
	return true;
}

static bool host_word(struct script *s, struct host *h, const char *word)
{
	struct prefix prefix;

	if (strcmp(word, "mac") == 0)
		return host_mac(s, h);
	if (strcmp(word, "role") == 0)
		return host_role(s, h);
	if (!value_prefix(word, &prefix))
		return host_name(s, h, word);
	if (h->prefixes == HOST_ADDRESSES_MAX)
		return tokens_fault(&s->reader.tokens, word, "at most 4 addresses");
	h->prefix[h->prefixes++] = prefix;
	return true;
}

static bool set_host(struct script *s)
{
	struct host h = {.role = ROLE_COUNT};
	const char *word;

	if (s->hosts.count == HOSTS_MAX)
		return tokens_fault(&s->reader.tokens, "host", "at most 512 hosts");
	while ((word = tokens_take(&s->reader.tokens)) != NULL) {
		if (!host_word(s, &h, word))
			return false;
	}
	if (!h.prefixes)
		return tokens_fault(&s->reader.tokens, NULL, "the host's address");
	s->hosts.host[s->hosts.count++] = h;
	return true;
}

static bool set_default(struct script *s)
{
	if (!tokens_peek(&s->reader.tokens))
		s->defaults = setting_plain();
	while (tokens_peek(&s->reader.tokens)) {
		int taken = option_read(&s->defaults, &s->reader);
		if (!taken)
			tokens_fault(&s->reader.tokens, tokens_peek(&s->reader.tokens),
				"an option, see `help script`");
		if (taken <= 0)
			return false;
	}
	return true;
}

/* The line's words under a name: from now on they stand for it. Takes the line over. */
static bool set_define(struct script *s)
{
	struct tokens *w = &s->reader.tokens;
	struct define *d = &s->define[s->defines];

	if (s->defines == DEFINES_MAX)
		return tokens_fault(w, "define", "at most 128 definitions");
	if (w->count < 3)
		return tokens_fault(w, NULL, "a name and what it stands for");
	d->tokens = *w;
	d->text = s->text;
	s->text = NULL;
	s->defines++;
	w->next = w->count;
	return true;
}

/* The rest of the line is one of the site file, with single spaces; a collection is written in
 * braces, since there is no indentation. */
static bool set_site(struct script *s)
{
	struct tokens *w = &s->reader.tokens;
	const char *word;

	if (!tokens_peek(w))
		return tokens_fault(w, NULL, "a line for the site file");
	while ((word = tokens_take(w)) != NULL) {
		size_t room = sizeof(s->site) - s->site_bytes, bytes = strlen(word) + 1;
		if (bytes >= room)
			return tokens_fault(w, word, "lines of at most 2,047 bytes together");
		snprintf(s->site + s->site_bytes, room, "%s%c", word, tokens_peek(w) ? ' ' : '\n');
		s->site_bytes += bytes;
	}
	return true;
}

static const struct setting {
	const char *name;
	bool (*set)(struct script *);
	const char *shown, *help;
} settings[] = {
	{"link", set_link, "TYPE", "ethernet (unless said), sll, sll2, raw, null, loop, ppp"},
	{"start", set_start, "DATE", "2026-01-01T00:00:00Z unless said; times count from it"},
	{"snaplen", set_snaplen, "BYTES", "of the capture file"},
	{"seed", set_seed, "N", "of random bytes; each line has its own"},
	{"host", set_host, "[NAME] ADDRESS... [mac MAC] [role ROLE]",
		"NAME then stands for the first address, NAME@6 for the first IPv6 address"},
	{"site", set_site, "WORD...", "a line for the site file, such as `outputs: {silence: 2h}`"},
	{"define", set_define, "NAME WORD...", "NAME then stands for these words"},
	{"default", set_default, "OPTION...", "for all statements below; alone: forget them"},
};

#define SETTINGS (sizeof(settings) / sizeof(*settings))

int setting_read(struct script *s)
{
	struct tokens *w = &s->reader.tokens;
	const char *name = tokens_peek(w);

	for (size_t i = 0; i < SETTINGS; i++) {
		if (strcmp(name, settings[i].name) != 0)
			continue;
		tokens_take(w);
		if (!settings[i].set(s))
			return -1;
		if (!tokens_peek(w))
			return 1;
		tokens_fault(w, tokens_peek(w), "the end of the line");
		return -1;
	}
	return 0;
}

void setting_help(FILE *out)
{
	for (size_t i = 0; i < SETTINGS; i++)
		fprintf(out, "  %-8s %-38s %s\n", settings[i].name, settings[i].shown,
			settings[i].help);
}
