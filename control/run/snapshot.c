#include "run/snapshot.h"

#include "run/collector.h"
#include "run/reload.h"
#include "run/worker_pool.h"

void snapshot_init(struct snapshot *s, const struct reload *reload, const struct ledger *ledger,
	const struct capture *capture, uint64_t start_ns)
{
	*s = (struct snapshot){
		.start_ns = start_ns,
		.now_ns = start_ns,
		.reload = reload,
		.ledger = ledger,
		.capture = capture,
		.workers = capture->workers,
	};
}

const struct ruleset *snapshot_chart(const struct snapshot *s)
{
	return s->reload->ruleset;
}

void snapshot_take(struct snapshot *s, const struct crew *crew, uint64_t now_ns)
{
	uint64_t frames = s->counters.frames;

	s->now_ns = now_ns;
	capture_loss(s->capture, &s->loss);
	crew_counters(crew, &s->counters);
	for (unsigned i = 0; i < s->workers; i++)
		crew_hand_figures(crew, i, &s->worker[i].counters, &s->worker[i].pace);
	s->records_dropped = crew_dropped(crew);
	if (s->counters.frames > frames)
		s->last_packet_ns = now_ns;
	s->in_doubt = mirror_report_is_in_doubt(&s->ledger->mirror, &s->counters);
}
