#include "store/segment_writer.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash_table.h"
#include "base/heap.h"
#include "store/segment_list.h"
#include "store/segment_words.h"
#include "store/store_schema.h"

/* Server names and histories that a segment keeps: what comes beyond is left out. */
#define WORDS_MAX 65536

static_assert(WORD_SERVICE + SERVICE_COUNT < 128, "a word of a list takes one byte");

/* A capture of months has a segment for each hour: waiting for the disk is then most of a replay.
 */
static const char without_sync[] = "PRAGMA synchronous=OFF";

/* A text of the file and its row. */
struct word {
	int64_t id;
	UT_hash_handle hh;
	char text[];
};

struct known_endpoint {
	int64_t id;
	UT_hash_handle hh;
};

struct flow_segment {
	uint64_t hour_ns; /* 0: no file */
	struct database database;
	struct sqlite3_stmt *flow, *endpoint, *word, *find_word;
	struct word *words;
	struct known_endpoint *endpoints;
	bool is_begun;
	uint64_t used; /* when it was used last */
};

/* How much of a batch an hour's file has: a batch that fails is written again from its start, and
 * what was committed of it by then is not to be there twice. */
struct hour_written {
	uint64_t hour_ns;
	uint64_t committed, seen; /* flows of the batch; seen: since its last start */
	UT_hash_handle hh;
};

struct segment_writer {
	const char *folder;
	bool is_replay;
	struct flow_segment segment[SEGMENTS_OPEN];
	struct hour_written *written;
	uint64_t uses;
	uint64_t *to_seal; /* closed for want of room */
	size_t to_seal_count, to_seal_room;
	unsigned opened;
	char why[DATABASE_WHY_BYTES];
};

struct segment_writer *segment_writer_new(const char *folder, bool is_replay)
{
	struct segment_writer *w = heap_calloc(1, sizeof(*w));

	if (w)
		*w = (struct segment_writer){.folder = folder, .is_replay = is_replay};
	return w;
}

const char *segment_writer_why(const struct segment_writer *w)
{
	return w->why;
}

static int fail(struct segment_writer *w, const struct flow_segment *s, int error)
{
	if (error < 0 && s->database.why[0])
		snprintf(w->why, sizeof(w->why), "%s", s->database.why);
	return error;
}

/* ---- open and close ---- */

static void forget_rows(struct flow_segment *s)
{
	struct known_endpoint *e, *next_endpoint;
	struct word *word, *next_word;

	HASH_ITER(hh, s->words, word, next_word)
	{
		HASH_DEL(s->words, word);
		free(word);
	}
	HASH_ITER(hh, s->endpoints, e, next_endpoint)
	{
		HASH_DEL(s->endpoints, e);
		free(e);
	}
}

static void close_segment(struct flow_segment *s)
{
	struct sqlite3_stmt **const all[] = {&s->flow, &s->endpoint, &s->word, &s->find_word};

	forget_rows(s);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		database_finalize(all[i]);
	if (s->database.connection)
		database_close(&s->database);
	*s = (struct flow_segment){.hour_ns = 0};
}

void segment_writer_free(struct segment_writer *w)
{
	if (!w)
		return;
	for (unsigned i = 0; i < SEGMENTS_OPEN; i++)
		close_segment(&w->segment[i]);
	segment_writer_end_batch(w);
	free(w->to_seal);
	free(w);
}

