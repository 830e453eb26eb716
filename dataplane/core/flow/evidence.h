/* What the two ends of a flow have shown of who began it (DESIGN 4): sequence numbers of TCP,
 * what an answer repeats of its request, and what was told of evasion.
 *
 * One beside each flow of the table, touched only by packets that show something new. A worker
 * owns it with the flow.
 */
#ifndef PORTOLAN_EVIDENCE_H
#define PORTOLAN_EVIDENCE_H

#include <assert.h>
#include <stdint.h>

/* What is known of one direction of the key: evidence.known. */
enum known {
	KNOWN_SYN = 1,	      /* TCP: `first` is the number behind its SYN */
	KNOWN_SYN_ACK = 2,    /* `first` is the number behind its SYN+ACK */
	KNOWN_FIRST = 4,      /* `first` is the lowest number that it sent, no handshake seen */
	KNOWN_PROVEN = 8,     /* the other side has acknowledged its SYN or SYN+ACK */
	KNOWN_ANSWERED = 16,  /* `answered`: what the other side's SYN+ACK or RST acknowledges */
	KNOWN_REQUEST = 32,   /* it sent a request, `first` is what an answer has to repeat */
	KNOWN_ANSWER = 64,    /* it sent an answer, `first` is what it repeats */
	KNOWN_SYN_DATA = 128, /* its only data so far came with its SYN, and proves nothing */
};

#define KNOWN_HANDSHAKE (KNOWN_SYN | KNOWN_SYN_ACK)

struct evidence {
	uint32_t first[2];    /* by the key's direction, see enum known */
	uint32_t answered[2]; /* likewise, of what that direction sent */
	/* A SYN that begins another flow as soon as it is acknowledged: the number behind it, its
	 * time, its IP bytes. */
	uint32_t pending;
	uint32_t reset; /* sequence number of the reset in question */
	uint64_t pending_ns;
	uint64_t wait_ns; /* stream time up to which its alert waits, see waiting.h */
	/* Of the first packet: ICMP type << 8 | code; SCTP ports. Of TCP: the service of the first
	 * request or answer, 1 + enum service. */
	uint32_t detail;
	uint16_t pending_bytes;
	uint8_t pendings; /* different SYNs that were pending; sticks at the top */
	uint8_t pending_direction : 1;
	uint8_t reset_direction : 1;
	uint8_t reset_state : 2;  /* enum reset_state */
	uint8_t is_tunnelled : 1; /* it is inside of a tunnel that is no mirror's */
	uint8_t copies : 2;	  /* enum copies, see recent_packets.h */
	uint8_t is_watched : 1;	  /* a flow of channels, see opening.h */
	uint8_t known[2];
	uint16_t told;	     /* EVASION_BIT(): what was told of flow.evasions */
	uint16_t told_alone; /* of these: when only one side had sent anything */
	uint8_t sums_good;   /* a bit a direction: it has sent a checksum that is right */
	uint8_t sums_bad;    /* and a wrong one, with data that was looked at */
	uint32_t recent;     /* where the ring has its last packet, see recent_packets.c */
	uint16_t copied, copied_units; /* packets that went to control, and their bytes */
};

enum reset_state {
	RESET_NONE,
	RESET_TAKEN,   /* it closed the flow */
	RESET_IGNORED, /* it does not fit the window: it closes nothing */
};

static_assert(sizeof(struct evidence) == 64, "a line");

#endif
