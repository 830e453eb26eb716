#include "community_id.h"

#include <assert.h>
#include <netinet/in.h>
#include <nettle/base64.h>
#include <nettle/sha1.h>
#include <string.h>

static_assert(
	2 + BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE) + 1 == COMMUNITY_ID_BYTES, "the text fits");

static int first_is_smaller(const struct record *r, size_t width)
{
	int order = memcmp(r->address[0].byte + 16 - width, r->address[1].byte + 16 - width, width);

	return order < 0 || (order == 0 && r->port[0] < r->port[1]);
}

static int has_ports(const struct record *r)
{
	return r->protocol == IPPROTO_TCP || r->protocol == IPPROTO_UDP;
}

void community_id(const struct record *r, char text[COMMUNITY_ID_BYTES])
{
	size_t width = r->version == 4 ? 4 : 16;
	unsigned first = first_is_smaller(r, width) ? 0 : 1;
	uint8_t digest[SHA1_DIGEST_SIZE];
	const uint8_t seed[2] = {0, 0};
	const uint8_t protocol[2] = {r->protocol, 0};
	struct sha1_ctx sha;

	sha1_init(&sha);
	sha1_update(&sha, sizeof(seed), seed);
	for (unsigned i = 0; i < 2; i++)
		sha1_update(&sha, width, r->address[i ^ first].byte + 16 - width);
	sha1_update(&sha, sizeof(protocol), protocol);
	for (unsigned i = 0; i < 2 && has_ports(r); i++) {
		const uint8_t port[2] = {
			(uint8_t)(r->port[i ^ first] >> 8), (uint8_t)r->port[i ^ first]};
		sha1_update(&sha, sizeof(port), port);
	}
	sha1_digest(&sha, sizeof(digest), digest);
	memcpy(text, "1:", 2);
	base64_encode_raw(text + 2, sizeof(digest), digest);
	text[COMMUNITY_ID_BYTES - 1] = '\0';
}