static int prepare(struct flow_segment *s)
{
	static const char flow[] =
		"INSERT INTO flow VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
		" ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25)";
	struct database *d = &s->database;
	int error = database_prepare(d, &s->flow, flow);

	if (error == 0)
		error = database_prepare(d, &s->endpoint,
			"INSERT OR IGNORE INTO endpoint VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
	if (error == 0)
		error = database_prepare(d, &s->word, "INSERT OR IGNORE INTO word VALUES(?1, ?2)");
	if (error == 0)
		error = database_prepare(d, &s->find_word, "SELECT id FROM word WHERE text = ?1");
	return error;
}

static int put_word(struct flow_segment *s, int64_t id, const char *text)
{
	bind_number(s->word, 1, id);
	bind_text(s->word, 2, text);
	return database_step(&s->database, s->word);
}

static int put_list(struct flow_segment *s, int64_t from, const char *const *text, size_t count)
{
	int error = 0;

	for (size_t i = 0; i < count && error == 0; i++)
		error = put_word(s, from + (int64_t)i, text[i]);
	return error;
}

static int put_lists(struct flow_segment *s)
{
	static const char *const verdict[] = {VERDICT_LIST(LIST_NAME)};
	static const char *const connection[] = {CONNECTION_LIST(LIST_NAME)};
	static const char *const basis[] = {BASIS_LIST(LIST_NAME)};
	static const char *const service_basis[] = {SERVICE_BASIS_LIST(LIST_NAME)};
	static const char *const ending[] = {END_LIST(LIST_NAME)};
	int error = put_list(s, WORD_VERDICT, verdict, VERDICT_COUNT);

	if (error == 0)
		error = put_list(s, WORD_CONNECTION, connection, CONNECTION_COUNT);
	if (error == 0)
		error = put_list(s, WORD_BASIS, basis, BASIS_COUNT);
	if (error == 0)
		error = put_list(s, WORD_SERVICE_BASIS, service_basis,
			sizeof(service_basis) / sizeof(service_basis[0]));
	if (error == 0)
		error = put_list(s, WORD_ENDING, ending, END_COUNT);
	for (unsigned i = 0; i < SERVICE_COUNT && error == 0; i++)
		error = put_word(s, WORD_SERVICE + i, service_name((enum service)i));
	/* The file's own words come behind it: a later version may have more services. */
	return error < 0 ? error : put_word(s, WORD_OWN - 1, "");
}

static int begin(struct flow_segment *s)
{
	int error = s->is_begun ? 0 : database_begin(&s->database);

	s->is_begun = error == 0;
	return error;
}

static int open_segment(struct segment_writer *w, struct flow_segment *s, uint64_t hour_ns)
{
	char name[SEGMENT_NAME_BYTES], path[SEGMENT_PATH_BYTES];
	int error;

	segment_name(hour_ns, name);
	segment_path(w->folder, hour_ns, path);
	error = database_open(&s->database, path, DATABASE_WRITE, &segment_kind);
	if (error == 0 && w->is_replay)
		error = database_run(&s->database, without_sync);
	if (error == 0)
		error = prepare(s);
	if (error == 0)
		error = begin(s);
	if (error == 0)
		error = put_lists(s);
	if (error < 0) {
		snprintf(w->why, sizeof(w->why), "%s: %.200s", name, s->database.why);
		close_segment(s);
		return error;
	}
	s->hour_ns = hour_ns;
	w->opened++;
	return 0;
}

unsigned segment_writer_opened(const struct segment_writer *w)
{
	return w->opened;
}

static struct hour_written *written_of(struct segment_writer *w, uint64_t hour_ns)
{
	struct hour_written *h;

	HASH_FIND(hh, w->written, &hour_ns, sizeof(hour_ns), h);
	if (h)
		return h;
	h = heap_calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	h->hour_ns = hour_ns;
	HASH_ADD(hh, w->written, hour_ns, sizeof(h->hour_ns), h);
	return h;
}

static int commit(struct segment_writer *w, struct flow_segment *s)
{
	int error = s->is_begun ? fail(w, s, database_commit(&s->database)) : 0;
	struct hour_written *h;

	if (!s->is_begun || error < 0)
		return error;
	s->is_begun = false;
	HASH_FIND(hh, w->written, &s->hour_ns, sizeof(s->hour_ns), h);
	if (h)
		h->committed = h->seen;
	return 0;
}

static struct flow_segment *oldest(struct segment_writer *w)
{
	struct flow_segment *s = w->segment;

	for (unsigned i = 1; i < SEGMENTS_OPEN; i++)
		if (w->segment[i].used < s->used)
			s = &w->segment[i];
	return s;
}

/* A batch of a capture may have thousands of hours. Without memory it is left as it is: readable,
 * without indices. */
static void note_to_seal(struct segment_writer *w, uint64_t hour_ns)
{
	size_t room = w->to_seal_room ? 2 * w->to_seal_room : 64;
	uint64_t *more;

	if (w->to_seal_count == w->to_seal_room) {
		more = heap_realloc(w->to_seal, room * sizeof(*more));
		if (!more)
			return;
		w->to_seal = more;
		w->to_seal_room = room;
	}
	w->to_seal[w->to_seal_count++] = hour_ns;
}

/* NULL with the reason in *error. */
static struct flow_segment *segment_of(struct segment_writer *w, uint64_t time_ns, int *error)
{
	uint64_t hour_ns = time_ns - time_ns % STORE_HOUR_NS;
	struct flow_segment *s;

	for (unsigned i = 0; i < SEGMENTS_OPEN; i++) {
		s = &w->segment[i];
		if (s->database.connection && s->hour_ns == hour_ns) {
			s->used = ++w->uses;
			return s;
		}
	}
	s = oldest(w);
	if (s->database.connection) {
		*error = commit(w, s);
		if (*error < 0)
			return NULL;
		note_to_seal(w, s->hour_ns);
		close_segment(s);
	}
	*error = open_segment(w, s, hour_ns);
	s->used = ++w->uses;
	return *error < 0 ? NULL : s;
}

/* ---- rows that flows refer to ---- */

/* Row of a text that the file may have from before, or a new one; 0: no room. */
static int64_t row_of(struct flow_segment *s, const char *text)
{
	int64_t id = 0;

	bind_text(s->find_word, 1, text);
	if (database_number(&s->database, s->find_word, &id) > 0)
		return id;
	bind_null(s->word, 1);
	bind_text(s->word, 2, text);
	return database_step(&s->database, s->word) < 0 ? 0 : database_last_id(&s->database);
}

static int64_t word_of(struct flow_segment *s, const char *text)
{
	size_t length = strlen(text);
	struct word *word;

	if (length == 0)
		return 0;
	HASH_FIND(hh, s->words, text, length, word);
	if (word)
		return word->id;
	word = HASH_COUNT(s->words) < WORDS_MAX ? heap_malloc(sizeof(*word) + length + 1) : NULL;
	if (!word)
		return 0;
	memcpy(word->text, text, length + 1);
	word->id = row_of(s, text);
	HASH_ADD_KEYPTR(hh, s->words, word->text, length, word);
	return word->id;
}

static int know_endpoint(struct flow_segment *s, int64_t id, const struct stored_endpoint *e)
{
	struct known_endpoint *known;
	const char *const text[] = {
		e->appliance, e->role, e->direction, e->rule, e->features, e->verdict};

	HASH_FIND(hh, s->endpoints, &id, sizeof(id), known);
	if (known)
		return 0;
	known = heap_calloc(1, sizeof(*known));
	if (!known)
		return -ENOMEM;
	known->id = id;
	HASH_ADD(hh, s->endpoints, id, sizeof(known->id), known);
	bind_number(s->endpoint, 1, id);
	for (int i = 0; i < 6; i++)
		bind_text(s->endpoint, 2 + i, text[i]);
	return database_step(&s->database, s->endpoint);
}

/* ---- flows ---- */

static void bind_address(
	struct sqlite3_stmt *t, int place, const struct stored_flow *f, unsigned end)
{
	const uint8_t *b = f->address[end].byte;

	if (f->version == 4)
		bind_number(t, place,
			(int64_t)b[12] << 24 | (int64_t)b[13] << 16 | (int64_t)b[14] << 8 | b[15]);
	else
		bind_bytes(t, place, b, 16);
}

static void bind_optional(struct sqlite3_stmt *t, int place, int64_t value)
{
	if (value)
		bind_number(t, place, value);
	else
		bind_null(t, place);
}

static void bind_ends(struct sqlite3_stmt *t, const struct stored_flow *f, const int64_t id[2])
{
	for (unsigned end = 0; end < 2; end++) {
		int place = 3 + 2 * (int)end;
		bind_address(t, place, f, end);
		if (f->has_ports)
			bind_number(t, place + 1, f->port[end]);
		else
			bind_null(t, place + 1);
		bind_optional(t, 8 + (int)end, id[end] > 0 ? id[end] : 0);
		bind_number(t, 17 + 2 * (int)end, (int64_t)f->all_packets[end]);
		bind_number(t, 18 + 2 * (int)end, (int64_t)f->all_bytes[end]);
	}
}

static void bind_flow(struct flow_segment *s, const struct stored_flow *f)
{
	struct sqlite3_stmt *t = s->flow;

	bind_number(t, 1, (int64_t)f->start_ns);
	bind_number(t, 2, f->end_ns > f->start_ns ? (int64_t)(f->end_ns - f->start_ns) : 0);
	bind_number(t, 7, f->protocol);
	bind_number(t, 10, WORD_VERDICT + f->verdict);
	bind_number(t, 11, WORD_CONNECTION + f->connection);
	bind_number(t, 12, WORD_BASIS + f->basis);
	bind_number(t, 13, f->severity);
	bind_optional(t, 14, f->service ? WORD_SERVICE + f->service - 1 : 0);
	bind_number(t, 15, WORD_SERVICE_BASIS + f->service_basis);
	bind_number(t, 16, WORD_ENDING + f->end);
	bind_optional(t, 21, finding_number(f->finding));
	bind_optional(t, 22, f->evasions);
	bind_optional(t, 23, f->vlan);
	bind_optional(t, 24, word_of(s, f->name));
	bind_optional(t, 25, word_of(s, f->history));
}

static int add_flow(struct segment_writer *w, struct flow_segment *s, const struct stored_flow *f,
	const int64_t id[2], const struct stored_endpoint *const end[2])
{
	int error = begin(s);

	for (unsigned i = 0; i < 2 && error == 0; i++)
		if (id[i] > 0)
			error = know_endpoint(s, id[i], end[i]);
	if (error < 0)
		return fail(w, s, error);
	bind_flow(s, f);
	bind_ends(s->flow, f, id);
	return fail(w, s, database_step(&s->database, s->flow));
}

int segment_writer_add(struct segment_writer *w, const struct stored_flow *f, const int64_t id[2],
	const struct stored_endpoint *const end[2])
{
	struct hour_written *h = written_of(w, f->end_ns - f->end_ns % STORE_HOUR_NS);
	struct flow_segment *s;
	int error = 0;

	if (!h)
		return -ENOMEM;
	if (h->seen < h->committed) {
		h->seen++;
		return 0;
	}
	s = segment_of(w, f->end_ns, &error);
	if (s)
		error = add_flow(w, s, f, id, end);
	h->seen += error == 0;
	return error;
}

int segment_writer_commit(struct segment_writer *w)
{
	int error = 0;

	for (unsigned i = 0; i < SEGMENTS_OPEN && error == 0; i++)
		if (w->segment[i].database.connection)
			error = commit(w, &w->segment[i]);
	return error;
}

void segment_writer_roll_back(struct segment_writer *w)
{
	for (unsigned i = 0; i < SEGMENTS_OPEN; i++) {
		struct flow_segment *s = &w->segment[i];
		if (!s->database.connection || !s->is_begun)
			continue;
		database_roll_back(&s->database);
		s->is_begun = false;
		close_segment(s); /* what it knew of rows is not so */
	}
	for (struct hour_written *h = w->written; h; h = h->hh.next)
		h->seen = 0;
}

void segment_writer_end_batch(struct segment_writer *w)
{
	struct hour_written *h, *next;

	HASH_ITER(hh, w->written, h, next)
	{
		HASH_DEL(w->written, h);
		free(h);
	}
}

uint64_t segment_writer_finished(struct segment_writer *w, uint64_t hour_ns)
{
	if (w->to_seal_count)
		return w->to_seal[--w->to_seal_count];
	for (unsigned i = 0; i < SEGMENTS_OPEN; i++) {
		struct flow_segment *s = &w->segment[i];
		uint64_t finished_ns = s->hour_ns;
		if (!s->database.connection || s->is_begun || finished_ns >= hour_ns)
			continue;
		close_segment(s);
		return finished_ns;
	}
	return 0;
}

/* ---- sealing ---- */

int segment_seal(const char *path, bool is_replay, char why[DATABASE_WHY_BYTES])
{
	struct database d;
	int error = database_open(&d, path, DATABASE_EXTEND, &segment_kind);

	if (error == 0 && is_replay)
		error = database_run(&d, without_sync);
	if (error == 0)
		error = database_begin(&d);
	if (error == 0)
		error = database_run(&d, segment_indices);
	if (error == 0)
		error = database_commit(&d);
	if (error == 0)
		error = database_run(&d, "PRAGMA journal_mode=DELETE");
	snprintf(why, DATABASE_WHY_BYTES, "%s", d.why);
	if (d.connection)
		database_close(&d);
	return error;
}

int segment_is_sealed(const char *path, char why[DATABASE_WHY_BYTES])
{
	struct sqlite3_stmt *s = NULL;
	struct database d;
	int got, error = database_open(&d, path, DATABASE_READ, &segment_kind);

	if (error == 0)
		error = database_prepare(&d, &s, "SELECT value FROM meta WHERE key = 'sealed'");
	got = error == 0 ? database_row(&d, s) : error;
	snprintf(why, DATABASE_WHY_BYTES, "%s", d.why);
	database_finalize(&s);
	if (d.connection)
		database_close(&d);
	return got == -ENODATA ? 0 : got;
}
