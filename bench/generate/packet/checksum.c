#include "packet/checksum.h"

#include <endian.h>
#include <string.h>

uint64_t checksum_add(uint64_t sum, const void *bytes, size_t length)
{
	const uint8_t *b = bytes;

	for (; length >= 4; b += 4, length -= 4) {
		uint32_t word;
		memcpy(&word, b, 4);
		sum += be32toh(word);
	}
	if (length >= 2) {
		sum += (uint64_t)b[0] << 8 | b[1];
		b += 2;
	}
	if (length % 2)
		sum += (uint64_t)b[0] << 8;
	return sum;
}

uint16_t checksum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
