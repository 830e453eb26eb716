/* IKEv2 (RFC 7296) and ESP (RFC 4303, RFC 3948) */
#include "payload/message.h"

enum { EXCHANGE_SA_INIT = 34, EXCHANGE_AUTH = 35 };
enum { PAYLOAD_NONE = 0, PAYLOAD_SA = 33, PAYLOAD_KE = 34, PAYLOAD_NONCE = 40, PAYLOAD_SK = 46 };
enum { FLAG_INITIATOR = 0x08, FLAG_RESPONSE = 0x20 };

#define INITIATOR_SPI 0x5ca1ab1e0ddba11u
#define RESPONDER_SPI 0x0f0e0d0c0b0a0908u

static size_t header(
	struct bytes *b, uint64_t responder, unsigned next, unsigned exchange, unsigned flags)
{
	size_t start = b->length;

	bytes_u64(b, INITIATOR_SPI);
	bytes_u64(b, responder);
	bytes_u8(b, next);
	bytes_u8(b, 0x20);
	bytes_u8(b, exchange);
	bytes_u8(b, flags);
	bytes_u32(b, exchange == EXCHANGE_AUTH); /* message id */
	bytes_u32(b, 0);
	return start;
}

static void finish(struct bytes *b, size_t start)
{
	bytes_patch_u16(b, start + 26, (unsigned)(b->length - start));
}

static void payload_header(struct bytes *b, unsigned next, unsigned content)
{
	bytes_u8(b, next);
	bytes_u8(b, 0);
	bytes_u16(b, content + 4);
}

/* One proposal: AES-GCM-16 with 256 bits, PRF HMAC-SHA2-256, group 19. */
static void association(struct bytes *b)
{
	static const uint8_t proposal[] = {
		0, 0, 0, 36, 1, 1, 0, 3,			/* IKE, three transforms */
		3, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 0x01, 0x00, /* ENCR */
		3, 0, 0, 8, 2, 0, 0, 5,				/* PRF */
		0, 0, 0, 8, 4, 0, 0, 19,			/* DH */
	};

	payload_header(b, PAYLOAD_KE, sizeof(proposal));
	bytes_put(b, proposal, sizeof(proposal));
}

static void sa_init(struct bytes *b, const struct message *m, uint64_t responder, unsigned flags)
{
	size_t start = header(b, responder, PAYLOAD_SA, EXCHANGE_SA_INIT, flags);

	association(b);
	payload_header(b, PAYLOAD_NONCE, 4 + 64);
	bytes_u16(b, 19);
	bytes_u16(b, 0);
	message_random(b, m, 64);
	payload_header(b, PAYLOAD_NONE, 32);
	message_random(b, m, 32);
	finish(b, start);
}

void ike_sa_init(struct bytes *b, const struct message *m)
{
	sa_init(b, m, 0, FLAG_INITIATOR);
}

void ike_sa_init_response(struct bytes *b, const struct message *m)
{
	sa_init(b, m, RESPONDER_SPI, FLAG_RESPONSE);
}

/* An encrypted payload says which payload is first inside: IDi 35, IDr 36. */
static void auth(struct bytes *b, const struct message *m, unsigned flags, unsigned inner)
{
	size_t start = header(b, RESPONDER_SPI, PAYLOAD_SK, EXCHANGE_AUTH, flags);

	payload_header(b, inner, 8 + 240 + 16);
	message_random(b, m, 8 + 240 + 16);
	finish(b, start);
}

void ike_auth(struct bytes *b, const struct message *m)
{
	auth(b, m, FLAG_INITIATOR, 35);
}

void ike_auth_response(struct bytes *b, const struct message *m)
{
	auth(b, m, FLAG_RESPONSE, 36);
}

void esp(struct bytes *b, const struct message *m)
{
	bytes_u32(b, 0xc0ffee01);
	bytes_u32(b, 1 + (random_next(m->random) & 0xffff));
	message_random(b, m, message_number(m, 0, 104));
}

void esp_in_udp(struct bytes *b, const struct message *m)
{
	esp(b, m);
}
