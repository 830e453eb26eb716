/* Who talks to whom: two columns of names, and curves between them.
 *
 * Bounded: links whose names find no place are left out, and counted. The first ones have the
 * places.
 */
#ifndef PORTOLAN_LINKS_H
#define PORTOLAN_LINKS_H

#include <stddef.h>
#include <stdint.h>

struct buffer;

#define LINKS_NAMES_MAX 24 /* of a side */

struct link_line {
	const char *left, *right;
	uint64_t weight; /* a line ten times as heavy is one step wider */
	const char *class;
	const char *hint;
};

struct links {
	const char *left[LINKS_NAMES_MAX], *right[LINKS_NAMES_MAX];
	size_t lefts, rights;
	double width, height;
};

/* Chooses the places; returns the number of links that have both. */
size_t links_place(struct links *, const struct link_line *, size_t count, double width);

/* Draws the names and the links that have a place. */
void links_draw(struct buffer *, const struct links *, const struct link_line *, size_t count);

#endif
