/* Everything about a statement's packets that is not their content: header fields,
 * fragments, tags, encapsulation, what the mirror did to them.
 */
#ifndef GENERATE_OPTIONS_H
#define GENERATE_OPTIONS_H

#include "packet/encapsulation.h"
#include "packet/ip.h"
#include "packet/transport.h"

#define VIA_MAX 8
#define ORDER_MAX 64
#define FRAGMENTS_MAX 64
#define REPEAT_MAX 10000000u

enum fragment_style { FRAGMENT_EVEN, FRAGMENT_TINY, FRAGMENT_OVERLAP };

/* Of a packet: with the statement's first end as sender, or the second. */
enum side { SIDE_THERE, SIDE_BACK, SIDE_COUNT };

struct packet_options {
	struct ip_shape ip;

	/* transport */
	enum checksum_kind checksum;
	bool has_seq, has_ack, no_acks;
	uint32_t seq, ack;
	uint16_t window, mss;
	int8_t data_offset;
	int32_t udp_length;
	uint8_t tcp_options_length;
	uint8_t tcp_options[TCP_OPTIONS_MAX];

	/* frames */
	uint8_t fragments;
	enum fragment_style fragment_style;
	bool no_padding;
	uint8_t trailer; /* bytes of 0xaa behind the IP packet */
	uint32_t cut;	 /* captured bytes, UINT32_MAX: all */
	uint8_t vias;
	struct wrap via[VIA_MAX];
	bool has_tag[SIDE_COUNT];
	struct wrap tag[SIDE_COUNT];

	/* time */
	uint64_t gap_ns;
	int64_t stamp_ns; /* added to what is written, without changing the order */

	/* the whole statement */
	uint32_t repeat;
	uint64_t every_ns;
	uint32_t advance_from, advance_from_port, advance_to, advance_to_port;

	/* the mirror */
	bool only_there, only_back;
	bool duplicated, duplicated_routed;
	uint64_t duplicate_ns;
	uint8_t orders, losses;
	uint8_t order[ORDER_MAX], loss[ORDER_MAX];
};

#define SHAPE_PLAIN                                                                                \
	{                                                                                          \
		.ip = IP_SHAPE_PLAIN, .window = 64240, .mss = 1460, .data_offset = -1,             \
		.udp_length = -1, .cut = UINT32_MAX, .gap_ns = 500000, .repeat = 1                 \
	}

#endif
