#include "run/evidence_memory.h"

#include <errno.h>
#include <stdlib.h>

#include "base/heap.h"
#include "config/settings.h"

int evidence_memory_open(
	struct evidence_memory *m, const struct evidence_settings *settings, uint64_t backlog_bytes)
{
	*m = (struct evidence_memory){
		.batches = packet_evidence_batches(settings->ring_bytes + backlog_bytes),
		.evidence = {.ring_bytes = settings->ring_bytes,
			.flow_packets = settings->flow_packets,
			.flow_bytes = settings->flow_bytes},
	};
	m->ring = heap_calloc(1, settings->ring_bytes);
	m->batch = heap_calloc(m->batches, sizeof(*m->batch));
	if (!m->ring || !m->batch) {
		evidence_memory_close(m);
		return -ENOMEM;
	}
	m->evidence.ring = m->ring;
	packet_evidence_take(&m->evidence);
	for (uint32_t i = 0; i < m->batches; i++)
		packet_evidence_give(&m->evidence, &m->batch[m->batches - 1 - i]);
	return 0;
}

void evidence_memory_close(struct evidence_memory *m)
{
	free(m->ring);
	free(m->batch);
	*m = (struct evidence_memory){.batches = 0};
}

void evidence_memory_empty(struct evidence_memory *m, evidence_taker *take, void *context)
{
	struct evidence_batch *b, *next;

	packet_evidence_flush(&m->evidence);
	for (b = packet_evidence_take(&m->evidence); b; b = next) {
		next = b->next;
		evidence_batch_each(b, take, context);
		packet_evidence_give(&m->evidence, b);
	}
}
