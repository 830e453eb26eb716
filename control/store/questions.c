#include "store/questions.h"

#include <errno.h>
#include <string.h>

#include "base/literal.h"

#define QUESTION_ENTRY(name, what, argument) {#name, what, argument, ask_##name},
const struct question questions[] = {QUESTION_LIST(QUESTION_ENTRY){NULL, NULL, NULL, NULL}};

static void bind_filter(struct sqlite3_stmt *s, const struct store_filter *f)
{
	bind_number(s, 1, (int64_t)f->since_ns);
	bind_number(s, 2, (int64_t)f->until_ns);
	bind_text(s, 3, f->appliance);
	bind_text(s, 4, f->port);
	bind_text(s, 5, f->verdict);
	bind_text(s, 6, f->state);
	bind_text(s, 7, f->finding);
	bind_number(s, 8, (int64_t)f->at_ns);
}

/* Whether a peer's address is within the filter. */
static bool filter_has_peer(const struct store_filter *f, const char *text)
{
	struct address address;
	unsigned version;

	if (!f->peers && !f->outsides)
		return true;
	version = literal_address(text, &address);
	if (!version)
		return !f->peers;
	if (f->peers && !prefix_contains(f->peers, &address, version))
		return false;
	for (size_t i = 0; i < f->outsides; i++)
		if (prefix_contains(&f->outside[i], &address, version))
			return false;
	return true;
}

int ask_state(struct store_reader *r, const struct store_filter *f, struct answer_table *a,
	const char *sql, int peer)
{
	struct sqlite3_stmt *s = NULL;
	int got = database_prepare(&r->state, &s, sql);

	if (got == 0)
		bind_filter(s, f);
	while (got >= 0 && (got = database_row(&r->state, s)) > 0) {
		if ((peer >= 0 && !filter_has_peer(f, row_text(s, peer))) || !answer_wants(a))
			continue;
		for (int i = 0; i < (int)a->columns; i++)
			if (a->column[i].type == ANSWER_TEXT)
				answer_text(a, row_text(s, i));
			else
				answer_number(a, row_number(s, i));
	}
	database_finalize(&s);
	if (got == -ETIMEDOUT) {
		a->has_missing = true;
		got = 0;
	}
	return got < 0 ? got : a->error;
}
