/* The Internet checksum (RFC 1071) over pieces: add them all, then fold.
 *
 * Every piece but the last has an even number of bytes.
 */
#ifndef GENERATE_CHECKSUM_H
#define GENERATE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint64_t checksum_add(uint64_t sum, const void *bytes, size_t length);

/* The value for the header's field, in host order. */
uint16_t checksum_fold(uint64_t sum);

#endif
