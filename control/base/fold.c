#include "base/fold.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/terminal.h"

#define LINE_BYTES 65536 /* a longer line is passed on in parts */
#define HANG_MOST 3	 /* a line's text begins in its first third, or it is indented only */
#define INDENT 4

struct fold {
	FILE *to;
	unsigned columns;
	bool is_ascii;
	size_t used;
	char line[LINE_BYTES + 1];
};

/* What the program's own texts have beyond ASCII. */
static const char *const in_ascii[][2] = {
	{"…", "..."}, {"→", "->"}, {"–", "-"}, {"—", "-"}, {"·", "-"}, {"×", "x"}, {"≥", ">="}};

static void put_ascii(const char *text, size_t length, FILE *to)
{
	for (size_t i = 0; i < length;) {
		const char *replacement = NULL;
		size_t taken = 1;
		for (size_t k = 0; k < sizeof(in_ascii) / sizeof(*in_ascii) && !replacement; k++) {
			size_t bytes = strlen(in_ascii[k][0]);
			if (bytes <= length - i && memcmp(text + i, in_ascii[k][0], bytes) == 0) {
				replacement = in_ascii[k][1];
				taken = bytes;
			}
		}
		if (replacement)
			fputs(replacement, to);
		else
			fputc(text[i], to);
		i += taken;
	}
}

static void put(const struct fold *f, const char *text, size_t length)
{
	if (f->is_ascii)
		put_ascii(text, length, f->to);
	else
		fwrite(text, 1, length, f->to);
}

/* The bytes of the character or escape sequence here; `width`: the columns that it takes. */
static size_t character(const char *text, unsigned *width)
{
	size_t bytes = 1;

	*width = 1;
	if (text[0] == '\033') {
		*width = 0;
		bytes = strcspn(text, "m");
		return bytes + (text[bytes] != '\0');
	}
	while (((unsigned char)text[bytes] & 0xc0) == 0x80)
		bytes++;
	return bytes;
}

/* Where the text of a line begins: behind its first word and a gap, or behind its indentation. */
static unsigned hang_of(const char *line, unsigned columns)
{
	unsigned indent = (unsigned)strspn(line, " "), column = indent, width, gap = 0;

	for (const char *c = line + indent; *c && column <= columns / HANG_MOST; column += width) {
		size_t bytes = character(c, &width);
		if (gap >= 2 && width && *c != ' ')
			return column;
		if (width)
			gap = *c == ' ' ? gap + 1 : 0;
		c += bytes;
	}
	indent = indent < INDENT ? indent + INDENT : indent;
	return indent < columns / 2 ? indent : INDENT;
}

/* The bytes that a comment begins with: its signs and indentation; 0: the line is none. */
static size_t comment_prefix(const char *line, unsigned columns)
{
	size_t bytes = strspn(line, " #");

	return memchr(line, '#', bytes) && bytes < columns / 2 ? bytes : 0;
}

/* Bytes of the text that fit into so many columns: up to its last space, if there is one. */
static size_t fitting(const char *text, unsigned columns)
{
	size_t at = 0, space = 0;
	unsigned column = 0, width;
	bool is_text = false;

	while (text[at]) {
		size_t bytes = character(text + at, &width);
		if (text[at] == ' ' && is_text)
			space = at;
		if (column + width > columns)
			return space ? space : at ? at : bytes;
		is_text |= width && text[at] != ' ';
		column += width;
		at += bytes;
	}
	return at;
}

static void put_line(const struct fold *f, const char *line)
{
	const char *prefix = line;
	size_t comment = comment_prefix(line, f->columns);
	unsigned room = f->columns;
	unsigned hang = comment ? (unsigned)comment : room ? hang_of(line, room) : 0;
	bool is_first = true;

	while (f->columns && *line) {
		size_t length = fitting(line, room);
		size_t shown = length;
		while (line[length] && shown > 1 && line[shown - 1] == ' ')
			shown--;
		if (!is_first)
			fprintf(f->to, "\n%*.*s", (int)hang, (int)comment, prefix);
		put(f, line, shown);
		line += length;
		line += strspn(line, " ");
		room = f->columns - hang;
		is_first = false;
	}
	put(f, line, strlen(line));
}

static void flush(struct fold *f, const char *end)
{
	f->line[f->used] = '\0';
	put_line(f, f->line);
	fputs(end, f->to);
	f->used = 0;
}

static ssize_t fold_write(void *cookie, const char *text, size_t bytes)
{
	struct fold *f = cookie;

	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\n')
			flush(f, "\n");
		else if (text[i] != '\0')
			f->line[f->used++] = text[i];
		if (f->used == LINE_BYTES)
			flush(f, "");
	}
	return ferror(f->to) ? 0 : (ssize_t)bytes;
}

static int fold_close(void *cookie)
{
	struct fold *f = cookie;

	if (f->used)
		flush(f, "");
	free(f);
	return 0;
}

FILE *fold_open(FILE *to, unsigned columns, bool is_ascii)
{
	const cookie_io_functions_t functions = {.write = fold_write, .close = fold_close};
	struct fold *f = malloc(sizeof(*f));
	FILE *out;

	if (!f)
		return NULL;
	f->to = to;
	f->columns = columns;
	f->is_ascii = is_ascii;
	f->used = 0;
	out = fopencookie(f, "w", functions);
	if (!out)
		free(f);
	return out;
}

bool fold_has_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

unsigned fold_columns(FILE *to)
{
	const char *told = getenv("COLUMNS");
	bool is_bound = (told && told[0]) || isatty(fileno(to)) == 1;

	return is_bound ? (unsigned)terminal_columns(to) : 0;
}

FILE *fold_open_terminal(FILE *to)
{
	return fold_open(to, fold_columns(to), !fold_has_utf8());
}
