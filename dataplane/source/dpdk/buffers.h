/* How many packet buffers a capture file fills, for the driver that holds one in memory. */
#ifndef PORTOLAN_BUFFERS_H
#define PORTOLAN_BUFFERS_H

#include <stdint.h>

struct buffers {
	uint64_t frames;
	uint32_t longest; /* captured bytes of the longest frame */
};

/* 0 or a negative errno. */
int buffers_count(const char *path, struct buffers *);

#endif
