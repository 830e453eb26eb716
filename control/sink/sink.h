/* A sink: a destination for events, of a kind named in the site.
 *
 * Opened by the control thread while it has its rights; then used only by its sink worker's thread,
 * which may block. It keeps no event: the worker repeats write() with the same event until it
 * succeeds or is given up.
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
	/* Monotonic clock: no call waits beyond it. Written by the control thread, read by the
	 * sink's. */
	atomic_uint_least64_t give_up_ns;
	void *state;
	char why[SINK_WHY_BYTES]; /* message of the last failure; empty: errno explains it */
};

/* Functions return 0 or a negative errno. -ESHUTDOWN: the sink is unusable from now on. -EBADMSG
 * from write: skip this event. Any other error: retry. */
struct sink_operations {
	/* Before rights are dropped: opens files, reads certificates. An unreachable collector is
	 * no error. */
	int (*open)(struct sink *);
	/* In the sandbox. Writes the event from its fields or its JSON. */
	int (*write)(struct sink *, const struct event *);
	/* Files were renamed: opens them again. Optional. */
	int (*reopen)(struct sink *);
	/* Called about once a second while idle, to check the connection. Optional. */
	int (*tick)(struct sink *);
	void (*close)(struct sink *);
};

/* The operations of a kind. */
const struct sink_operations *sink_operations_of(enum sink_kind);

/* Name of the sink in messages: its file or address. */
const char *sink_name(const struct sink_settings *);

/* The value of a number or size key, already checked; `otherwise` if the site does not set it. */
uint64_t sink_number(const struct sink_settings *, enum sink_key, uint64_t otherwise);

/* Sets `why`, returns `error`. */
int sink_fail(struct sink *, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Waits for `events` of poll(2): 0, -ETIMEDOUT, or -ECANCELED if the sink has to give up. */
int sink_wait(const struct sink *, int fd, short events, uint64_t timeout_ns);

#define SINK_OPERATIONS(kind, name, operations) extern const struct sink_operations operations;
SINK_LIST(SINK_OPERATIONS)

#endif
