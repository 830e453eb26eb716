/* The loop: poll, process, release.
 *
 * A worker owns its flow table and its counters; it is made and freed by control, which
 * also gives the record buffer and empties it after every step. One thread steps a worker.
 */
#ifndef PORTOLAN_WORKER_H
#define PORTOLAN_WORKER_H

#include <stdint.h>

#include "counters.h"
#include "mirror_counters.h"
#include "packet_evidence.h"
#include "policy.h"
#include "policy_change.h"
#include "record.h"
#include "signature.h"
#include "source.h"
#include "timeouts.h"

struct worker;

struct worker_config {
	const struct policy *policy; /* lives longer than the worker */
	struct flow_timeouts timeouts;
	uint64_t warmup_ns;
	uint64_t seed; /* of the flow table's hash */
	uint32_t flow_max;
	int deduplicate; /* drop the second of two equal packets, see core/decode/duplicates.h */
	const struct scanner
		*scanner;	   /* lives longer than the worker; NULL: nothing is inspected */
	uint32_t reassembly_slots; /* flows whose first bytes are reassembled at a time; 0: a
				      default */
	uint32_t facts_max;	   /* flows that have facts at a time; 0: a default */
	struct record_buffer *record_buffer;
	struct packet_evidence *packet_evidence; /* NULL: no packets are kept */
};

/* How fast a worker is: of every PACE_STEPSth step that had packets, in cycles of the CPU's time
 * stamp counter (0 where there is none). */
#define CYCLE_SAMPLE_STEPS 64

struct cycle_counters {
	uint64_t packets;
	uint64_t poll_cycles, process_cycles, release_cycles;
};

/* 0 or -ENOMEM. */
int worker_new(struct worker **, const struct worker_config *);
void worker_free(struct worker *);

/* One burst from the source: what its poll said. */
int worker_step(struct worker *, struct source *);

/* One burst that the caller has polled. */
void worker_process(struct worker *, const struct burst *);

/* Time goes on without packets: ends what has become idle, and goes on with errands, a little at a
 * time. 1: there is more to do. */
int worker_idle(struct worker *, uint64_t now_ns);

/* --- errands: what control wants of a worker, done a little with every step --- */

/* Another policy, from the next packet on; `host`, one an appliance of it and zeroed, replaces
 * the array that the worker had, which is returned for control to free. The policy change is lent
 * until the worker has rejudged its flows. */
struct mirror_host *worker_set_policy(
	struct worker *, const struct policy_change *, struct mirror_host *host, size_t hosts);

/* 1 if no flow waits to be judged by the policy in force. */
int worker_is_rejudged(const struct worker *);

/* Asks for a RECORD_LIVE of every flow, after it has rejudged its flows. */
void worker_dump(struct worker *);

/* 1 if the dump that was asked for last is complete. */
int worker_is_dumped(const struct worker *);

/* Ends the flows that are left, some at a time: call until it returns 0. */
int worker_finish(struct worker *, uint64_t now_ns);

const struct counters *worker_counters(const struct worker *);
const struct cycle_counters *worker_cycles(const struct worker *);

/* Once it has ended. */
const struct mirror_counters *worker_mirror(const struct worker *);

#endif
