#include "store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* Another process that writes (a note, an acknowledgement) is done within milliseconds. */
#define BUSY_MS 5000

/* SQLite's instructions between two looks at the clock: some 0.1 ms. */
#define PROGRESS_STEPS 20000

static int error_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_INTERRUPT:
		return -ETIMEDOUT;
	case SQLITE_NOTADB:
		return -EMEDIUMTYPE;
	case SQLITE_CORRUPT:
	case SQLITE_SCHEMA:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

static int fail(struct database *d, int code)
{
	int error = error_of(code);

	if (error < 0)
		snprintf(d->why, sizeof(d->why), "%s",
			d->connection ? sqlite3_errmsg(d->connection) : sqlite3_errstr(code));
	return error;
}

int database_run(struct database *d, const char *sql)
{
	return fail(d, sqlite3_exec(d->connection, sql, NULL, NULL, NULL));
}

static int pragma(struct database *d, const char *sql, int64_t *value)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(d->connection, sql, -1, &s, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		*value = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return code == SQLITE_ROW ? 0 : fail(d, code);
}

static int set_kind(struct database *d, const struct database_kind *k, int version)
{
	char sql[96];

	snprintf(sql, sizeof(sql), "PRAGMA application_id=%d; PRAGMA user_version=%d",
		(int)k->application_id, version);
	return database_run(d, sql);
}

static int migrate(struct database *d, const struct database_kind *k, int from)
{
	int error = database_begin(d);

	for (unsigned i = 0; from == 0 && k->schema[i] && error == 0; i++)
		error = database_run(d, k->schema[i]);
	for (int v = from; from > 0 && error == 0 && v < k->version; v++)
		error = database_run(d, k->migration[v - 1]);
	if (error == 0)
		error = set_kind(d, k, k->version);
	if (error == 0)
		error = database_commit(d);
	if (error < 0)
		database_roll_back(d);
	else
		d->version = k->version;
	return error;
}

/* Version 0 without any table is a file that was just made. */
static int check_kind(struct database *d, const struct database_kind *k, enum database_mode mode)
{
	int64_t id = 0, version = 0, tables = 0;
	int error = pragma(d, "PRAGMA application_id", &id);
	bool is_new;

	if (error == 0)
		error = pragma(d, "PRAGMA user_version", &version);
	if (error == 0)
		error = pragma(d, "SELECT count(*) FROM sqlite_master", &tables);
	if (error < 0)
		return error;
	is_new = id == 0 && version == 0 && tables == 0;
	if (is_new && mode != DATABASE_READ)
		return migrate(d, k, 0);
	if (is_new) {
		snprintf(d->why, sizeof(d->why), "nothing was written to it before its end");
		return -ENODATA;
	}
	if (id != k->application_id) {
		snprintf(d->why, sizeof(d->why), "not a %s of portolan", k->what);
		return -EMEDIUMTYPE;
	}
	if (version > k->version) {
		snprintf(d->why, sizeof(d->why),
			"written by a newer portolan (version %d, this one reads %d)", (int)version,
			k->version);
		return -EPROTO;
	}
	d->version = (int)version;
	return version < k->version && mode == DATABASE_WRITE ? migrate(d, k, (int)version) : 0;
}

