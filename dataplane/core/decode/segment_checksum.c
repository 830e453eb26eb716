#include "core/decode/segment_checksum.h"

#include <netinet/in.h>
#include <string.h>

#define LINK_BYTES 1500u /* of IP; what is larger may have been put together after it came */

/* The ones' complement sum in the machine's byte order, which RFC 1071 section 2 (B) allows: eight
 * bytes a step, carries put back. */
static uint64_t sum_bytes(const uint8_t *at, size_t count, uint64_t sum)
{
	uint64_t word;

	for (; count >= 8; count -= 8, at += 8) {
		memcpy(&word, at, 8);
		sum += word;
		sum += sum < word;
	}
	if (count > 0) {
		word = 0;
		memcpy(&word, at, count);
		sum += word;
		sum += sum < word;
	}
	return sum;
}

static uint16_t fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint64_t words_of(const uint8_t *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* RFC 9293 section 3.1, RFC 8200 section 8.1. Each number as it lies in network order. */
static uint64_t pseudo_header(const struct decoded *v, uint32_t length)
{
	uint64_t sum = __builtin_bswap32(length) + (uint64_t)v->protocol * 0x01000000;

	for (unsigned at = v->version == 4 ? 12 : 0; at < 16; at += 4)
		sum += words_of(v->source.byte + at) + words_of(v->destination.byte + at);
	return sum;
}

/* Bytes that the checksum is about; 0: not to be told. RFC 768: UDP says how many, and a checksum
 * of 0 is none. */
static uint32_t summed_bytes(const struct decoded *v)
{
	uint32_t length = v->transport_bytes;

	if (v->fragment != FRAGMENT_NONE || v->transport_captured < v->transport_bytes)
		return 0;
	if (v->protocol == IPPROTO_TCP)
		return length >= 20 ? length : 0;
	if (length < 8 || (v->transport[6] == 0 && v->transport[7] == 0))
		return 0;
	length = (uint32_t)(v->transport[4] << 8 | v->transport[5]);
	return length >= 8 && length <= v->transport_bytes ? length : 0;
}

enum checksum checksum_of(const struct decoded *v)
{
	uint32_t length;

	if (v->protocol != IPPROTO_TCP && v->protocol != IPPROTO_UDP)
		return CHECKSUM_UNKNOWN;
	length = summed_bytes(v);
	if (length == 0)
		return CHECKSUM_UNKNOWN;
	if (fold(sum_bytes(v->transport, length, pseudo_header(v, length))) == 0xffff)
		return CHECKSUM_GOOD;
	return v->bytes > LINK_BYTES ? CHECKSUM_UNKNOWN : CHECKSUM_BAD;
}
