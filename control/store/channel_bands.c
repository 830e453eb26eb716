#include "store/channel_bands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "store/store_schema.h"

/* A change at a moment: connections that stand from then on, more or less. */
struct change {
	uint64_t at_ns;
	int stands;		    /* +1, -1 or 0 */
	enum channel_state attempt; /* what was tried, until attempt_ns; CHANNEL_UP: nothing */
	uint64_t attempt_ns;
	enum channel_state ending; /* how a connection ended; CHANNEL_UP: none did */
	uint64_t last_ns;	   /* its last packet */
	const char *reason;	   /* or NULL */
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

/* CHANNEL_UP: it was more than an attempt. */
static enum channel_state attempt_of(const char *connection)
{
	if (strcmp(connection, "attempted") == 0)
		return CHANNEL_UNANSWERED;
	if (strcmp(connection, "refused") == 0)
		return CHANNEL_REFUSED;
	return strcmp(connection, channel_state_name(CHANNEL_WRONG_ADDRESS)) == 0
		       ? CHANNEL_WRONG_ADDRESS
		       : CHANNEL_UP;
}

static enum channel_state ending_of(const char *ending)
{
	if (strcmp(ending, "fin") == 0)
		return CHANNEL_CLOSED;
	return strcmp(ending, "reset") == 0 ? CHANNEL_RESET : CHANNEL_SILENT;
}

/* An attempt, or a connection that was over too soon. */
static int add_attempt(struct changes *c, struct change change, enum channel_state ending)
{
	change.at_ns = change.last_ns;
	change.attempt_ns = change.last_ns + CHANNEL_ATTEMPT_NS;
	if (change.attempt == CHANNEL_HANDSHAKE_ONLY)
		change.ending = ending;
	return add_change(c, change);
}

static int add_connection(
	struct channel_bands *b, struct changes *c, struct sqlite3_stmt *s, uint64_t now_ns)
{
	uint64_t first_ns = (uint64_t)row_number(s, 2), last_ns = (uint64_t)row_number(s, 3);
	enum channel_state ending = ending_of(row_text(s, 5));
	bool is_closed = ending != CHANNEL_SILENT;
	struct change change = {.attempt = attempt_of(row_text(s, 4)),
		.last_ns = last_ns,
		.reason = keep_reason(b, row_text(s, 6)),
		.is_sealed = row_text(s, 7)[0] != '\0'};
	int error;

	if (change.attempt == CHANNEL_UP && is_closed && last_ns - first_ns < CHANNEL_SHORT_NS)
		change.attempt = CHANNEL_HANDSHAKE_ONLY;
	if (change.attempt != CHANNEL_UP)
		return add_attempt(c, change, ending);
	change.at_ns = first_ns;
	change.stands = 1;
	error = add_change(c, change);
	change.at_ns = is_closed ? last_ns : last_ns + CHANNEL_IDLE_NS;
	change.stands = -1;
	change.ending = ending;
	return error || change.at_ns > now_ns ? error : add_change(c, change);
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
		last->state == band.state && last->reason == band.reason &&
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

/* What is known of a pair so far. */
struct pair_state {
	int stands;
	const struct change *attempt; /* the last one; or NULL */
	enum channel_state ending;    /* of the connection whose packets came last */
	uint64_t last_ns;
};

static void apply(struct pair_state *p, const struct change *at)
{
	p->stands += at->stands;
	if (at->attempt != CHANNEL_UP)
		p->attempt = at;
	if (at->ending != CHANNEL_UP && at->last_ns >= p->last_ns) {
		p->ending = at->ending;
		p->last_ns = at->last_ns;
	}
}

static enum channel_state state_of(const struct pair_state *p, uint64_t at_ns)
{
	if (p->stands >= CHANNEL_CONNECTIONS)
		return CHANNEL_UP;
	if (p->stands == 1)
		return CHANNEL_HALF;
	return p->attempt && p->attempt->attempt_ns > at_ns ? p->attempt->attempt : p->ending;
}

/* What is so from a change to the next one. */
static int add_change_bands(struct channel_bands *b, const struct store_filter *f,
	const struct pair_state *p, const struct change *at, struct channel_band band)
{
	const struct change *attempt = p->attempt;
	int error = 0;

	if (p->stands == 0 && attempt && attempt->attempt_ns > band.from_ns &&
		attempt->attempt_ns < band.to_ns) {
		struct channel_band tried = band;
		tried.to_ns = attempt->attempt_ns;
		tried.state = attempt->attempt;
		tried.reason = attempt->reason;
		error = add_band(b, f, tried);
		band.from_ns = tried.to_ns;
	}
	band.state = state_of(p, band.from_ns);
	band.reason = p->stands < CHANNEL_CONNECTIONS ? at->reason : NULL;
	return error || band.to_ns < band.from_ns ? error : add_band(b, f, band);
}

/* A restarted pair has more than two connections for a while. */
static int add_pair_bands(struct channel_bands *b, const struct store_filter *f, struct changes *c,
	size_t pair, uint64_t end_ns)
{
	struct pair_state p = {.ending = CHANNEL_SILENT};
	int error = 0;

	if (c->count == 0)
		return 0;
	qsort(c->change, c->count, sizeof(*c->change), by_time);
	for (size_t i = 0; i < c->count && error == 0; i++) {
		const struct change *at = &c->change[i];
		apply(&p, at);
		error = add_change_bands(b, f, &p, at,
			(struct channel_band){.from_ns = at->at_ns,
				.to_ns = i + 1 < c->count ? c->change[i + 1].at_ns : end_ns,
				.is_sealed = at->is_sealed,
				.connections = (unsigned)p.stands,
				.pair = pair});
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
