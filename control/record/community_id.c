#include "record/community_id.h"

#include <assert.h>
#include <netinet/in.h>
#include <nettle/base64.h>
#include <nettle/sha1.h>
#include <string.h>

static_assert(
	2 + BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE) + 1 == COMMUNITY_ID_BYTES, "the text fits");

/* The port numbers that enter the hash, as the specification defines them. */
struct ends {
	uint16_t port[2];
	int present, one_way;
};

/* The ICMP type that answers a request type, or the reverse: both are one conversation. First
 * ICMP's pairs (RFC 792, 950, 1256), then ICMPv6's (RFC 2710, 4443, 4861, 8335). */
static int other_type(int v6, uint8_t type)
{
	static const uint8_t pair[2][8][2] = {
		{{0, 8}, {13, 14}, {15, 16}, {17, 18}, {10, 9}, {255, 255}, {255, 255}, {255, 255}},
		{{128, 129}, {133, 134}, {135, 136}, {139, 140}, {144, 145}, {130, 131}, {255, 255},
			{255, 255}}};

	for (unsigned i = 0; i < 8; i++)
		for (unsigned side = 0; side < 2; side++)
			if (pair[v6][i][side] == type && type != 255)
				return pair[v6][i][1 - side];
	return -1;
}

static struct ends icmp_ends(const struct record *r)
{
	uint8_t type = (uint8_t)(r->detail >> 8), code = (uint8_t)r->detail;
	int other = other_type(r->protocol == IPPROTO_ICMPV6, type);

	if (other < 0)
		return (struct ends){{type, code}, 1, 1};
	return (struct ends){{type, (uint16_t)other}, 1, 0};
}

static struct ends ends_of(const struct record *r)
{
	switch (r->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		return (struct ends){{r->port[0], r->port[1]}, 1, 0};
	case IPPROTO_SCTP:
		return (struct ends){{(uint16_t)(r->detail >> 16), (uint16_t)r->detail}, 1, 0};
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return icmp_ends(r);
	default:
		return (struct ends){{0, 0}, 0, 0};
	}
}

static int first_is_smaller(const struct record *r, const struct ends *e, size_t width)
{
	int order = memcmp(r->address[0].byte + 16 - width, r->address[1].byte + 16 - width, width);

	if (e->one_way)
		return 1;
	return order < 0 || (order == 0 && e->port[0] < e->port[1]);
}

void community_id(const struct record *r, char text[COMMUNITY_ID_BYTES])
{
	size_t width = r->version == 4 ? 4 : 16;
	struct ends ends = ends_of(r);
	unsigned first = first_is_smaller(r, &ends, width) ? 0 : 1;
	uint8_t digest[SHA1_DIGEST_SIZE];
	const uint8_t seed[2] = {0, 0};
	const uint8_t protocol[2] = {r->protocol, 0};
	struct sha1_ctx sha;

	sha1_init(&sha);
	sha1_update(&sha, sizeof(seed), seed);
	for (unsigned i = 0; i < 2; i++)
		sha1_update(&sha, width, r->address[i ^ first].byte + 16 - width);
	sha1_update(&sha, sizeof(protocol), protocol);
	for (unsigned i = 0; i < 2 && ends.present; i++) {
		const uint8_t port[2] = {
			(uint8_t)(ends.port[i ^ first] >> 8), (uint8_t)ends.port[i ^ first]};
		sha1_update(&sha, sizeof(port), port);
	}
	sha1_digest(&sha, sizeof(digest), digest);
	memcpy(text, "1:", 2);
	base64_encode_raw(text + 2, sizeof(digest), digest);
	text[COMMUNITY_ID_BYTES - 1] = '\0';
}
