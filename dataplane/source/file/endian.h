/* Fields of a capture file, in whichever byte order its writer had.
 */
#ifndef PORTOLAN_ENDIAN_H
#define PORTOLAN_ENDIAN_H

#include <stdint.h>
#include <string.h>

#define NS_PER_S 1000000000ull

static inline uint16_t field16(const uint8_t *p, int swapped)
{
	uint16_t x;

	memcpy(&x, p, sizeof(x));
	return swapped ? __builtin_bswap16(x) : x;
}

static inline uint32_t field32(const uint8_t *p, int swapped)
{
	uint32_t x;

	memcpy(&x, p, sizeof(x));
	return swapped ? __builtin_bswap32(x) : x;
}

static inline uint64_t field64(const uint8_t *p, int swapped)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return swapped ? __builtin_bswap64(x) : x;
}

/* Seconds beyond what nanoseconds in 64 bits can say (the year 2554) stay there. */
static inline uint64_t time_from(uint64_t seconds, uint64_t ns)
{
	if (seconds > UINT64_MAX / NS_PER_S - 1)
		seconds = UINT64_MAX / NS_PER_S - 1;
	return seconds * NS_PER_S + ns % NS_PER_S;
}

#endif
