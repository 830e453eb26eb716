/* Packets one after another in memory, until they are sorted by time and written.
 *
 * Heap; grows. A failed allocation sticks in `error` and further packets are dropped.
 */
#ifndef GENERATE_TRAIN_H
#define GENERATE_TRAIN_H

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

struct train {
	struct wagon *wagon;
	uint8_t *byte;
	size_t count, capacity;
	size_t length, room;
	int error;
};

/* A copy of the wagon's caplen bytes. */
void train_add(struct train *, struct wagon, const void *bytes);

/* What the shape says of order, loss, doubles and sides, for the packets from `first` on. */
void train_shunt(struct train *, size_t first, const struct shape *);

/* By time; what has the same time keeps its order. */
void train_sort(struct train *);

/* Writes all but what is lost, and counts each session's packets, lost ones too. */
void train_write(struct train *, struct capture *);
void train_fini(struct train *);

#endif
