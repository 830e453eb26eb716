/* Builds a worker's configuration from ruleset and settings. */
#ifndef PORTOLAN_WORKER_SETTINGS_H
#define PORTOLAN_WORKER_SETTINGS_H

#include "worker.h"

struct ruleset;
struct settings;

/* All but the seed; ruleset and settings are lent for the worker's life. */
struct worker_config worker_settings(
	const struct ruleset *, const struct settings *, struct record_buffer *);

#endif
