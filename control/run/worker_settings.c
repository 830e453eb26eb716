#include "run/worker_settings.h"

#include "config/settings.h"
#include "policy/ruleset.h"

struct worker_config worker_settings(const struct ruleset *ruleset, const struct settings *settings,
	struct record_buffer *buffer)
{
	return (struct worker_config){
		.policy = ruleset->policy,
		.timeouts = ruleset->timeouts,
		.warmup_ns = ruleset->warmup_ns,
		.scanner = ruleset->scanner,
		.flow_max = settings->flow_max,
		.deduplicate = settings->capture.deduplicate,
		.record_buffer = buffer,
	};
}
