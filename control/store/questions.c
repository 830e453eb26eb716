#include "store/questions.h"

#include <errno.h>
#include <string.h>

#include "base/literal.h"
#include "store/sum_window.h"

#define QUESTION_ENTRY(name, what, argument, filters) {#name, what, argument, filters, ask_##name},
const struct question questions[] = {QUESTION_LIST(QUESTION_ENTRY){0}};

static void bind_filter(
	struct sqlite3_stmt *s, const struct store_filter *f, const struct answer_table *a)
{
	struct sum_window w = sum_window(f->since_ns, f->until_ns);
	struct sum_window before = sum_window(0, f->since_ns);

	bind_number(s, 1, (int64_t)f->since_ns);
	bind_number(s, 2, (int64_t)f->until_ns);
	bind_text(s, 3, f->appliance);
	bind_text(s, 4, f->port);
	bind_text(s, 5, f->verdict);
	bind_text(s, 6, f->state);
	bind_text(s, 7, f->finding);
	bind_number(s, 8, (int64_t)f->at_ns);
	bind_number(s, 9, (int64_t)w.day_from_ns);
	bind_number(s, 10, (int64_t)w.day_to_ns);
	bind_number(s, 11, (int64_t)w.week_from_ns);
	bind_number(s, 12, (int64_t)w.week_to_ns);
	bind_number(s, 13, a->limit ? (int64_t)a->limit : -1);
	bind_number(s, 14, (int64_t)before.day_to_ns);
	bind_number(s, 15, (int64_t)before.week_to_ns);
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

/* An answer that took too long is one that is not complete. */
static int ended(struct answer_table *a, int got)
{
	if (got == -ETIMEDOUT) {
		a->has_missing = true;
		got = 0;
	}
	return got < 0 ? got : a->error;
}

int ask_state(struct store_reader *r, const struct store_filter *f, struct answer_table *a,
	const char *sql, int peer)
{
	struct sqlite3_stmt *s = NULL;
	int got = database_prepare(&r->state, &s, sql);

	if (got == 0)
		bind_filter(s, f, a);
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
	return ended(a, got);
}

int ask_state_number(struct store_reader *r, const struct store_filter *f, struct answer_table *a,
	const char *sql, uint64_t *number)
{
	struct sqlite3_stmt *s = NULL;
	int got = database_prepare(&r->state, &s, sql);

	if (got == 0) {
		bind_filter(s, f, a);
		got = database_row(&r->state, s);
	}
	if (got > 0)
		*number = (uint64_t)row_number(s, 0);
	database_finalize(&s);
	return ended(a, got);
}
