/* TCP, UDP and ICMP headers before the frame's bytes (RFC 9293, 768, 792, 4443). */
#ifndef GENERATE_TRANSPORT_H
#define GENERATE_TRANSPORT_H

#include "packet/frame.h"

enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

#define TCP_OPTIONS_MAX 40

enum checksum_kind { CHECKSUM_RIGHT, CHECKSUM_WRONG, CHECKSUM_ZERO };

struct tcp_fields {
	uint32_t seq, ack;
	uint16_t window;
	uint8_t flags;
	int8_t data_offset; /* in words; -1: the true one */
	uint8_t options_length;
	uint8_t options[TCP_OPTIONS_MAX];
};

void tcp_prepend(struct frame *, const struct endpoint *from, const struct endpoint *to,
	const struct tcp_fields *, enum checksum_kind);

/* `length`: the header's field; -1 for the true one. */
void udp_prepend(struct frame *, const struct endpoint *from, const struct endpoint *to,
	int32_t length, enum checksum_kind);

/* ICMP or ICMPv6 as the version of `from` says; `rest` is the header's last word. */
void icmp_prepend(struct frame *, const struct endpoint *from, const struct endpoint *to,
	uint8_t type, uint8_t code, uint32_t rest, enum checksum_kind);

#endif
