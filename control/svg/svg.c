#include "svg/svg.h"

#include <math.h>

#include "base/markup.h"

void svg_number(struct buffer *b, double number)
{
	long long tenths = llround(number * 10);

	if (tenths < 0) {
		buffer_append(b, "-", 1);
		tenths = -tenths;
	}
	buffer_number(b, tenths / 10);
	if (tenths % 10) {
		buffer_append(b, ".", 1);
		buffer_number(b, tenths % 10);
	}
}

void svg_open(struct buffer *b, const char *name, double width, double height, const char *title,
	const char *text)
{
	markup_print(b,
		"<svg id=\"%s\" role=\"img\" aria-labelledby=\"%s-title %s-text\" viewBox=\"0 0 ",
		name, name, name);
	svg_number(b, width);
	buffer_append(b, " ", 1);
	svg_number(b, height);
	markup_print(b, "\">\n<title id=\"%s-title\">%s</title><desc id=\"%s-text\">%s</desc>\n",
		name, title, name, text);
}

void svg_close(struct buffer *b)
{
	buffer_puts(b, "</svg>\n");
}

static void put_length(struct buffer *b, const char *attribute, double length)
{
	markup_print(b, " %s=\"", attribute);
	svg_number(b, length);
	buffer_append(b, "\"", 1);
}

static void put_end(struct buffer *b, const char *element, const char *hint)
{
	if (hint)
		markup_print(b, "><title>%s</title></%s>\n", hint, element);
	else
		buffer_puts(b, "/>\n");
}

void svg_box(struct buffer *b, const char *class, struct svg_box box, const char *hint)
{
	markup_print(b, "<rect class=\"%s\"", class);
	put_length(b, "x", box.x);
	put_length(b, "y", box.y);
	put_length(b, "width", box.width);
	put_length(b, "height", box.height);
	put_end(b, "rect", hint);
}

void svg_line(struct buffer *b, const char *class, double x1, double y1, double x2, double y2)
{
	markup_print(b, "<line class=\"%s\"", class);
	put_length(b, "x1", x1);
	put_length(b, "y1", y1);
	put_length(b, "x2", x2);
	put_length(b, "y2", y2);
	buffer_puts(b, "/>\n");
}

void svg_text(struct buffer *b, const char *class, double x, double y, enum svg_anchor anchor,
	const char *text, size_t shown)
{
	static const char *const name[] = {"start", "middle", "end"};

	markup_print(b, "<text class=\"%s\"", class);
	put_length(b, "x", x);
	put_length(b, "y", y);
	if (anchor != SVG_START)
		markup_print(b, " text-anchor=\"%s\"", name[anchor]);
	buffer_append(b, ">", 1);
	markup_text_short(b, text, shown);
	buffer_puts(b, "</text>\n");
}

void svg_link(struct buffer *b, const char *class, struct svg_box from_to, double stroke,
	const char *hint)
{
	const double point[] = {from_to.x, from_to.y, from_to.x + from_to.width / 2, from_to.y,
		from_to.x + from_to.width / 2, from_to.y + from_to.height,
		from_to.x + from_to.width, from_to.y + from_to.height};

	markup_print(b, "<path class=\"%s\"", class);
	put_length(b, "stroke-width", stroke);
	for (size_t i = 0; i < sizeof(point) / sizeof(point[0]); i++) {
		buffer_puts(b, i == 0 ? " d=\"M" : i == 2 ? "C" : " ");
		svg_number(b, point[i]);
	}
	buffer_append(b, "\"", 1);
	put_end(b, "path", hint);
}
