/* The memory in which one worker keeps packets (packet_evidence.h): its ring and its batches.
 *
 * Made and freed by control; while the worker runs the ring and the lists are its thread's.
 */
#ifndef PORTOLAN_EVIDENCE_MEMORY_H
#define PORTOLAN_EVIDENCE_MEMORY_H

#include "packet_evidence.h"

struct evidence_settings;

struct evidence_memory {
	struct packet_evidence evidence;
	struct evidence_batch *batch;
	uint32_t batches;
	void *ring;
};

/* `backlog_bytes`: of packets that the worker may have been given since its batches were taken
 * last; what it puts out of these finds room too. 0 or -ENOMEM. */
int evidence_memory_open(
	struct evidence_memory *, const struct evidence_settings *, uint64_t backlog_bytes);
void evidence_memory_close(struct evidence_memory *);

/* Passes on every packet that went out, and gives the batches back. By the worker's thread. */
void evidence_memory_empty(struct evidence_memory *, evidence_taker *, void *context);

#endif
