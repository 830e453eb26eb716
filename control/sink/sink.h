/* A sink: where events go, by the kind that the site names.
 *
 * Opened by the control thread while it has its rights; from then on it belongs to the thread
 * of its sink worker, which alone may wait. It holds no event: one that could not be written is
 * offered again by the sink worker, always the same one until it is done.
 */
#ifndef PORTOLAN_SINK_H
#define PORTOLAN_SINK_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"

#define SINK_WHY_BYTES 200

struct event;
struct sink_operations;

struct sink {
	const struct sink_operations *operations;
	const struct sink_settings *settings; /* lent; outlives the sink */
	/* Steady clock: nothing waits beyond it. Written by the control thread, read here. */
	atomic_uint_least64_t give_up_ns;
	void *state;
	char why[SINK_WHY_BYTES]; /* of the last failure, in words; empty: errno says it */
};

/* Functions return 0 or a negative errno. -ESHUTDOWN: it will never work again.
 * -EBADMSG from write: this event cannot be said, the next one can. */
struct sink_operations {
	/* With all rights: files, certificates. A collector that is not there is no failure. */
	int (*open)(struct sink *);
	/* Behind the sandbox. The event's fields, or its JSON. */
	int (*write)(struct sink *, const struct event *);
	/* Somebody moved the files away. Optional. */
	int (*reopen)(struct sink *);
	/* About once a second when there is nothing to write: is all well? Optional. */
	int (*tick)(struct sink *);
	void (*close)(struct sink *);
};

/* The operations of a kind. */
const struct sink_operations *sink_operations_of(enum sink_kind);

/* How the sink is called in messages: its file or its collector. */
const char *sink_name(const struct sink_settings *);

/* Of a key that holds a number or a size, which is what it was checked for; `otherwise` where the
 * site does not have it. */
uint64_t sink_number(const struct sink_settings *, enum sink_key, uint64_t otherwise);

/* Remembers the words, returns the error. */
int sink_fail(struct sink *, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Waits for `events` of poll(2): 0, -ETIMEDOUT, or -ECANCELED where the sink has to give up. */
int sink_wait(const struct sink *, int fd, short events, uint64_t timeout_ns);

#define SINK_OPERATIONS(kind, name, operations) extern const struct sink_operations operations;
SINK_LIST(SINK_OPERATIONS)

#endif
