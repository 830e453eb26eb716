/* A sink's queue of events, oldest first, bounded in number and bytes.
 *
 * An event is shared by the queues that hold it and freed with its last reference. The sink
 * worker's lock protects the queue.
 */
#ifndef PORTOLAN_MESSAGE_QUEUE_H
#define PORTOLAN_MESSAGE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct event;

/* Whichever limit is reached first; an event's size is that of its JSON. */
#define QUEUE_MESSAGES_MAX 8192
#define QUEUE_BYTES_MAX (16u << 20)

struct message_queue {
	struct event **ring;
	size_t first, count, bytes;
};

/* 0 or -ENOMEM. */
int message_queue_init(struct message_queue *);

/* Takes a reference to the event; false: full, nothing changed. */
bool message_queue_add(struct message_queue *, struct event *);

/* The oldest event, lent until it is removed; NULL: empty. */
struct event *message_queue_first(const struct message_queue *);
void message_queue_remove_first(struct message_queue *);

void message_queue_fini(struct message_queue *);

#endif
