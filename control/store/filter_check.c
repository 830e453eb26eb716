#include "store/filter_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/literal.h"
#include "base/suggest.h"
#include "protocol.h"
#include "verdict.h"

/* Names are few and short: what does not fit is not suggested. */
#define KNOWN_MAX 256
#define KNOWN_BYTES 16384

struct known_words {
	const char *name[KNOWN_MAX];
	size_t count, used;
	char text[KNOWN_BYTES];
};

static void remember(struct known_words *k, const char *name)
{
	size_t bytes = strlen(name) + 1;

	if (k->count == KNOWN_MAX || bytes > sizeof(k->text) - k->used)
		return;
	k->name[k->count++] = memcpy(k->text + k->used, name, bytes);
	k->used += bytes;
}

/* 1: `word` is among the texts of `sql`; 0: it is not, and they are remembered. */
static int find_word(
	struct store_reader *r, const char *sql, const char *word, struct known_words *known)
{
	struct sqlite3_stmt *s = NULL;
	int got = database_prepare(&r->state, &s, sql), found = 0;

	while (got >= 0 && (got = database_row(&r->state, s)) > 0) {
		found |= strcmp(row_text(s, 0), word) == 0;
		remember(known, row_text(s, 0));
	}
	database_finalize(&s);
	return got < 0 ? got : found;
}

/* A filter whose value has to be among the texts of `sql`, or a verdict. */
struct word_filter {
	const char *what, *word, *sql;
	bool is_verdict;
};

static int look_up(struct store_reader *r, const struct word_filter *w, struct known_words *known)
{
	for (size_t v = 0; w->is_verdict && v < VERDICT_COUNT; v++) {
		remember(known, verdict_name((enum verdict)v));
		if (strcmp(verdict_name((enum verdict)v), w->word) == 0)
			return 1;
	}
	return find_word(r, w->sql, w->word, known);
}

static int check_word(
	struct store_reader *r, const struct word_filter *w, char why[FILTER_CHECK_BYTES])
{
	struct known_words *known = heap_calloc(1, sizeof(*known));
	char want[SUGGEST_TEXT_BYTES];
	int found = known ? look_up(r, w, known) : -ENOMEM;

	if (found == 0) {
		suggest_want(w->word, known->name, known->count, want);
		snprintf(why, FILTER_CHECK_BYTES, "this store has no %s '%.64s'; want %s", w->what,
			w->word, want);
	}
	free(known);
	return found < 0 ? found : found ? 0 : -EINVAL;
}

/* `443`, `443/tcp`, or a protocol without ports, as findings have them. */
static int check_port(const char *port, char why[FILTER_CHECK_BYTES])
{
	enum transport transport;
	uint16_t number;

	if (literal_port(port, &number) == 0 ||
		literal_port_transport(port, &number, &transport) == 0)
		return 0;
	for (unsigned i = 0; i < 256; i++)
		if (protocol_name((uint8_t)i) && strcmp(protocol_name((uint8_t)i), port) == 0)
			return 0;
	snprintf(why, FILTER_CHECK_BYTES,
		"--port: found '%.64s'; want a port such as 443 or 443/tcp, or the name of an IP "
		"protocol",
		port);
	return -EINVAL;
}

int filter_check(struct store_reader *r, const struct store_filter *f, char why[FILTER_CHECK_BYTES])
{
	int error = f->port ? check_port(f->port, why) : 0;

	if (error == 0 && f->appliance)
		error = check_word(r,
			&(struct word_filter){"appliance", f->appliance,
				"SELECT name FROM appliance UNION SELECT appliance FROM endpoint",
				false},
			why);
	if (error == 0 && f->verdict)
		error = check_word(r,
			&(struct word_filter){"verdict", f->verdict,
				"SELECT DISTINCT verdict FROM finding WHERE verdict IS NOT NULL",
				true},
			why);
	return error;
}
