/* What a report shows of one window of time, as plain structures.
 *
 * Whoever has the answers fills it: the store's questions, or a replay at its end. The renderer
 * (report/html_report.h) only reads it. Every text and every array is lent and outlives the call;
 * a text may hold anything that a packet or a file can, and NULL or "" where nothing is known.
 * Times are nanoseconds since 1970, UTC; 0: not known, or never.
 */
#ifndef PORTOLAN_REPORT_MODEL_H
#define PORTOLAN_REPORT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How sure the answer is. Shares are of 1. */
struct report_coverage {
	bool is_known;	  /* false: nothing below was measured, and the verdict is "cannot tell" */
	double up_share;  /* of the window, the time in which a sensor was listening */
	double one_sided; /* of the flows with two sides, those of which one side was seen */
	uint64_t packets; /* received in the window */
	uint64_t lost;	  /* known to be lost: by NIC, kernel, and gaps in a mirror's numbers */
	const char *const *reason; /* why "nothing" would prove nothing; none: it does */
	size_t reasons;
};

struct report_finding {
	const char *id;
	unsigned severity; /* 3 high, 2 medium, 1 low */
	const char *state; /* "new", "repeated", "acknowledged", "withdrawn", "ended", ... */
	bool is_settled;   /* acknowledged or withdrawn: listed behind the others */
	uint64_t first_ns, last_ns;
	uint64_t flows, packets, bytes;
	const char *appliance, *peer;
	const char *port;	 /* "443/tcp", "199 ports (1 to 200/tcp)", "gre" */
	const char *direction;	 /* "inbound" or "outbound", as the appliance sees it */
	const char *verdict;	 /* or the reason of evasion, the kind of a correlation */
	const char *connection;	 /* "established", ... */
	const char *why;	 /* one sentence */
	const char *nearest;	 /* the nearest rule, and how it differs */
	const char *evidence;	 /* where its packets are */
	const char *no_evidence; /* or why there are none */
	const char *documents;	 /* the line of a site that would document it */
	const char *note;	 /* what people noted */
};

/* Letter and name of what a cell says; the letters are the report's legend. */
#define REPORT_CELL_LIST(X)                                                                        \
	X(NONE, ' ', "not for this role", "the rule does not concern this appliance")              \
	X(NEVER, '-', "never", "documented, and never seen")                                       \
	X(USED, 'v', "used", "seen in this window, as documented")                                 \
	X(SILENT, 's', "silent", "seen before this window, and not in it")                         \
	X(OFF, 'o', "off", "its features are switched off, and nothing was seen")                  \
	X(VIOLATION, '!', "violation", "flagged flows on this port in this window")
#define REPORT_CELL_MEMBER(name, letter, word, help) REPORT_CELL_##name,
enum report_cell_state { REPORT_CELL_LIST(REPORT_CELL_MEMBER) REPORT_CELL_COUNT };

struct report_cell {
	enum report_cell_state state;
	uint64_t last_ns;	    /* its last packet, before or in the window */
	uint64_t flows, violations; /* in the window */
};

/* A column. Columns of one role and direction stand side by side. */
struct report_rule {
	const char *id;	  /* "managed-device/inbound/22/tcp" */
	const char *role; /* decides in which of the report's tables it is */
	const char *direction;
	const char *port; /* "22/tcp" */
	const char *features;
	bool is_implied;
};

struct report_appliance {
	const char *name;
	const char *role;
};

struct report_matrix {
	const struct report_appliance *appliance;
	size_t appliances;
	const struct report_rule *rule;
	size_t rules;
	const struct report_cell *cell; /* appliances * rules, a row for each appliance */
};

/* How a state is coloured: its word says the rest. */
enum report_tone {
	REPORT_TONE_GOOD,
	REPORT_TONE_PARTLY,
	REPORT_TONE_BAD,
	REPORT_TONE_DOUBT, /* cannot be told */
	REPORT_TONE_NONE,  /* nothing to be said of that time, or nobody listened */
	REPORT_TONE_COUNT,
};

/* A state over time: [from, until). Bands of one thing are in order and do not overlap. */
struct report_band {
	uint64_t from_ns, until_ns;
	enum report_tone tone;
	const char *state;  /* one word: "up", "half", "in doubt" */
	const char *reason; /* or NULL */
};

struct report_bands {
	const struct report_band *band;
	size_t bands;
};

struct report_channel {
	const char *end[2];
	struct report_bands states;
};

/* Packets are counted in classes of verdicts, from the ground of a bar up. */
#define REPORT_CLASS_LIST(X)                                                                       \
	X(EXPECTED, "expected")                                                                    \
	X(IMPLIED, "implied")                                                                      \
	X(NOT_COVERED, "not covered")                                                              \
	X(FLAGGED, "flagged")
#define REPORT_CLASS_MEMBER(name, word) REPORT_CLASS_##name,
enum report_class { REPORT_CLASS_LIST(REPORT_CLASS_MEMBER) REPORT_CLASS_COUNT };

struct report_bucket {
	uint64_t packets[REPORT_CLASS_COUNT];
};

/* Bucket n is [from + n * width, from + (n + 1) * width). */
struct report_traffic {
	uint64_t from_ns, width_ns;
	const struct report_bucket *bucket;
	size_t buckets;
};

#define REPORT_MARK_LIST(X)                                                                        \
	X(START, "start", "a sensor or replay started")                                            \
	X(STOP, "stop", "a sensor or replay ended")                                                \
	X(CRASH, "crash", "a sensor or replay was killed, or the machine went down")               \
	X(RELOAD, "reload", "a policy came into force")
#define REPORT_MARK_MEMBER(name, word, help) REPORT_MARK_##name,
enum report_mark_kind { REPORT_MARK_LIST(REPORT_MARK_MEMBER) REPORT_MARK_COUNT };

struct report_mark {
	uint64_t at_ns;
	enum report_mark_kind kind;
	const char *text; /* of a reload, the policy's hash */
};

struct report_talker {
	const char *appliance, *peer;
	const char *port; /* or the rule's id */
	const char *direction;
	uint64_t flows, bytes;
	bool is_flagged;
};

struct report_model {
	const char *title;   /* what was read: captures, or the store's name */
	const char *site;    /* site and profile, in words */
	const char *policy;  /* hash of the policy in force at the window's end */
	const char *program; /* name and version */
	uint64_t generated_ns;
	uint64_t from_ns, until_ns; /* the window */
	struct report_coverage coverage;

	/* In any order. `findings_total` counts by severity (index 1 to 3) all that the window has,
	 * also those that were not handed over; an entry below what is in the list is corrected. */
	const struct report_finding *finding;
	size_t findings;
	uint64_t findings_total[4];

	struct report_matrix matrix;
	const struct report_channel *channel;
	size_t channels;
	struct report_traffic traffic;
	struct report_bands mirror;	/* good, or in doubt with the reason */
	const struct report_mark *mark; /* in order of time */
	size_t marks;

	/* The pairs with the most bytes, flagged ones first; `talkers_left_out` are others. */
	const struct report_talker *talker;
	size_t talkers;
	uint64_t talkers_left_out;

	/* What could not be seen or judged, a sentence each. */
	const char *const *not_judged;
	size_t not_judged_lines;
};

#endif
