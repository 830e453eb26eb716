/* Text for people, as wide as their terminal and in the characters that it has.
 *
 * A stream in front of another one: what is written to it line by line comes out with lines that
 * are too long wrapped at a space, indented below where their text began (what begins with `#` goes
 * on as such a comment, so that YAML stays what it is), and with the few characters beyond ASCII
 * that the program's own texts have written in ASCII where the locale has no UTF-8. Escape
 * sequences take no room. Not for records: JSON and CSV are UTF-8 and never wrapped.
 */
#ifndef PORTOLAN_FOLD_H
#define PORTOLAN_FOLD_H

#include <stdbool.h>
#include <stdio.h>

/* `columns` 0: no line is too long. To be closed with fclose(), which leaves `to` open. NULL: out
 * of memory. */
FILE *fold_open(FILE *to, unsigned columns, bool is_ascii);

/* The same for this stream as it is: as wide as fold_columns() says. */
FILE *fold_open_terminal(FILE *to);

/* How wide text on this stream may be: COLUMNS, else the terminal's width; 0 where it is none. */
unsigned fold_columns(FILE *to);

/* Whether the locale has UTF-8 (after setlocale()). */
bool fold_has_utf8(void);

#endif
