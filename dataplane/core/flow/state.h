/* The tracker's state: what its parts share (see tracker.h). Owned by one worker. */
#ifndef PORTOLAN_STATE_H
#define PORTOLAN_STATE_H

#include "core/flow/encap_table.h"
#include "core/flow/opening_table.h"
#include "core/flow/responder_cache.h"
#include "core/flow/table.h"
#include "core/flow/tunnelled.h"
#include "core/flow/waiting.h"
#include "core/mirror.h"
#include "core/service/inspection.h"
#include "counters.h"
#include "packet_evidence.h"
#include "policy.h"
#include "policy_change.h"
#include "record.h"

struct tracker {
	const struct policy *policy;
	struct counters *counters;
	struct record_buffer *record_buffer;
	struct packet_evidence *packet_evidence; /* NULL: no packet is copied */
	struct table table;
	struct waiting waiting;
	struct tunnelled tunnelled;
	struct encap_table *encap_table;
	struct mirror *mirror;
	struct responder_cache responder_cache;
	struct opening_table openings;
	struct inspection inspection; /* without a scanner: no flow is inspected */
	uint64_t limit_ns[TIMEOUT_COUNT];
	uint64_t bound_ns[8];  /* from this gap on a packet takes the slow path: by enum timeout */
	uint64_t warmup_ns;    /* from the start of the stream */
	uint64_t start_ns;     /* of the stream; set with its first burst */
	uint64_t now_ns;       /* the stream's time as of the last packet */
	uint64_t swept_ns;     /* stream time up to which the sweep has come */
	uint64_t sweep_credit; /* flows that it may look at, times a second in ns */
	struct policy_change policy_change; /* the last one, if there was one */
	unsigned reports_wait; /* sweeps that have to look for flows whose alert had to wait */
	int rejudge_pending;   /* some flows may belong to no appliance of the policy in force */
	uint32_t rejudge_at, dump_at; /* where rejudging and dump go on */
};

/* Judged by an older policy. */
static inline int flow_is_outdated(const struct tracker *t, const struct flow *f)
{
	return f->generation != (uint16_t)t->policy->generation;
}

#endif
