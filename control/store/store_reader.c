#include "store/store_reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store_schema.h"

/* A run that has not ended and was seen so long ago is that of a sensor that was killed. */
#define RUNNING_NS (5 * STORE_MINUTE_NS)

static int read_span(struct store_reader *r)
{
	struct sqlite3_stmt *s = NULL;
	uint64_t wall_ns = clock_wall_ns();
	int got, error = database_prepare(&r->state, &s,
			 "SELECT min(began_ns), max(seen_ns), (SELECT max(seen_ns) FROM run WHERE "
			 "ending IS NULL AND kind = 'run') FROM run WHERE began_ns > 0");

	got = error == 0 ? database_row(&r->state, s) : error;
	if (got > 0) {
		r->first_ns = (uint64_t)row_number(s, 0);
		r->last_ns = (uint64_t)row_number(s, 1);
		r->is_running =
			!row_is_null(s, 2) && (uint64_t)row_number(s, 2) + RUNNING_NS > wall_ns;
	}
	r->now_ns = r->is_running && wall_ns > r->last_ns ? wall_ns : r->last_ns;
	database_finalize(&s);
	return got < 0 ? got : 0;
}

static bool is_late(const struct store_reader *r)
{
	return r->deadline_ns && clock_steady_ns() > r->deadline_ns;
}

/* A file is there before its tables are: where somebody may be making them, that is waited for. */
static int open_soon(const struct store_reader *r, struct database *d, const char *path,
	const struct database_kind *kind, bool may_be_made)
{
	enum { TRIES = 50, PAUSE_NS = 20000000 };
	int error = database_open(d, path, DATABASE_READ, kind);

	for (unsigned i = 1; i < TRIES && error == -ENODATA && may_be_made && !is_late(r); i++) {
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
		error = database_open(d, path, DATABASE_READ, kind);
	}
	return error;
}

int store_reader_open(struct store_reader *r, const char *folder, uint64_t deadline_ns)
{
	char path[SEGMENT_PATH_BYTES];
	int error;

	*r = (struct store_reader){.folder = folder, .deadline_ns = deadline_ns};
	state_path(folder, path);
	if (access(path, F_OK) < 0) {
		error = -errno;
		snprintf(r->why, sizeof(r->why), "%s",
			error == -ENOENT ? "no store there: it has no " STATE_FILE
					 : strerror(-error));
		return error;
	}
	error = open_soon(r, &r->state, path, &state_kind, true);
	if (error == 0) {
		r->has_days = r->state.version >= STATE_DAYS_VERSION;
		database_set_deadline(&r->state, &r->deadline_ns);
		error = read_span(r);
	}
	if (error == 0)
		error = segment_list_read(&r->segments, folder);
	if (error < 0) {
		snprintf(r->why, sizeof(r->why), "%s",
			r->state.why[0] ? r->state.why : strerror(-error));
		store_reader_close(r);
	}
	return error;
}

void store_reader_close(struct store_reader *r)
{
	if (r->state.connection)
		database_close(&r->state);
	segment_list_free(&r->segments);
}

/* 1: a sealed segment all of whose flows began after the window; 0: not, or not known. */
static int begins_later(struct database *d, uint64_t until_ns)
{
	struct sqlite3_stmt *s = NULL;
	int got =
		database_prepare(d, &s, "SELECT 1 FROM meta WHERE key = 'first_ns' AND value > ?1");

	if (got == 0) {
		bind_number(s, 1, (int64_t)until_ns);
		got = database_row(d, s);
	}
	database_finalize(&s);
	return got;
}

static int read_one(struct store_reader *r, uint64_t hour_ns, const struct store_filter *f,
	struct answer_table *a, segment_reader *read, void *context)
{
	char path[SEGMENT_PATH_BYTES], name[SEGMENT_NAME_BYTES];
	struct database d;
	int error;

	segment_path(r->folder, hour_ns, path);
	segment_name(hour_ns, name);
	error = open_soon(r, &d, path, &segment_kind, r->is_running);
	if (error == 0) {
		database_set_deadline(&d, &r->deadline_ns);
		error = begins_later(&d, f->until_ns);
		error = error ? (error > 0 ? 0 : error) : read(context, &d, f);
	}
	if (error < 0 && error != -ETIMEDOUT && error != -ENOMEM) {
		answer_note(a, "%s was not read: %s", name, d.why[0] ? d.why : strerror(-error));
		a->has_missing = true;
		error = 0;
	} else if (error >= 0) {
		a->segments_read++;
	}
	if (d.connection)
		database_close(&d);
	return error;
}

int store_reader_segments(struct store_reader *r, const struct store_filter *f,
	struct answer_table *a, segment_reader *read, void *context)
{
	int error = 0;

	/* A flow lies in the segment of its end, so no segment before the window has one of it. */
	for (size_t i = r->segments.count; i-- > 0;)
		a->segments += r->segments.file[i].hour_ns + STORE_HOUR_NS > f->since_ns;
	for (size_t i = r->segments.count; i-- > 0 && error == 0;) {
		uint64_t hour_ns = r->segments.file[i].hour_ns;
		if (hour_ns + STORE_HOUR_NS <= f->since_ns)
			break;
		error = is_late(r) ? -ETIMEDOUT : read_one(r, hour_ns, f, a, read, context);
	}
	if (error == -ETIMEDOUT) {
		a->has_missing = true;
		error = 0;
	}
	return error > 0 ? 0 : error;
}
