#include "config/csv.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static bool is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

/* Reads one line end, as whichever it is written. */
static void skip_line_end(struct csv *c)
{
	bool is_return = *c->at == '\r';

	c->at++;
	if (is_return && c->at < c->end && *c->at == '\n')
		c->at++;
	c->line++;
}

static void skip_empty_lines(struct csv *c)
{
	while (c->at < c->end && is_line_end(*c->at))
		skip_line_end(c);
}

static int refuse(struct csv *c, struct csv_row *row, const char *wrong)
{
	row->wrong = wrong;
	while (c->at < c->end && !is_line_end(*c->at))
		c->at++;
	return -EINVAL;
}

/* What stands between the quotes is moved over them. -EINVAL: the closing one is missing. */
static int read_quoted(struct csv *c, char **last)
{
	char *to = c->at;

	for (c->at++; c->at < c->end; *to++ = *c->at++) {
		if (*c->at == '"') {
			c->at++;
			if (c->at == c->end || *c->at != '"') {
				*last = to;
				return 0;
			}
		} else if (*c->at == '\n' || (*c->at == '\r' && c->at[1] != '\n')) {
			c->line++;
		}
	}
	return -EINVAL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* -EINVAL: there is a quote in it. */
static int read_bare(struct csv *c, char **first, char **last)
{
	while (c->at < c->end && *c->at != ',' && !is_line_end(*c->at))
		if (*c->at++ == '"')
			return -EINVAL;
	*last = c->at;
	while (*first < *last && is_blank(**first))
		++*first;
	while (*first < *last && is_blank((*last)[-1]))
		--*last;
	return 0;
}

/* Passes what ends the field, and terminates it. False: it is the row's last one. */
static bool end_field(struct csv *c, char *last)
{
	bool is_more = c->at < c->end && *c->at == ',';

	if (is_more)
		c->at++;
	else if (c->at < c->end)
		skip_line_end(c);
	*last = '\0';
	return is_more;
}

static int read_field(struct csv *c, struct csv_row *row, char **last)
{
	char **field = &row->field[row->fields];

	*last = c->at;
	*field = c->at;
	if (c->at == c->end || *c->at != '"')
		return read_bare(c, field, last)
			       ? refuse(c, row,
					 "found a quote inside of a field; want the whole field in "
					 "quotes, and quotes in it doubled")
			       : 0;
	if (read_quoted(c, last))
		return refuse(c, row, "found no end of a field in quotes; want a closing quote");
	if (c->at < c->end && *c->at != ',' && !is_line_end(*c->at))
		return refuse(c, row,
			"found text behind a closing quote; want a comma or the row's end, and "
			"quotes in a field doubled");
	return 0;
}

void csv_open(struct csv *c, char *text, size_t size)
{
	*c = (struct csv){text, text + size, 1};
	if (size >= 3 && memcmp(text, BYTE_ORDER_MARK, 3) == 0)
		c->at += 3;
}

int csv_next(struct csv *c, struct csv_row *row)
{
	char *last = NULL;
	bool is_more = true;

	skip_empty_lines(c);
	row->fields = 0;
	row->line = c->line;
	if (c->at == c->end)
		return 0;
	while (is_more) {
		if (row->fields == CSV_FIELDS_MAX)
			return refuse(c, row, "found more than 64 fields; want at most 64");
		if (read_field(c, row, &last))
			return -EINVAL;
		is_more = end_field(c, last);
		row->fields++;
	}
	return 1;
}
