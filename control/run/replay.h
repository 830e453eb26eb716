/* Replay: runs captures through a ruleset; every record goes to a callback on this thread.
 *
 * With several workers this thread reads the packets and passes each to the worker of its address
 * pair; the results do not depend on the number of workers.
 *
 * An error in a capture is printed on standard error, and the next capture is read: what was read
 * so far counts.
 */
#ifndef PORTOLAN_REPLAY_H
#define PORTOLAN_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "counters.h"
#include "packet_evidence.h"
#include "run/record_taker.h"

struct ruleset;
struct settings;
struct evidence_settings;
struct mirror_report;

#define REPLAY_WORKERS_MAX 64

struct replay {
	const struct ruleset *ruleset;
	const struct settings *settings;
	const char *const *capture;
	size_t captures;
	unsigned workers;	     /* 0 or 1: no other threads */
	record_taker *take, *expect; /* as records_take() */
	void (*idle)(void *context); /* a pipe has nothing at the moment; or NULL */
	/* Called when a minute of the stream's time is over; or NULL. */
	void (*minute)(void *context, const struct counters *, uint64_t start_ns, uint64_t now_ns);
	void *context;
	const struct evidence_settings *evidence; /* or NULL: no packets are kept */
	evidence_taker *take_packet;		  /* each after the record that flagged its flow */
	struct mirror_report *mirror;		  /* the workers' figures are added; or NULL */
	/* Results. */
	struct counters counters;
	uint64_t start_ns, end_ns; /* of the stream */
	unsigned failures;	   /* captures that could not be read completely */
	int interrupted;
};

/* 0, or a negative errno if it could not start. */
int replay_run(struct replay *);

#endif
