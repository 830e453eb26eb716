/* The feed: tells the store what the collector sees, in the store's words.
 *
 * Numbers of appliances and rule sets become texts once an endpoint; a live flow that has lasted
 * for long is told in parts, so that hourly sums grow while it lives. Bounded: live flows beyond
 * FEED_LIVE_MAX are told at their end only. Used on the control thread.
 */
#ifndef PORTOLAN_STORE_FEED_H
#define PORTOLAN_STORE_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "analysis/alerts.h"
#include "analysis/channels.h"
#include "counters.h"
#include "record/ecs.h"
#include "store/store.h"

#define FEED_LIVE_MAX 65536

struct feed_endpoint;
struct feed_live;
struct settings;
struct correlations;
struct mirror_report;
struct evidence_place;

struct store_feed {
	struct store *store; /* owned; NULL: nothing is stored */
	struct alerts *alerts;
	const struct channels *channels;
	struct feed_endpoint *endpoint;
	uint32_t endpoints;
	struct feed_live *live;
	struct counters told; /* as of the last minute */
	uint64_t told_dropped;
	uint64_t minute_ns;
	uint64_t live_ns; /* steady clock: when live flows are told again */
	bool tells_live;  /* in this dump */
	char *evidence;	  /* folder of the packets' files, owned; NULL: none are kept */
	unsigned unclean; /* earlier runs that ended without an end */
};

struct feed_config {
	const char *folder;
	const struct settings *settings;
	bool is_replay;
	uint64_t learn_ns;		 /* of a replay; 0: no baseline findings */
	struct store_progress *progress; /* or NULL */
};

/* Opens the store: 0 or a negative errno with the reason logged. */
int store_feed_open(struct store_feed *, const struct feed_config *);

/* Tells the channels what the store knows from before, once it is open and until its threads are
 * started. 0 or a negative errno. */
int store_feed_recall(const struct store_feed *, struct channels *);

/* A connection with an appliance that came from a wrong address, as its own, and what to say of it.
 */
void store_feed_meant(
	struct store_feed *, const struct ecs *, const struct record *meant, const char *reason);

/* Begins a run, once everything is known of it. */
void store_feed_begin(struct store_feed *, const struct ecs *, const struct stored_run *);

/* A policy came into force. */
void store_feed_policy(struct store_feed *, const struct ruleset *, uint64_t at_ns);

/* Records of a former ruleset will not come any more. */
void store_feed_forget_previous(struct store_feed *);

/* A dump begins: live flows are told once a minute, however often they are dumped. */
void store_feed_begin_dump(struct store_feed *);

/* RECORD_ENDED and RECORD_LIVE, in the numbers of the ruleset of `ecs`. */
void store_feed_record(struct store_feed *, const struct ecs *, const struct record *);

/* An alerts_listener whose context is the feed. */
void store_feed_event(void *feed, const struct event *);

/* An evidence_listener whose context is the feed. */
void store_feed_place(void *feed, const struct evidence_place *);

/* Counters at a time: what is new since the last call belongs to the minutes in between. `dropped`:
 * packets that the NIC or the kernel lost. */
void store_feed_minute(struct store_feed *, const struct counters *, uint64_t now_ns,
	uint64_t dropped, bool in_doubt);

/* What is wrong with the mirror. */
void store_feed_mirror(struct store_feed *, const struct mirror_report *, const struct counters *,
	uint64_t first_ns, uint64_t last_ns);

/* What holds at the end of a capture: a sensor tells it as events. */
void store_feed_correlations(
	struct store_feed *, const struct correlations *, const struct ecs *, uint64_t now_ns);

/* Writes what waits and closes the store: 0, or a negative errno if not all was written. */
int store_feed_close(struct store_feed *, uint64_t ended_ns, bool failed);

#endif
