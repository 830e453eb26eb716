/* Comma-separated values (RFC 4180), read in place: a field that is in quotes may hold commas, line
 * ends and, doubled, quotes. A row ends with CRLF, LF or CR. Empty lines are no rows.
 *
 * Knows nothing of what fields mean; blanks around a field are not part of it, unless in quotes.
 */
#ifndef PORTOLAN_CSV_H
#define PORTOLAN_CSV_H

#include <stddef.h>

#define CSV_FIELDS_MAX 64

struct csv {
	char *at, *end; /* what is not read yet */
	unsigned line;	/* of `at`, from 1 */
};

struct csv_row {
	char *field[CSV_FIELDS_MAX]; /* terminated, in the text that csv_open() was given */
	size_t fields;
	unsigned line;	   /* where it begins */
	const char *wrong; /* `found …; want …` of a row that is none */
};

/* `text` has `size` bytes and one more, all of which may be written to. A byte order mark of UTF-8
 * at its beginning is not part of it. */
void csv_open(struct csv *, char *text, size_t size);

/* 1: a row; 0: there is none any more; -EINVAL: what is wrong with the row, whose line was left
 * behind. */
int csv_next(struct csv *, struct csv_row *);

#endif
