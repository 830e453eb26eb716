/* A database file of the store: SQLite, opened, asked and written through these few functions.
 *
 * Every function that can fail returns 0 or a negative errno, and keeps SQLite's own words for
 * database_why(). A statement is prepared once and used again. Text and blobs that are bound have
 * to live until the step. Used by one thread at a time.
 */
#ifndef PORTOLAN_DATABASE_H
#define PORTOLAN_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqlite3;
struct sqlite3_stmt;

#define DATABASE_WHY_BYTES 256

struct database {
	struct sqlite3 *connection; /* NULL: closed */
	int version;		    /* of its tables */
	char why[DATABASE_WHY_BYTES];
};

enum database_mode {
	DATABASE_WRITE,	 /* made if it is missing, brought up to date; WAL */
	DATABASE_EXTEND, /* has to exist; another program may be writing, so its version stays */
	DATABASE_READ,
};

/* What a file says it is: PRAGMA application_id and user_version. */
struct database_kind {
	const char *what; /* for messages */
	int32_t application_id;
	int version;
	const char *const *schema;    /* statements that make an empty file one of this kind; NULL
					 after the last */
	const char *const *migration; /* [i]: from version i + 1 to i + 2; may be NULL */
};

/* -EMEDIUMTYPE: not a file of this kind; -EPROTO: of a newer version; -EBADMSG: damaged;
 * -ENODATA: without tables, its writer was killed when it had made it; who writes makes them. A new
 * file gets mode 0640, and links are not followed. */
int database_open(
	struct database *, const char *path, enum database_mode, const struct database_kind *);
void database_close(struct database *);

int database_run(struct database *, const char *sql);

/* In a transaction: begin takes the lock of the writer at once. */
int database_begin(struct database *);
int database_commit(struct database *);
void database_roll_back(struct database *);

int database_prepare(struct database *, struct sqlite3_stmt **, const char *sql);
void database_finalize(struct sqlite3_stmt **);

/* Values by place, from 1. */
void bind_number(struct sqlite3_stmt *, int place, int64_t);
void bind_real(struct sqlite3_stmt *, int place, double);
void bind_text(struct sqlite3_stmt *, int place, const char *); /* NULL: null */
void bind_bytes(struct sqlite3_stmt *, int place, const void *, size_t);
void bind_null(struct sqlite3_stmt *, int place);

/* Runs a statement that gives no rows, and makes it ready for the next values. */
int database_step(struct database *, struct sqlite3_stmt *);

/* 1: there is a row; 0: no more, and the statement is ready again; or a negative errno, -ETIMEDOUT
 * once the deadline is over. */
int database_row(struct database *, struct sqlite3_stmt *);

/* The first number of a statement's only row: 1, 0 where there is none, or a negative errno; the
 * statement is ready again. */
int database_number(struct database *, struct sqlite3_stmt *, int64_t *value);

int64_t row_number(struct sqlite3_stmt *, int column); /* from 0 */
double row_real(struct sqlite3_stmt *, int column);
bool row_is_null(struct sqlite3_stmt *, int column);
const char *row_text(struct sqlite3_stmt *, int column); /* "" for null; until the next step */
/* A value that is no number or text, until the next step; NULL: it is none, or not of `bytes`. */
const void *row_bytes(struct sqlite3_stmt *, int column, size_t bytes);

int64_t database_last_id(const struct database *);
int64_t database_changes(const struct database *);

/* Statements that take longer than until then end with -ETIMEDOUT; steady clock, 0: never. */
void database_set_deadline(struct database *, const uint64_t *deadline_ns);

#endif
