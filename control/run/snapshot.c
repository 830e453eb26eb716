#include "run/snapshot.h"

#include "run/collector.h"
#include "run/reload.h"
#include "run/worker_pool.h"

void snapshot_init(struct snapshot *s, const struct reload *reload,
	const struct collector *collector, const struct capture *capture, uint64_t start_ns)
{
	*s = (struct snapshot){
		.start_ns = start_ns,
		.now_ns = start_ns,
		.reload = reload,
		.collector = collector,
		.capture = capture,
		.workers = capture->workers,
	};
}

const struct ruleset *snapshot_ruleset(const struct snapshot *s)
{
	return s->reload->ruleset;
}

void snapshot_take(
	struct snapshot *s, const struct worker_pool *pool, uint64_t now_ns, uint64_t steady_ns)
{
	uint64_t frames = s->counters.frames;

	s->now_ns = now_ns;
	capture_loss(s->capture, &s->loss);
	s->links_down = capture_links_down(s->capture, s->link_down);
	worker_pool_counters(pool, &s->counters);
	for (unsigned i = 0; i < s->workers; i++)
		worker_pool_worker_counters(
			pool, i, &s->worker[i].counters, &s->worker[i].cycle_counters);
	s->records_dropped = worker_pool_dropped(pool);
	if (s->counters.frames > frames)
		s->last_packet_ns = now_ns;
	if (s->counters.frames > frames || s->quiet_since_ns == 0)
		s->quiet_since_ns = steady_ns;
	s->quiet_ns = steady_ns - s->quiet_since_ns;
	s->in_doubt = mirror_report_is_in_doubt(&s->collector->mirror, &s->counters);
}
