/* An answer: a table with typed columns, gathered in memory, bounded by its limit.
 *
 * Texts are copied. How it is printed is the report's affair.
 */
#ifndef PORTOLAN_ANSWER_H
#define PORTOLAN_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum answer_type {
	ANSWER_TEXT,
	ANSWER_NUMBER,
	ANSWER_TIME,	 /* nanoseconds since the epoch; 0: never */
	ANSWER_DURATION, /* nanoseconds */
	ANSWER_BYTES,
	ANSWER_SEVERITY, /* 0 to 3 */
	ANSWER_TRUTH,	 /* 0 or 1 */
};

struct answer_column {
	const char *name; /* snake_case: JSON and CSV; people read a heading */
	enum answer_type type;
	bool is_beside; /* not in the table for people: only JSON and CSV have it */
};

struct answer_cell {
	int64_t number;
	size_t text; /* offset behind 1; 0: none */
};

#define ANSWER_NOTES 8

struct answer_table {
	const struct answer_column *column; /* lent */
	size_t columns;
	struct answer_cell *cell; /* row by row */
	size_t cells, room;
	char *text;
	size_t text_bytes, text_room;
	size_t limit;			  /* rows; 0: no limit */
	uint64_t more;			  /* rows beyond it */
	bool has_missing;		  /* no memory for a row, or the deadline was over */
	unsigned segments_read, segments; /* of those that the window touches */
	char note[ANSWER_NOTES][400];	  /* sentences beside the table */
	unsigned notes;
	int error;
};

void answer_begin(struct answer_table *, const struct answer_column *, size_t columns);
void answer_fini(struct answer_table *);

size_t answer_rows(const struct answer_table *);

/* True if one more row is wanted; else it is counted. */
bool answer_wants(struct answer_table *);

/* The next cell of a row. */
void answer_text(struct answer_table *, const char *); /* NULL or "": none */
void answer_number(struct answer_table *, int64_t);

void answer_note(struct answer_table *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A cell's text; "" for none. */
const char *answer_text_at(const struct answer_table *, size_t row, size_t column);
int64_t answer_number_at(const struct answer_table *, size_t row, size_t column);

#endif
