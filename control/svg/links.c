#include "svg/links.h"

#include <stdbool.h>
#include <string.h>

#include "svg/svg.h"

#define ROW 22.0
#define NAME_WIDTH 230.0
#define NAME_SHOWN 34
#define NO_PLACE SIZE_MAX

static size_t place_of(const char *const *name, size_t count, const char *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name[i], wanted) == 0)
			return i;
	return NO_PLACE;
}

/* Whether a name has a place, or there is room for it. */
static bool fits(const char *const *name, size_t count, const char *wanted)
{
	return count < LINKS_NAMES_MAX || place_of(name, count, wanted) != NO_PLACE;
}

static void place(const char **name, size_t *count, const char *wanted)
{
	if (place_of(name, *count, wanted) == NO_PLACE)
		name[(*count)++] = wanted;
}

/* Of the places of the left names that a right name is linked with, the sum and the number. */
static double mean_left(
	const struct links *links, const struct link_line *line, size_t count, const char *right)
{
	double sum = 0, n = 0;

	for (size_t i = 0; i < count; i++) {
		size_t left = place_of(links->left, links->lefts, line[i].left);
		if (left != NO_PLACE && strcmp(line[i].right, right) == 0) {
			sum += (double)left;
			n++;
		}
	}
	return n > 0 ? sum / n : 0;
}

/* Names at the right stand near those that they are linked with: fewer lines cross. */
static void order_right(struct links *links, const struct link_line *line, size_t count)
{
	double mean[LINKS_NAMES_MAX];

	for (size_t i = 0; i < links->rights; i++) {
		const char *name = links->right[i];
		double m = mean_left(links, line, count, name);
		size_t at = i;
		for (; at > 0 && mean[at - 1] > m; at--) {
			mean[at] = mean[at - 1];
			links->right[at] = links->right[at - 1];
		}
		mean[at] = m;
		links->right[at] = name;
	}
}

size_t links_place(struct links *links, const struct link_line *line, size_t count, double width)
{
	size_t placed = 0, rows;

	*links = (struct links){.width = width};
	for (size_t i = 0; i < count; i++) {
		if (!fits(links->left, links->lefts, line[i].left) ||
			!fits(links->right, links->rights, line[i].right))
			continue;
		place(links->left, &links->lefts, line[i].left);
		place(links->right, &links->rights, line[i].right);
		placed++;
	}
	order_right(links, line, count);
	rows = links->lefts > links->rights ? links->lefts : links->rights;
	links->height = (double)rows * ROW + 8;
	return placed;
}

/* Both columns are as high as the picture: the shorter one stands in the middle. */
static double y_of(const struct links *links, size_t place, size_t count)
{
	double top = (links->height - (double)count * ROW) / 2;

	return top + ((double)place + 0.5) * ROW;
}

static double stroke_of(uint64_t weight)
{
	double stroke = 1;

	for (; weight >= 1000; weight /= 10)
		stroke += 0.6;
	return stroke;
}

static void draw_names(struct buffer *b, const struct links *links)
{
	for (size_t i = 0; i < links->lefts; i++)
		svg_text(b, "name", NAME_WIDTH - 8, y_of(links, i, links->lefts) + 4, SVG_END,
			links->left[i], NAME_SHOWN);
	for (size_t i = 0; i < links->rights; i++)
		svg_text(b, "name", links->width - NAME_WIDTH + 8,
			y_of(links, i, links->rights) + 4, SVG_START, links->right[i], NAME_SHOWN);
}

void links_draw(
	struct buffer *b, const struct links *links, const struct link_line *line, size_t count)
{
	/* The first lines are the ones that matter: they are drawn over the others. */
	for (size_t i = count; i-- > 0;) {
		size_t left = place_of(links->left, links->lefts, line[i].left);
		size_t right = place_of(links->right, links->rights, line[i].right);
		if (left == NO_PLACE || right == NO_PLACE)
			continue;
		double from = y_of(links, left, links->lefts);
		svg_link(b, line[i].class,
			(struct svg_box){NAME_WIDTH, from, links->width - 2 * NAME_WIDTH,
				y_of(links, right, links->rights) - from},
			stroke_of(line[i].weight), line[i].hint);
	}
	draw_names(b, links);
}
