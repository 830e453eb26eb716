/* Baseline findings: what differs from what the store has seen before.
 *
 * A new peer on a documented row, connections to a new peer at regular times, a row that carries
 * less than a tenth of its usual, an appliance that is not seen any more. All are computed from
 * what is stored, after a learning time; an hour or a peer gives the same finding whenever it is
 * looked at. Hours in which nobody listened, or in which the mirror was in doubt, decide nothing.
 * Used on the store's thread, outside of its transactions.
 */
#ifndef PORTOLAN_BASELINE_H
#define PORTOLAN_BASELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store_message.h"

struct database;

/* Name (a stable interface), words. */
#define BASELINE_LIST(X)                                                                           \
	X(NEW_PEER, "new-peer", "a peer not seen before on this row")                              \
	X(REGULAR, "regular-connections", "regular connections to a new peer")                     \
	X(QUIET, "quiet-row", "a row carries less than a tenth of its usual")                      \
	X(NOT_SEEN, "appliance-not-seen", "an appliance is not seen any more")
#define BASELINE_MEMBER(name, text, words) BASELINE_##name,
enum baseline_kind { BASELINE_LIST(BASELINE_MEMBER) BASELINE_COUNT };

const char *baseline_name(enum baseline_kind);

/* Of a row, so many new peers of a day are told one by one; the rest is one finding. */
#define BASELINE_PEERS_A_DAY 8

/* So many findings come of one evaluation at most; the others come with the next one. */
#define BASELINE_FOUND_MAX 1024

struct baseline_finding {
	struct baseline_finding *next;
	enum baseline_kind kind;
	bool ends; /* what was found before does not hold any more */
	bool several_peers;
	char id[STORED_ID_BYTES];
	char *appliance, *rule, *direction, *peer; /* owned; "": none */
	uint64_t first_ns, last_ns, flows;
	char message[512];
};

struct baseline {
	uint64_t learn_ns; /* after the first run of the store, and after an appliance's first flow
			    */
	bool is_replay;	   /* judges all that is stored, up to its end */
	uint64_t hour_ns;  /* hours before this one are judged; 0: none is */
	struct baseline_quiet *quiet; /* what is silent; owned */
};

void baseline_fini(struct baseline *);

/* Looks at what is stored. `found`: in order, to be freed by the caller; may be NULL. 0 or a
 * negative errno. */
int baseline_evaluate(
	struct baseline *, struct database *, uint64_t now_ns, struct baseline_finding **found);

void baseline_findings_free(struct baseline_finding *);

#endif
