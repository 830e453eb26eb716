/* Counts over time as stacked bars above an axis of time. */
#ifndef PORTOLAN_BARS_H
#define PORTOLAN_BARS_H

#include <stddef.h>
#include <stdint.h>

#include "svg/svg.h"

struct time_axis;

/* `parts` counts for each bar, from the ground up. */
struct bars {
	uint64_t from_ns, width_ns;
	const uint64_t *count;
	size_t bars, parts;
	const char *const *class; /* of each part */
	const char *const *name;  /* of each part, for hints */
};

/* The smallest of 1, 2 and 5 times a power of ten that is not less; 1 of 0. */
uint64_t bars_scale(uint64_t peak);

/* The largest sum of a bar. */
uint64_t bars_peak(const struct bars *);

/* Into `box`, whose height is bars_scale(bars_peak()), with lines at that and at half of it. */
void bars_draw(struct buffer *, const struct time_axis *, const struct bars *, struct svg_box box);

#endif
