#include "store/channel_bands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "store/store_schema.h"

/* As channels are judged while they live: a connection without a packet for longer does not stand,
 * an attempt says why for so long, and a shorter connection than this never stood. */
#define SILENT_NS (5 * STORE_MINUTE_NS)
#define ATTEMPT_NS (3 * STORE_MINUTE_NS)
#define SHORT_NS (2 * STORE_MINUTE_NS)

/* A change at a moment: connections that stand from then on, more or less. */
struct change {
	uint64_t at_ns;
	int stands;	     /* +1, -1 or 0 */
	const char *attempt; /* what was tried, until attempt_ns */
	uint64_t attempt_ns;
	const char *reason; /* or NULL */
	bool is_sealed;
};

struct changes {
	struct change *change;
	size_t count, room;
};

static int add_change(struct changes *c, struct change change)
{
	if (c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		void *more = heap_reallocarray(c->change, room, sizeof(*c->change));
		if (!more)
			return -ENOMEM;
		c->change = more;
		c->room = room;
	}
	c->change[c->count++] = change;
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x->stands < y->stands ? 1 : x->stands > y->stands ? -1 : 0;
}

/* Kept until the bands are freed; one that comes again is the same. NULL: "", or no memory. */
static const char *keep_reason(struct channel_bands *b, const char *text)
{
	void *more;

	if (!text[0])
		return NULL;
	for (size_t i = b->texts; i-- > 0 && i + 16 > b->texts;)
		if (strcmp(b->text[i], text) == 0)
			return b->text[i];
	more = heap_reallocarray(b->text, b->texts + 1, sizeof(*b->text));
	if (!more)
		return NULL;
	b->text = more;
	b->text[b->texts] = heap_strdup(text);
	return b->text[b->texts] ? b->text[b->texts++] : NULL;
}

static const char *attempt_of(const char *connection)
{
	if (strcmp(connection, "attempted") == 0)
		return "unanswered";
	if (strcmp(connection, "refused") == 0)
		return "refused";
	return strcmp(connection, "wrong-address") == 0 ? "wrong-address" : NULL;
}

static int add_connection(
	struct channel_bands *b, struct changes *c, struct sqlite3_stmt *s, uint64_t now_ns)
{
	uint64_t first_ns = (uint64_t)row_number(s, 2), last_ns = (uint64_t)row_number(s, 3);
	const char *attempt = attempt_of(row_text(s, 4)), *ending = row_text(s, 5);
	const char *reason = keep_reason(b, row_text(s, 6));
	bool is_sealed = row_text(s, 7)[0] != '\0';
	bool is_closed = strcmp(ending, "fin") == 0 || strcmp(ending, "reset") == 0;
	uint64_t to_ns = is_closed ? last_ns : last_ns + SILENT_NS;
	int error;

	if (!attempt && is_closed && last_ns - first_ns < SHORT_NS)
		attempt = "handshake-only";
	if (attempt)
		return add_change(c, (struct change){last_ns, 0, attempt, last_ns + ATTEMPT_NS,
					     reason, is_sealed});
	error = add_change(c,
		(struct change){
			.at_ns = first_ns, .stands = 1, .reason = reason, .is_sealed = is_sealed});
	return error || to_ns > now_ns ? error
				       : add_change(c, (struct change){.at_ns = to_ns,
							       .stands = -1,
							       .reason = reason,
							       .is_sealed = is_sealed});
}

static int add_band(struct channel_bands *b, const struct store_filter *f, struct channel_band band)
{
	struct channel_band *last = b->band && b->bands ? &b->band[b->bands - 1] : NULL;
	void *more;

	if (band.from_ns < f->since_ns)
		band.from_ns = f->since_ns;
	if (band.to_ns > f->until_ns)
		band.to_ns = f->until_ns;
	if (band.from_ns > band.to_ns || (band.from_ns == band.to_ns && band.to_ns != f->until_ns))
		return 0;
	if (last && last->pair == band.pair && last->to_ns == band.from_ns &&
		strcmp(last->state, band.state) == 0 && last->reason == band.reason &&
		last->is_sealed == band.is_sealed) {
		last->to_ns = band.to_ns;
		last->connections = band.connections;
		return 0;
	}
	if ((b->bands & (b->bands - 1)) == 0) {
		more = heap_reallocarray(b->band, b->bands ? 2 * b->bands : 1, sizeof(*b->band));
		if (!more)
			return -ENOMEM;
		b->band = more;
	}
	if (!b->band)
		return -ENOMEM;
	b->band[b->bands++] = band;
	return 0;
}

