/* A backlog: the documents that wait for a sink, oldest first, bounded in number and size.
 *
 * A document's text is made once and shared by all backlogs that it is in; the last one to
 * drop it frees it. The backlog itself is under its outlet's lock.
 */
#ifndef PORTOLAN_MESSAGE_QUEUE_H
#define PORTOLAN_MESSAGE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Whichever comes first. */
#define QUEUE_MESSAGES_MAX 8192
#define QUEUE_BYTES_MAX (16u << 20)

struct message {
	atomic_uint holders;
	size_t length;
	char *json; /* one line, without its newline */
};

/* Takes the text (of malloc) over; one holder. NULL without memory. */
struct message *message_new(char *json);
struct message *message_hold(struct message *);
void message_drop(struct message *);

struct message_queue {
	struct message **ring;
	size_t first, count, bytes;
};

/* 0 or -ENOMEM. */
int message_queue_init(struct message_queue *);

/* Holds the parcel; false: full, and nothing happened. */
bool message_queue_add(struct message_queue *, struct message *);

/* The oldest, lent until it is removed; NULL: none. */
struct message *message_queue_first(const struct message_queue *);
void message_queue_remove_first(struct message_queue *);

void message_queue_fini(struct message_queue *);

#endif
