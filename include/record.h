/* A flow as it leaves the packet path: numbers only, names are the reader's affair.
 *
 * Written by a worker into its record buffer, read by control. [0] is the initiator (source),
 * [1] the responder (destination).
 */
#ifndef PORTOLAN_RECORD_H
#define PORTOLAN_RECORD_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "encap.h"
#include "facts.h"
#include "service.h"
#include "verdict.h"

enum record_kind {
	RECORD_FLAGGED, /* a flow became flagged, or graver than it was reported */
	RECORD_ENDED,
	RECORD_LIVE,	    /* a flow as it is now: one of a dump */
	RECORD_EVASION,	    /* `evasion_reason` was seen in a flow, flagged or not */
	RECORD_WITHDRAWN,   /* a flow that was reported as flagged is so no more */
	RECORD_CERTIFICATE, /* a piece of what `piece.end` showed in a flow of channels; the pieces
			     * of one follow each other */
};

/* What the beginning of a flow of appliance communications told (core/flow/opening.h); of other
 * flows nothing. Bits are of ends: 1 the initiator's, 2 the responder's. */
struct opening_report {
	uint8_t alert;	    /* the first TLS alert in clear: its description */
	uint8_t alert_from; /* whose: a bit; 0: there was none */
	uint8_t stuck; /* its largest segments are sent again and again, and come not through */
	uint8_t mac_known;
	uint8_t mac[2][6]; /* the sender's address on the link, or the last router's */
};

/* RECORD_CERTIFICATE: a part of a certificate as it was sent, in DER. */
#define CERTIFICATE_PIECE_BYTES 120
struct certificate_piece {
	uint16_t size;	 /* of the whole; 0: it was longer than what is kept, or there was none */
	uint16_t offset; /* of this piece */
	uint8_t length;	 /* of this piece */
	uint8_t end;	 /* 0: the initiator's, 1: the responder's */
	uint8_t is_none; /* it has sent that it has none */
	uint8_t zero;
	uint8_t byte[CERTIFICATE_PIECE_BYTES];
};

struct record {
	struct address address[2];
	uint16_t port[2];
	uint8_t protocol; /* IP protocol number */
	uint8_t version;  /* 4 or 6 */
	uint8_t kind;	  /* enum record_kind */
	uint8_t verdict;
	uint8_t end_verdict[2];
	uint8_t connection;
	uint8_t basis;
	uint8_t end; /* enum end; of a live flow END_FIN or END_RESET if it is closed */
	uint8_t severity;
	uint8_t evasion_reason;	 /* RECORD_EVASION: enum evasion; `severity` is the reason's */
	uint16_t evasions;	 /* all reasons so far: EVASION_BIT() */
	uint8_t corrected;	 /* the initiator was corrected at least once */
	uint8_t repeated_graver; /* RECORD_FLAGGED: this flow was reported before, less grave */
	uint8_t history_length;	 /* history bits in `history` */
	uint16_t appliance[2];
	uint16_t set[2];
	struct encap encap;  /* of the first packet */
	uint32_t tunnel;     /* not 0: inside a tunnel that is no mirror's; a hash of which */
	uint32_t generation; /* of the policy that judged it */
	uint32_t detail;     /* of the first packet: ICMP type << 8 | code; SCTP ports */
	uint64_t history; /* four bits a history bit, the first in the lowest; see record_history()
			   */
	uint64_t start_ns, end_ns;
	uint64_t packets[2], bytes[2];
	uint8_t service;       /* enum service, or SERVICE_COUNT: none was recognised */
	uint8_t service_basis; /* enum service_basis */
	struct opening_report opening;
	union {
		struct facts facts;
		struct certificate_piece piece; /* RECORD_CERTIFICATE */
	};
};

static_assert(sizeof(struct opening_report) == 16, "written as one");
static_assert(sizeof(struct certificate_piece) == sizeof(struct facts), "in the place of facts");

/* Not ended as far as was seen. */
static inline int record_is_live(const struct record *r)
{
	return r->kind == RECORD_LIVE || (r->kind == RECORD_ENDED && r->end == END_END_OF_CAPTURE);
}

/* Where a worker leaves records. Control gives the memory and empties it after every
 * burst; `capacity` is at least RECORD_BUFFER_MIN, so that a burst always fits.
 *
 * While it is `congested` nobody takes what is left here: alerts wait with their flows, which
 * remember that they are unreported, and what can wait otherwise does. */
#define RECORD_BUFFER_MIN 1024

struct record_buffer {
	struct record *record;
	size_t capacity, count;
	int congested;
};

#define HISTORY_BYTES 20

/* Zeek's notation: upper case for the initiator, `^` first where it was corrected. */
void record_history(const struct record *, char text[HISTORY_BYTES]);

/* A hash of 5-tuple, verdict, packets and bytes; summed over all flows it does not depend
 * on their order. Equal for equal records on every machine. */
uint64_t record_digest(const struct record *);

/* The end of a flow whose verdict is the flow's: 0 the initiator, 1 the responder. */
unsigned record_judged_end(const struct record *);

#endif