/* SQLite makes files with mode 0644 and follows links: the file is made first. */
static int make_file(struct database *d, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	struct stat st;
	int error = fd < 0 ? -errno : 0;

	if (error == 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
		error = -EMEDIUMTYPE;
	if (fd >= 0)
		close(fd);
	if (error < 0)
		snprintf(d->why, sizeof(d->why), "%s",
			error == -EMEDIUMTYPE ? "not a regular file" : strerror(-error));
	return error;
}

static int set_up(struct database *d, enum database_mode mode)
{
	sqlite3_busy_timeout(d->connection, BUSY_MS);
	sqlite3_db_config(d->connection, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(d->connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(d->connection, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_extended_result_codes(d->connection, 1);
	if (mode == DATABASE_READ)
		return database_run(d, "PRAGMA query_only=1; PRAGMA cell_size_check=1");
	return database_run(d, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
			       "PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864");
}

int database_open(struct database *d, const char *path, enum database_mode mode,
	const struct database_kind *k)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
	int error = 0;

	*d = (struct database){.connection = NULL};
	if (mode == DATABASE_WRITE)
		error = make_file(d, path);
	if (error < 0)
		return error;
	flags |= mode == DATABASE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	error = fail(d, sqlite3_open_v2(path, &d->connection, flags, NULL));
	if (error == 0)
		error = set_up(d, mode);
	if (error == 0)
		error = check_kind(d, k, mode);
	if (error < 0)
		database_close(d);
	return error;
}

void database_close(struct database *d)
{
	sqlite3_close_v2(d->connection);
	d->connection = NULL;
}

int database_begin(struct database *d)
{
	return database_run(d, "BEGIN IMMEDIATE");
}

int database_commit(struct database *d)
{
	return database_run(d, "COMMIT");
}

void database_roll_back(struct database *d)
{
	if (!sqlite3_get_autocommit(d->connection))
		sqlite3_exec(d->connection, "ROLLBACK", NULL, NULL, NULL);
}

int database_prepare(struct database *d, struct sqlite3_stmt **s, const char *sql)
{
	return fail(
		d, sqlite3_prepare_v3(d->connection, sql, -1, SQLITE_PREPARE_PERSISTENT, s, NULL));
}

void database_finalize(struct sqlite3_stmt **s)
{
	sqlite3_finalize(*s);
	*s = NULL;
}

void bind_number(struct sqlite3_stmt *s, int place, int64_t value)
{
	sqlite3_bind_int64(s, place, value);
}

void bind_real(struct sqlite3_stmt *s, int place, double value)
{
	sqlite3_bind_double(s, place, value);
}

void bind_text(struct sqlite3_stmt *s, int place, const char *text)
{
	sqlite3_bind_text(s, place, text, -1, SQLITE_STATIC);
}

void bind_bytes(struct sqlite3_stmt *s, int place, const void *bytes, size_t count)
{
	sqlite3_bind_blob64(s, place, bytes, count, SQLITE_STATIC);
}

void bind_null(struct sqlite3_stmt *s, int place)
{
	sqlite3_bind_null(s, place);
}

int database_step(struct database *d, struct sqlite3_stmt *s)
{
	int code = sqlite3_step(s);
	int error = fail(d, code);

	sqlite3_reset(s);
	return error;
}

int database_row(struct database *d, struct sqlite3_stmt *s)
{
	int code = sqlite3_step(s);
	int error;

	if (code == SQLITE_ROW)
		return 1;
	error = fail(d, code);
	sqlite3_reset(s);
	return error;
}

int database_number(struct database *d, struct sqlite3_stmt *s, int64_t *value)
{
	int got = database_row(d, s);

	if (got > 0)
		*value = row_number(s, 0);
	sqlite3_reset(s);
	return got;
}

int64_t row_number(struct sqlite3_stmt *s, int column)
{
	return sqlite3_column_int64(s, column);
}

double row_real(struct sqlite3_stmt *s, int column)
{
	return sqlite3_column_double(s, column);
}

bool row_is_null(struct sqlite3_stmt *s, int column)
{
	return sqlite3_column_type(s, column) == SQLITE_NULL;
}

const char *row_text(struct sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	return text ? text : "";
}

const void *row_bytes(struct sqlite3_stmt *s, int column, size_t bytes)
{
	if (sqlite3_column_type(s, column) != SQLITE_BLOB ||
		(size_t)sqlite3_column_bytes(s, column) != bytes)
		return NULL;
	return sqlite3_column_blob(s, column);
}

int64_t database_last_id(const struct database *d)
{
	return sqlite3_last_insert_rowid(d->connection);
}

int64_t database_changes(const struct database *d)
{
	return sqlite3_changes64(d->connection);
}

static int is_late(void *deadline_ns)
{
	uint64_t at_ns = *(const uint64_t *)deadline_ns;

	return at_ns && clock_steady_ns() > at_ns;
}

void database_set_deadline(struct database *d, const uint64_t *deadline_ns)
{
	if (deadline_ns && *deadline_ns)
		sqlite3_progress_handler(
			d->connection, PROGRESS_STEPS, is_late, (void *)(uintptr_t)deadline_ns);
	else
		sqlite3_progress_handler(d->connection, 0, NULL, NULL);
}
