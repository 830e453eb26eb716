/* States over time as bands of colour along an axis of time.
 *
 * However many bands there are, a row has at most one element for each unit of its width: in a
 * column that several bands share, the gravest one shows.
 */
#ifndef PORTOLAN_TIME_BANDS_H
#define PORTOLAN_TIME_BANDS_H

#include <stddef.h>
#include <stdint.h>

struct buffer;
struct time_axis;

#define TIME_BANDS_COLUMNS 1024 /* of an axis, at most: what is wider has no more */

struct time_band {
	uint64_t from_ns, until_ns;
	unsigned gravity; /* the graver one covers the other */
	const char *class;
	const char *state;  /* written into the band where it finds room */
	const char *reason; /* or NULL */
};

typedef struct time_band time_band_at(const void *list, size_t number);

/* Returns the number of bands drawn. */
size_t time_bands_draw(struct buffer *, const struct time_axis *, double y, double height,
	time_band_at *, const void *list, size_t count);

#endif
