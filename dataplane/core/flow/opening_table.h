/* The pools of openings (see opening.h), of a worker. */
#ifndef PORTOLAN_OPENING_TABLE_H
#define PORTOLAN_OPENING_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "core/protocol/tls_walk.h"
#include "record.h"

#define OPENINGS                                                                                   \
	1024u /* flows at a time: a fleet of a thousand devices that comes back at once            \
	       */
#define OPENING_WINDOW 16u /* places where a flow's opening may be */
#define OPENING_ROOMS 64u  /* certificates at a time: each has some round trips to come in */
#define OPENING_NOTES 1024u
#define OPENING_NOWHERE 0xffffu

/* Of one side, by the key's direction. Numbers are TCP's. */
struct opening_side {
	struct tls_walk walk;
	uint32_t next;	    /* of the next byte to be read */
	uint32_t acked;	    /* behind the last byte that the other side has acknowledged */
	uint32_t end;	    /* behind the last segment that began in clear */
	uint32_t largest;   /* payload of its largest segment */
	uint32_t large_end; /* behind the first segment of that size */
	uint32_t again;	    /* where the large segment begins that is sent again */
	uint64_t again_ns;  /* when it was sent last */
	uint32_t begin;	    /* behind its SYN */
	uint16_t room;	    /* for its certificate, or OPENING_NOWHERE */
	uint8_t repeats;
	uint8_t heard; /* the other side spoke since it was sent, and did not acknowledge it */
	uint8_t is_told, is_spoilt;
	uint8_t has_bad_sums, has_good_sums;
};

struct channel_opening {
	struct opening_side side[2];
	uint8_t settled[2]; /* flow.seen as it is without the watch */
	uint16_t packets;
};

struct opening_room {
	struct record record; /* of its flow, once it waits to be told */
	uint16_t next;
	uint8_t byte[TLS_CERTIFICATE_BYTES];
};

/* Who sent a flow's packets on the link; the place is the flow's number's, and the last one's. */
struct opening_note {
	uint64_t first_ns;
	uint32_t flow;
	uint8_t known; /* a bit a direction */
	uint8_t mac[2][6];
};

struct opening_table {
	uint32_t *flow; /* of each place: 0: free */
	struct channel_opening *opening;
	struct opening_room *room;
	struct opening_note *note;
	uint16_t room_free, room_fresh;
	uint16_t told, told_last; /* a queue of rooms that wait to be told */
	uint32_t used;
};

size_t opening_table_size(void);

/* In zeroed memory, aligned to 64. */
void opening_table_init(struct opening_table *, void *memory);

/* Places of flows; NULL: it has none, or there is none left. */
struct channel_opening *opening_find(const struct opening_table *, uint32_t flow);
struct channel_opening *opening_add(struct opening_table *, uint32_t flow);
void opening_remove(struct opening_table *, struct channel_opening *);

/* OPENING_NOWHERE: none is left. */
uint16_t opening_room_take(struct opening_table *);
void opening_room_give(struct opening_table *, uint16_t room);

#endif
