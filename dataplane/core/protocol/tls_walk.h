/* What one direction of a TLS connection says in clear before it is encrypted: its alert and its
 * leaf certificate (RFC 5246 6.2.1, 7.2 and 7.4.2; RFC 8446 5.1 and 6).
 *
 * Fed with the direction's bytes in order, in pieces of any size; remembers where it is, and
 * nothing of what it has seen but the certificate, which goes to memory that the caller lends. Ends
 * with the first encrypted record, with what is no TLS, and after TLS_WALK_BYTES. Owned by its
 * caller; total.
 */
#ifndef PORTOLAN_TLS_WALK_H
#define PORTOLAN_TLS_WALK_H

#include <stdint.h>

#define TLS_WALK_BYTES 16384u	    /* of each direction: certificate chains have 2 to 8 KiB */
#define TLS_CERTIFICATE_BYTES 4096u /* of a leaf; a longer one is passed over */
#define TLS_ALERT_NONE 0xffu

enum tls_walk_stage {
	TLS_WALK_CLEAR,
	TLS_WALK_SEALED, /* the rest is encrypted */
	TLS_WALK_OVER,	 /* no TLS, or too much of it */
};

enum tls_certificate_state {
	TLS_CERTIFICATE_NONE,
	TLS_CERTIFICATE_READING,
	TLS_CERTIFICATE_WHOLE,
	TLS_CERTIFICATE_EMPTY,	 /* a list without any: the client has none */
	TLS_CERTIFICATE_LONG,	 /* longer than TLS_CERTIFICATE_BYTES */
	TLS_CERTIFICATE_NO_ROOM, /* no memory was lent */
};

struct tls_walk {
	uint32_t walked;       /* bytes so far */
	uint32_t message_left; /* bytes of the message's body that are still to come */
	uint32_t list_left;    /* of a certificate list, likewise */
	uint32_t leaf_left;    /* of the certificate, likewise */
	uint32_t leaf_at;      /* `walked` before its first byte */
	uint16_t leaf_bytes;   /* of the certificate, written so far */
	uint16_t record_left;  /* of the record's body, likewise */
	uint8_t stage;	       /* enum tls_walk_stage */
	uint8_t type;	       /* of the record */
	uint8_t head_bytes;    /* of the record's header, in `head` */
	uint8_t message_type;
	uint8_t message_head_bytes;
	uint8_t certificate; /* enum tls_certificate_state */
	uint8_t alert;	     /* the description, or TLS_ALERT_NONE */
	uint8_t alert_bytes; /* of the alert's two */
	uint8_t head[5], message_head[4], alert_level;
	uint8_t list_head_bytes, list_head[6];
};

void tls_walk_init(struct tls_walk *);

/* The next bytes. `room`: TLS_CERTIFICATE_BYTES for the certificate, the same for every call until
 * it is whole, or NULL. */
void tls_walk_feed(struct tls_walk *, const uint8_t *bytes, uint32_t count, uint8_t *room);

/* A certificate's first byte may be among the next ones: lend memory. */
static inline int tls_walk_wants_room(const struct tls_walk *w)
{
	return w->stage == TLS_WALK_CLEAR && w->certificate == TLS_CERTIFICATE_READING;
}

#endif
