/* The mirror report: figures of all workers added up, and findings about the mirror's quality.
 *
 * Each finding has a threshold and a remedy. While the mirror is bad, absence of traffic proves
 * nothing (DESIGN 5).
 */
#ifndef PORTOLAN_MIRROR_REPORT_H
#define PORTOLAN_MIRROR_REPORT_H

#include <stdbool.h>

#include "counters.h"
#include "mirror_counters.h"
#include "record.h"

struct ruleset;

struct mirror_report {
	const struct ruleset *ruleset;
	const char *const *interface; /* names by number, lent */
	size_t interfaces;
	struct mirror_counters sum; /* `host` is owned by the report */
	bool deduplicates;	    /* duplicates are dropped, and every one is counted */
	bool is_known;		    /* figures of a worker were added; no findings before */
};

/* Name of each finding, a stable interface. */
#define MIRROR_FINDING_LIST(X)                                                                     \
	X(ONE_SIDED, "one-sided")                                                                  \
	X(PARTLY_ONE_SIDED, "partly-one-sided")                                                    \
	X(HANDSHAKES, "half-handshakes")                                                           \
	X(DUPLICATES, "duplicates")                                                                \
	X(TRUNCATION, "truncation")                                                                \
	X(LOSS, "loss")                                                                            \
	X(SESSION_LOSS, "session-loss")                                                            \
	X(TIME, "time-backwards")                                                                  \
	X(ABSENT, "appliance-never-seen")

#define MIRROR_FINDING_MEMBER(name, text) MIRROR_FINDING_##name,
enum mirror_finding_kind { MIRROR_FINDING_LIST(MIRROR_FINDING_MEMBER) MIRROR_FINDING_COUNT };

const char *mirror_finding_name(enum mirror_finding_kind);

#define MIRROR_FINDINGS_MAX (MIRROR_FINDING_COUNT + MIRROR_SESSIONS)

struct mirror_finding {
	enum mirror_finding_kind kind;
	char what[256];
	const char *remedy;
};

/* 0 or -ENOMEM. */
int mirror_report_init(struct mirror_report *, const struct ruleset *, bool deduplicates);
void mirror_report_fini(struct mirror_report *);

/* Resets to the state after init. */
void mirror_report_clear(struct mirror_report *);

/* Adds a live flow: workers count a flow's packets only when it ends. */
void mirror_report_add_live(struct mirror_report *, const struct record *);

/* Whether traffic may exist that the mirror does not show. */
bool mirror_report_is_in_doubt(const struct mirror_report *, const struct counters *);

/* Finds what is wrong with the mirror; returns the number of findings. */
size_t mirror_report_find(const struct mirror_report *, const struct counters *,
	struct mirror_finding found[MIRROR_FINDINGS_MAX]);

#endif
