#include "core/service/reassembly.h"

#include <string.h>

void reassembly_init(struct stream_prefix *o, uint32_t first)
{
	o->first = first;
	o->length = o->reached = o->soft = 0;
	o->contradicted = 0;
	memset(o->there, 0, sizeof(o->there));
}

static int is_there(const struct stream_prefix *o, uint32_t at)
{
	return (int)(o->there[at / 64] >> at % 64 & 1);
}

int reassembly_is_padding(const uint8_t *bytes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (bytes[i])
			return 0;
	return count <= PADDING_MAX;
}

static void put_byte(struct stream_prefix *o, uint32_t at, uint8_t byte, int counts)
{
	if (is_there(o, at)) {
		if (at < o->soft)
			o->byte[at] = byte;
		else
			o->contradicted += counts && o->byte[at] != byte;
		return;
	}
	o->there[at / 64] |= (uint64_t)1 << at % 64;
	o->byte[at] = byte;
}

/* The bits of a word from `at` on, of 64. */
static uint64_t bits_from(uint32_t at)
{
	return at < 64 ? UINT64_MAX << at : 0;
}

/* What nearly every segment is: the next one. */
static void append(struct stream_prefix *o, const uint8_t *bytes, uint32_t count)
{
	uint32_t from = o->length, to = from + count;

	memcpy(o->byte + from, bytes, count);
	for (uint32_t first = from / 64 * 64; first < to; first += 64) {
		uint64_t since = first < from ? bits_from(from - first) : UINT64_MAX;
		o->there[first / 64] |= since & ~bits_from(to - first);
	}
}

/* Bytes without a hole. */
static uint16_t unbroken(const struct stream_prefix *o)
{
	for (uint32_t word = o->length / 64; word < PREFIX_BYTES / 64; word++)
		if (~o->there[word])
			return (uint16_t)(64 * word + (uint32_t)__builtin_ctzll(~o->there[word]));
	return PREFIX_BYTES;
}

int reassembly_put(struct stream_prefix *o, uint32_t sequence, const uint8_t *bytes, uint32_t count)
{
	int32_t offset = (int32_t)(sequence - o->first); /* the number space is a circle */
	uint32_t at, before = o->length;
	const int is_probe = count == 1; /* RFC 9293 3.8.4: a keepalive may hold any byte */

	if (offset < 0) {
		uint32_t skip = -(uint32_t)offset;
		if (skip >= count)
			return 0;
		bytes += skip;
		count -= skip;
		offset = 0;
	}
	if (offset >= PREFIX_BYTES || count == 0)
		return 0;
	at = (uint32_t)offset;
	if (count > PREFIX_BYTES - at)
		count = PREFIX_BYTES - at;
	if (at == 0 && o->length == 0 && reassembly_is_padding(bytes, count))
		o->soft = (uint16_t)count;
	if (at == o->length && at == o->reached)
		append(o, bytes, count);
	else
		for (uint32_t i = 0; i < count; i++)
			put_byte(o, at + i, bytes[i], !is_probe);
	if (at + count > o->reached)
		o->reached = (uint16_t)(at + count);
	if (at == 0 && count > o->soft)
		o->soft = 0; /* now it is known what is there */
	o->length = unbroken(o);
	return o->length > before;
}
