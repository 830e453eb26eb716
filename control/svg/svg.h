/* Pictures as SVG elements inside an HTML page, at the end of a buffer.
 *
 * Lengths are in user units, written with at most one digit behind the point, whatever the locale.
 * Colours are the page's: an element has a class, never a colour of its own, so that one style
 * serves light, dark and paper. A class is a word of ours; texts are escaped.
 */
#ifndef PORTOLAN_SVG_H
#define PORTOLAN_SVG_H

#include "base/buffer.h"

struct svg_box {
	double x, y, width, height;
};

enum svg_anchor { SVG_START, SVG_MIDDLE, SVG_END };

/* Opens a picture of this size; `name` is its id in the page and the stem of others. `title` and
 * `text` are what a screen reader says of it. */
void svg_open(struct buffer *, const char *name, double width, double height, const char *title,
	const char *text);
void svg_close(struct buffer *);

void svg_number(struct buffer *, double);

/* `hint` is shown where a pointer rests, or NULL. */
void svg_box(struct buffer *, const char *class, struct svg_box, const char *hint);

void svg_line(struct buffer *, const char *class, double x1, double y1, double x2, double y2);

/* At most `shown` characters of `text`; y is the baseline. */
void svg_text(struct buffer *, const char *class, double x, double y, enum svg_anchor,
	const char *text, size_t shown);

/* A curve from (x1, y1) to (x2, y2) that leaves and arrives horizontally. */
void svg_link(struct buffer *, const char *class, struct svg_box from_to, double stroke,
	const char *hint);

#endif
