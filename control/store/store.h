/* The store: takes what a sensor or a replay has to remember, and writes it on a thread of its own.
 *
 * Messages wait in a bounded queue. A sensor never waits for the store: what finds no place is
 * counted, and the count is written as soon as something can be written again. A replay, whose
 * packets can wait, waits. A disk that is full is tried again every second.
 *
 * All functions but store_open() and store_close() may be called with NULL: then nothing is stored.
 * Called by one thread.
 */
#ifndef PORTOLAN_STORE_H
#define PORTOLAN_STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store_message.h"

struct store;
struct baseline_finding;

/* How far the sealing of segments is; may be read by any thread. */
struct store_progress {
	atomic_uint to_seal, sealed;
};

struct store_config {
	const char *folder;  /* made if it is missing, mode 0750 */
	bool keeps_all;	     /* flows that belong, too */
	bool may_wait;	     /* a full queue is waited for */
	uint64_t keep_ns;    /* segments older than that are removed; 0: none */
	uint64_t size_bytes; /* the oldest segments are removed when all take more; 0: no limit */
	uint64_t learn_ns;   /* how long is learned before baseline findings; 0: none are made */
	struct store_progress *progress; /* or NULL; has to live until the store is closed */
	const char *const *exposure;	 /* names of the bits of stored_flow.exposures */
};

/* 0, or a negative errno with the reason logged. `unclean`: so many earlier runs ended without an
 * end. */
int store_open(struct store **, const struct store_config *, unsigned *unclean);

/* The certificate that each end of a channel has shown last: lent for the call. Only before the
 * threads are started. 0 or a negative errno. */
typedef void store_certificate_taker(void *context, const struct stored_certificate *);
int store_certificates(struct store *, store_certificate_taker *, void *context);

/* Starts the threads, once rights are dropped: 0 or a negative errno. */
int store_start(struct store *);

/* Writes what waits (a sensor: for at most `within_ns`), and ends the threads. 0, or a negative
 * errno if something could not be written. */
int store_close(struct store *, uint64_t ended_ns, const char *ending, uint64_t within_ns);

void store_run(struct store *, const struct stored_run *);
/* When the run began, where it was not known yet. */
void store_began(struct store *, uint64_t began_ns);
void store_policy(struct store *, const struct stored_policy *);
/* Of the policy that was told last. */
void store_appliance(struct store *, const struct stored_appliance *);
void store_endpoint(struct store *, const struct stored_endpoint *);
void store_flow(struct store *, const struct stored_flow *);
void store_finding(struct store *, const struct stored_finding *);
void store_connection(struct store *, const struct stored_connection *);
void store_certificate(struct store *, const struct stored_certificate *);
void store_minute(struct store *, const struct stored_minute *);
void store_mirror(struct store *, const struct stored_mirror *);
void store_place(struct store *, const struct stored_place *);
void store_sink(struct store *, const struct stored_sink *);

/* Asks what differs from before, of all that was told until now; an answer that was not taken comes
 * first. Where the store does not learn, nothing is found. */
void store_ask_baseline(struct store *, uint64_t now_ns);

/* The findings, to be freed with baseline_findings_free(); NULL: none. `waits`: for the answer. */
struct baseline_finding *store_take_baseline(struct store *, bool waits);

/* Hands on the flows that were gathered; call at least once a second. */
void store_flush(struct store *);

struct store_state {
	const char *folder;
	uint64_t written, lost;	   /* messages and flows */
	uint64_t queue_peak_bytes; /* the most that waited at once */
	int error;		   /* 0, or why it cannot write at the moment */
	uint64_t error_since_ns;
	char why[256];
};
struct store_state store_state(struct store *);

#endif
