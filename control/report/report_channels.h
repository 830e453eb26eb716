/* The channels of a report: a band for each pair of appliances, and the same as a table. */
#ifndef PORTOLAN_REPORT_CHANNELS_H
#define PORTOLAN_REPORT_CHANNELS_H

#include <stddef.h>

#include "svg/time_bands.h"

struct buffer;
struct report_model;

#define REPORT_CHANNELS_DRAWN 60 /* those that were not always up have the first claim */
#define REPORT_CHANNELS_LISTED 500
#define REPORT_OUTAGES_LISTED 200

/* A struct report_band as a band on an axis of time. */
time_band_at report_band_at;

/* Writes the section. Out of memory it leaves an error in the buffer. */
void report_channels_write(struct buffer *, const struct report_model *);

/* What the colours of bands mean. */
void report_tones_legend(struct buffer *);

#endif
