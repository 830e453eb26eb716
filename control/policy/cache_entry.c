#include "policy/cache_entry.h"

#include <assert.h>
#include <errno.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

/* To be changed with the header, and with the way in which parts are made or read. */
#define MAGIC "portjar1"
#define MAGIC_BYTES 8
#define KEY_AT MAGIC_BYTES
#define LENGTHS_AT (KEY_AT + CACHE_DIGEST_BYTES)
#define SEAL_AT (LENGTHS_AT + 8 * CACHE_ENTRY_PARTS)

static_assert(sizeof(struct cache_key) == SHA256_DIGEST_SIZE, "a key is a digest");
static_assert(SEAL_AT + SHA256_DIGEST_SIZE == CACHE_HEADER_BYTES, "the seal ends the header");

static void take(void *context, const void *bytes, size_t length)
{
	sha256_update(context, length, bytes);
}

int cache_key_name(struct cache_key *key,
	int (*terms)(const void *, void (*)(void *, const void *, size_t), void *),
	const void *about)
{
	struct sha256_ctx sha256;
	int rc;

	sha256_init(&sha256);
	take(&sha256, MAGIC, MAGIC_BYTES);
	rc = terms(about, take, &sha256);
	sha256_digest(&sha256, sizeof(key->byte), key->byte);
	return rc;
}

/* SHA-256 over the header up to the seal, and everything after it. */
static void seal(const uint8_t *bytes, size_t size, uint8_t digest[SHA256_DIGEST_SIZE])
{
	struct sha256_ctx sha256;

	sha256_init(&sha256);
	take(&sha256, bytes, SEAL_AT);
	take(&sha256, bytes + CACHE_HEADER_BYTES, size - CACHE_HEADER_BYTES);
	sha256_digest(&sha256, SHA256_DIGEST_SIZE, digest);
}

uint8_t *cache_entry_write(
	const struct cache_key *key, const struct cache_part part[CACHE_ENTRY_PARTS], size_t *size)
{
	size_t at = CACHE_HEADER_BYTES;
	uint8_t *bytes;

	*size = CACHE_HEADER_BYTES;
	for (unsigned i = 0; i < CACHE_ENTRY_PARTS; i++) {
		if (part[i].length > CACHE_ENTRY_BYTES_MAX - *size)
			return NULL;
		*size += part[i].length;
	}
	bytes = malloc(*size);
	if (!bytes)
		return NULL;
	memcpy(bytes, MAGIC, MAGIC_BYTES);
	memcpy(bytes + KEY_AT, key->byte, sizeof(key->byte));
	for (unsigned i = 0; i < CACHE_ENTRY_PARTS; i++) {
		uint64_t length = part[i].length;
		memcpy(bytes + LENGTHS_AT + 8 * i, &length, 8);
		if (length)
			memcpy(bytes + at, part[i].bytes, length);
		at += length;
	}
	seal(bytes, *size, bytes + SEAL_AT);
	return bytes;
}

/* Sets the parts from the header's lengths; they must add up to `size`. */
static int parts_of(const uint8_t *bytes, size_t size, struct cache_part part[CACHE_ENTRY_PARTS])
{
	size_t at = CACHE_HEADER_BYTES;

	for (unsigned i = 0; i < CACHE_ENTRY_PARTS; i++) {
		uint64_t length;
		memcpy(&length, bytes + LENGTHS_AT + 8 * i, 8);
		if (length > size - at)
			return -EINVAL;
		part[i] = (struct cache_part){bytes + at, length};
		at += length;
	}
	return at == size ? 0 : -EINVAL;
}

int cache_entry_read(const struct cache_key *key, const uint8_t *bytes, size_t size,
	struct cache_part part[CACHE_ENTRY_PARTS])
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	if (size < CACHE_HEADER_BYTES || size > CACHE_ENTRY_BYTES_MAX ||
		memcmp(bytes, MAGIC, MAGIC_BYTES) != 0 ||
		memcmp(bytes + KEY_AT, key->byte, sizeof(key->byte)) != 0 ||
		parts_of(bytes, size, part) < 0)
		return -EINVAL;
	seal(bytes, size, digest);
	return memcmp(bytes + SEAL_AT, digest, sizeof(digest)) == 0 ? 0 : -EINVAL;
}
