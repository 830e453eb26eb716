/* How a worker is configured by ruleset and settings: one place for all who make workers. */
#ifndef PORTOLAN_WORKER_SETTINGS_H
#define PORTOLAN_WORKER_SETTINGS_H

#include "worker.h"

struct ruleset;
struct settings;

/* All but the seed; both are lent for the worker's life. */
struct worker_config worker_settings(
	const struct ruleset *, const struct settings *, struct record_buffer *);

#endif
