/* From a transport segment to frames: fragments, IP header, encapsulation, link
 * header, padding, and then into the train.
 */
#ifndef GENERATE_BUILD_H
#define GENERATE_BUILD_H

#include "packet/frame.h"
#include "packet/hosts.h"
#include "packet/options.h"
#include "packet/packets.h"

struct packet_builder {
	enum link link;
	const struct hosts *hosts;
	struct packet_list packets;
	uint16_t next_id;   /* of IP headers, one counter for all */
	bool unsupported;   /* a frame could not go over this link; sticks */
	struct frame frame; /* the segment, before builder_send() */
	uint8_t piece[FRAME_PAYLOAD_MAX + 128];
};

/* How one packet goes: [0] is the sender. */
struct packet_ends {
	struct endpoint from, to;
	const struct endpoint *hardware; /* whose MAC address sends, NULL: that of `from` */
	uint8_t protocol;
	enum side side;
	uint64_t time_ns;
};

/* Sends the bytes in `frame` as an IP payload; the time of the last fragment's end. */
uint64_t builder_send(
	struct packet_builder *, const struct packet_ends *, const struct packet_options *);

/* Sends `frame` as it is, with its ethertype and ends: no IP header added. */
void builder_send_frame(
	struct packet_builder *, enum side, uint64_t time_ns, const struct packet_options *);

/* Sends `frame` untouched: it is a whole frame of the capture's link type. */
void builder_send_raw(struct packet_builder *, uint64_t time_ns, const struct packet_options *);

#endif
