/* A horizontal axis of time: where a time lies, and the ticks below a picture. */
#ifndef PORTOLAN_TIME_AXIS_H
#define PORTOLAN_TIME_AXIS_H

#include <stdint.h>

struct buffer;

struct time_axis {
	uint64_t from_ns, until_ns; /* [from, until), at least a nanosecond */
	double x, width;
};

/* Times outside the axis lie at its ends. */
double time_axis_x(const struct time_axis *, uint64_t time_ns);

/* The distance of ticks: a round number of seconds, minutes, hours or days, at least `apart` units
 * wide. */
uint64_t time_axis_step(const struct time_axis *, double apart);

/* Lines from `top` to `bottom`, and below them times of day, or the day where one begins. */
void time_axis_draw(struct buffer *, const struct time_axis *, double top, double bottom);

#endif
