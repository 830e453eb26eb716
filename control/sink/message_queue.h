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
#define BACKLOG_DOCUMENTS 8192
#define BACKLOG_BYTES (16u << 20)

struct parcel {
	atomic_uint holders;
	size_t length;
	char *json; /* one line, without its newline */
};

/* Takes the text (of malloc) over; one holder. NULL without memory. */
struct parcel *parcel_new(char *json);
struct parcel *parcel_hold(struct parcel *);
void parcel_drop(struct parcel *);

struct backlog {
	struct parcel **ring;
	size_t first, count, bytes;
};

/* 0 or -ENOMEM. */
int backlog_init(struct backlog *);

/* Holds the parcel; false: full, and nothing happened. */
bool backlog_add(struct backlog *, struct parcel *);

/* The oldest, lent until it is removed; NULL: none. */
struct parcel *backlog_first(const struct backlog *);
void backlog_remove_first(struct backlog *);

void backlog_fini(struct backlog *);

#endif
