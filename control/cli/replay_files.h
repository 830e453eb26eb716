/* `portolan replay`: captures through a site's chart, into records, events, accounting and a
 * summary (DESIGN 8).
 */
#ifndef PORTOLAN_REPLAY_FILES_H
#define PORTOLAN_REPLAY_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "run/collector.h"

struct replay_options {
	const char *site;
	const char *const *capture;
	size_t captures;
	unsigned workers;
	struct collector_options collector;
	bool fail_on_flagged;
};

/* The command's exit status. */
int replay(const struct replay_options *);

#endif
