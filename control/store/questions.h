/* The questions of incident triage, each a table (DESIGN 12).
 *
 * A question fills an answer that answer_begin() has not been called for; 0 or a negative errno,
 * with the reason in the reader's database.
 */
#ifndef PORTOLAN_QUESTIONS_H
#define PORTOLAN_QUESTIONS_H

#include "store/answer.h"
#include "store/store_reader.h"

/* Name, what it answers, what argument it takes behind a blank ("":
 * none), and the filters that it looks at beside the window. */
#define QUESTION_LIST(X)                                                                           \
	X(findings, "what happened: findings, by severity", "",                                    \
		"appliance peer port verdict state outside")                                       \
	X(flows, "all flows of a finding, a peer, an appliance", "",                               \
		"appliance peer port verdict")                                                     \
	X(new, "what is new: peers, rules and services never seen before the window", "",          \
		"appliance peer verdict outside")                                                  \
	X(silent, "what is missing: rows that were used before, and since when they are not", "",  \
		"appliance")                                                                       \
	X(matrix, "appliance by rule: never, last seen, violations", "", "appliance state")        \
	X(channels, "appliance communications between each pair, at a time or over a window", "",  \
		"appliance at")                                                                    \
	X(exposed, "clear text and weak protocols", "", "appliance peer port outside")             \
	X(reached, "who reached an appliance", " APPLIANCE",                                       \
		"appliance peer port verdict outside")                                             \
	X(rhythm, "connections that come at regular intervals: peers that may be beacons", "",     \
		"appliance peer outside")                                                          \
	X(timeline, "findings, channels, mirror, reloads and runs in the order of time", "",       \
		"appliance")                                                                       \
	X(coverage, "how sure: when somebody listened, and what could not be seen", "", "")

typedef int question_asker(
	struct store_reader *, const struct store_filter *, struct answer_table *);

#define QUESTION_DECLARATION(name, what, argument, filters) question_asker ask_##name;
QUESTION_LIST(QUESTION_DECLARATION)

/* Of a report: for each appliance and documented rule when it was used last, before the window or
 * in it, whether in it, and its flows and violations in it. */
question_asker ask_cells;

struct question {
	const char *name, *what, *argument, *filters;
	question_asker *ask;
};

/* All questions, a NULL name behind the last. */
extern const struct question questions[];

/* Rows of a statement on the state, a column of the answer each. ?1 since, ?2 until, ?3 appliance,
 * ?4 port, ?5 verdict, ?6 state, ?7 finding, ?8 at, ?9 to ?12 the members of struct sum_window in
 * their order, ?13 the answer's limit (-1: none), ?14 the end of
 * the whole days before the window, ?15 that of the whole weeks. `peer`: number of the column that
 * the filter's peers are compared with; -1: none. */
int ask_state(struct store_reader *, const struct store_filter *, struct answer_table *,
	const char *sql, int peer);

/* The only number of such a statement; it stays as it is where that takes too long. */
int ask_state_number(struct store_reader *, const struct store_filter *, struct answer_table *,
	const char *sql, uint64_t *);

#endif
