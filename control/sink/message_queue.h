/* The events that wait for a sink, oldest first, bounded in number and size.
 *
 * An event is shared by all queues that it is in; the last one to drop it frees it. The queue
 * itself is under its sink worker's lock.
 */
#ifndef PORTOLAN_MESSAGE_QUEUE_H
#define PORTOLAN_MESSAGE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct event;

/* Whichever comes first; an event counts with the bytes of its JSON. */
#define QUEUE_MESSAGES_MAX 8192
#define QUEUE_BYTES_MAX (16u << 20)

struct message_queue {
	struct event **ring;
	size_t first, count, bytes;
};

/* 0 or -ENOMEM. */
int message_queue_init(struct message_queue *);

/* Holds the event; false: full, and nothing happened. */
bool message_queue_add(struct message_queue *, struct event *);

/* The oldest, lent until it is removed; NULL: none. */
struct event *message_queue_first(const struct message_queue *);
void message_queue_remove_first(struct message_queue *);

void message_queue_fini(struct message_queue *);

#endif
