/* The life of a burst: a few passes, each with one duty, each starting the memory that the
 * next one needs.
 *
 *   decode -> attribute, key and bucket -> flow -> judge and count
 *
 * Owned by one worker; policy and outbox are lent to it, all memory is given. Allocates
 * nothing, locks nothing, calls nobody, reads no clock.
 */
#ifndef PORTOLAN_PIPELINE_H
#define PORTOLAN_PIPELINE_H

#include "fragments.h"
#include "packet.h"
#include "tracker.h"

struct pipeline {
	struct counters counters;
	struct tracker tracker;
	struct fragments fragments;
	int started;
	/* Scratch of one burst. */
	struct view view[BURST_MAX];
	union flow_key key[BURST_MAX];
	uint32_t guess[BURST_MAX];
	uint8_t chosen[BURST_MAX]; /* monitored packets with a flow of their own, in order */
	uint32_t chosen_count;
};

void pipeline_process(struct pipeline *, const struct burst *);

#endif
