/* The store's queue: messages with the texts that they point to, oldest first, bounded in bytes.
 *
 * Between the thread that tells and the thread that writes; a lock of its own.
 */
#ifndef PORTOLAN_STORE_QUEUE_H
#define PORTOLAN_STORE_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "store/store_message.h"

#define STORE_QUEUE_BYTES (64u << 20)
#define STORE_FLOWS_AT_ONCE 256

enum store_message_kind {
	STORE_RUN,
	STORE_BEGAN,
	STORE_POLICY,
	STORE_APPLIANCE,
	STORE_ENDPOINT,
	STORE_FLOWS,
	STORE_FINDING,
	STORE_CONNECTION,
	STORE_CERTIFICATE,
	STORE_MINUTE,
	STORE_MIRROR,
	STORE_PLACE,
	STORE_SINK,
	STORE_BASELINE,
};

struct store_message {
	struct store_message *next;
	size_t bytes;
	enum store_message_kind kind;
	uint32_t flows; /* STORE_FLOWS: so many follow */
	union {
		struct stored_run run;
		uint64_t began_ns, now_ns;
		struct stored_policy policy;
		struct stored_appliance appliance;
		struct stored_endpoint endpoint;
		struct stored_finding finding;
		struct stored_connection connection;
		struct stored_certificate certificate;
		struct stored_minute minute;
		struct stored_mirror mirror;
		struct stored_place place;
		struct stored_sink sink;
	};
	char more[]; /* texts, or flows */
};

struct store_queue {
	pthread_mutex_t lock;
	pthread_cond_t is_filled, is_emptied;
	struct store_message *first, **last;
	size_t bytes, peak_bytes;
	bool is_ending;
};

void store_queue_init(struct store_queue *);
void store_queue_fini(struct store_queue *);

/* A message of a kind with copies of its texts, of which `value` (a struct of that kind) points to
 * `texts` at the offsets `text_at`. NULL: no memory. */
struct store_message *store_message_new(enum store_message_kind, const void *value, size_t bytes,
	const size_t *text_at, size_t texts);

/* Takes the message, or returns false where it finds no room; `may_wait`: waits for room. */
bool store_queue_put(struct store_queue *, struct store_message *, bool may_wait);

/* All messages, waiting at most `wait_ns` for the first; NULL: none came. They count as queued
 * until store_queue_done(). */
struct store_message *store_queue_take(struct store_queue *, uint64_t wait_ns, bool *is_ending);

/* Frees messages that were taken. */
void store_queue_done(struct store_queue *, struct store_message *first);

/* The most bytes that waited at once. */
size_t store_queue_peak(struct store_queue *);

void store_queue_end(struct store_queue *);

#endif
