/* Packets one after another in memory, until they are sorted by time and written.
 *
 * Heap; grows. A failed allocation sticks in `error` and further packets are dropped.
 */
#ifndef GENERATE_PACKETS_H
#define GENERATE_PACKETS_H

#include "packet/options.h"
#include "packet/pcap_writer.h"

#define SESSIONS_MAX 1024

struct wagon {
	uint64_t time_ns; /* decides the order */
	int64_t stamp_ns; /* added to it in the file */
	size_t offset;	  /* of the bytes, in the train's */
	uint32_t caplen, wirelen;
	uint32_t ip; /* offset of the IP header in the bytes */
	bool has_ip;
	bool is_lost;	   /* between the session's numbering and the capture */
	uint16_t session;  /* of a mirror that numbers its packets */
	uint32_t sequence; /* where their number is in the bytes, 0: nowhere */
	uint32_t place;
	enum side side;
};

struct packet_list {
	struct wagon *wagon;
	uint8_t *byte;
	size_t count, capacity;
	size_t length, room;
	int error;
};

/* A copy of the wagon's caplen bytes. */
void packet_list_add(struct packet_list *, struct wagon, const void *bytes);

/* What the shape says of order, loss, doubles and sides, for the packets from `first` on. */
void packet_list_shift(struct packet_list *, size_t first, const struct packet_options *);

/* By time; what has the same time keeps its order. */
void packet_list_sort(struct packet_list *);

/* Writes all but what is lost, and counts each session's packets, lost ones too. */
void packet_list_write(struct packet_list *, struct capture *);
void packet_list_fini(struct packet_list *);

#endif
