/* Text of HTML and SVG at the end of a buffer: what comes from outside is always escaped.
 *
 * A text from a packet or a file can neither end an element or an attribute, nor steer the reader's
 * eye: characters of markup become references; control characters and the marks of direction that
 * base/plain_text.h names are written out, as in ⟨U+202E⟩; a byte that is no UTF-8 becomes U+FFFD.
 */
#ifndef PORTOLAN_MARKUP_H
#define PORTOLAN_MARKUP_H

#include <stddef.h>

#include "base/buffer.h"

/* Characters of a text that are shown: of the others it says how many bytes they are. */
#define MARKUP_SHOWN 300

/* For content, and for an attribute in double quotes. NULL is nothing. */
void markup_text(struct buffer *, const char *text);

/* At most `shown` characters, and an ellipsis if there are more: where the whole text is elsewhere.
 */
void markup_text_short(struct buffer *, const char *text, size_t shown);

/* The format itself is markup, and ours. %s is escaped as markup_text() does; %ju and %zu have
 * separators ("1,234"), for people; %d and %u have none, for attributes; %% is a percent sign.
 * Other conversions, flags and widths there are not. */
void markup_print(struct buffer *, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
