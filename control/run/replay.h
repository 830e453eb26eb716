/* The replay of captures through a ruleset: every record goes to a taker, on this thread.
 *
 * With several workers this thread reads and hands each packet to the one that its address
 * pair belongs to; what comes of it does not depend on how many there are.
 *
 * What is wrong with a capture is said on standard error when it is met, and the next one
 * is taken: what was read counts.
 */
#ifndef PORTOLAN_REPLAY_H
#define PORTOLAN_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "counters.h"
#include "record.h"

struct ruleset;
struct settings;
struct mirror_report;

#define REPLAY_WORKERS_MAX 64

typedef void record_taker(void *context, const struct record *);

struct replay {
	const struct ruleset *ruleset;
	const struct settings *settings;
	const char *const *capture;
	size_t captures;
	unsigned workers; /* 0 and 1: this thread does it all */
	record_taker *take;
	void *context;
	struct mirror_report *mirror; /* gets the workers' figures; or NULL */
	/* What came of it. */
	struct counters counters;
	uint64_t start_ns, end_ns; /* of the stream */
	unsigned failures;	   /* captures that could not be read, or not to their end */
	int interrupted;
};

/* 0, or a negative errno where it could not even begin. */
int replay_run(struct replay *);

#endif