static const char *state_of(int stands, const struct change *attempt, uint64_t at_ns)
{
	if (stands >= 2)
		return "up";
	if (stands == 1)
		return "half";
	return attempt && attempt->attempt_ns > at_ns ? attempt->attempt : "silent";
}

/* A restarted pair has more than two connections for a while. */
static int add_pair_bands(struct channel_bands *b, const struct store_filter *f, struct changes *c,
	size_t pair, uint64_t end_ns)
{
	const struct change *attempt = NULL;
	const char *reason;
	int stands = 0, error = 0;

	if (c->count == 0)
		return 0;
	qsort(c->change, c->count, sizeof(*c->change), by_time);
	for (size_t i = 0; i < c->count && error == 0; i++) {
		const struct change *at = &c->change[i];
		uint64_t next_ns = i + 1 < c->count ? c->change[i + 1].at_ns : end_ns;
		uint64_t from_ns = at->at_ns;
		stands += at->stands;
		if (at->attempt)
			attempt = at;
		reason = stands < 2 ? at->reason : NULL;
		if (stands == 0 && attempt && attempt->attempt_ns > from_ns &&
			attempt->attempt_ns < next_ns) {
			error = add_band(b, f,
				(struct channel_band){from_ns, attempt->attempt_ns,
					attempt->attempt, attempt->reason, at->is_sealed, 0, pair});
			from_ns = attempt->attempt_ns;
		}
		if (error == 0 && next_ns >= from_ns)
			error = add_band(b, f,
				(struct channel_band){from_ns, next_ns,
					state_of(stands, attempt, from_ns), reason, at->is_sealed,
					(unsigned)stands, pair});
	}
	c->count = 0;
	return error;
}

static int begin_pair(struct channel_bands *b, struct sqlite3_stmt *s)
{
	struct channel_pair pair = {heap_strdup(row_text(s, 0)), heap_strdup(row_text(s, 1))};
	void *more = heap_reallocarray(b->pair, b->pairs + 1, sizeof(*b->pair));

	if (more)
		b->pair = more;
	if (!more || !pair.one || !pair.other) {
		free(pair.one);
		free(pair.other);
		return -ENOMEM;
	}
	b->pair[b->pairs++] = pair;
	return 0;
}

static bool is_same_pair(const struct channel_bands *b, struct sqlite3_stmt *s)
{
	const struct channel_pair *p = b->pairs ? &b->pair[b->pairs - 1] : NULL;

	return p && strcmp(p->one, row_text(s, 0)) == 0 && strcmp(p->other, row_text(s, 1)) == 0;
}

int channel_bands_read(
	struct store_reader *r, const struct store_filter *f, struct channel_bands *b)
{
	uint64_t end_ns = f->until_ns < r->now_ns ? f->until_ns : r->now_ns;
	struct changes changes = {.count = 0};
	struct sqlite3_stmt *s = NULL;
	int got, error;

	*b = (struct channel_bands){.pairs = 0};
	error = database_prepare(&r->state, &s,
		"SELECT one, other, first_ns, last_ns, connection, ending, reason, tls FROM "
		"connection"
		" WHERE first_ns <= ?1 ORDER BY one, other");
	if (error == 0)
		bind_number(s, 1, (int64_t)f->until_ns);
	while (error == 0 && (got = database_row(&r->state, s)) != 0) {
		error = got < 0 ? got : 0;
		if (error == 0 && !is_same_pair(b, s)) {
			if (b->pairs)
				error = add_pair_bands(b, f, &changes, b->pairs - 1, end_ns);
			if (error == 0)
				error = begin_pair(b, s);
		}
		if (error == 0)
			error = add_connection(b, &changes, s, r->now_ns);
	}
	if (error == 0 && b->pairs)
		error = add_pair_bands(b, f, &changes, b->pairs - 1, end_ns);
	free(changes.change);
	database_finalize(&s);
	return error;
}

void channel_bands_free(struct channel_bands *b)
{
	for (size_t i = 0; i < b->pairs; i++) {
		free(b->pair[i].one);
		free(b->pair[i].other);
	}
	for (size_t i = 0; i < b->texts; i++)
		free(b->text[i]);
	free(b->text);
	free(b->pair);
	free(b->band);
	*b = (struct channel_bands){.pairs = 0};
}
