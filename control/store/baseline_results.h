/* Baseline findings on their way from the store's thread to the thread that asked for them.
 *
 * Bounded by what one evaluation finds: the next one waits until the results were taken.
 */
#ifndef PORTOLAN_BASELINE_RESULTS_H
#define PORTOLAN_BASELINE_RESULTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct baseline_finding;

struct baseline_results {
	pthread_mutex_t lock;
	pthread_cond_t is_answered;
	struct baseline_finding *found; /* owned */
	uint64_t asked, answered;	/* questions */
};

void baseline_results_init(struct baseline_results *);
void baseline_results_fini(struct baseline_results *);

/* Of the thread that asks: counts a question; false: the last one is not answered, or its results
 * were not taken. */
bool baseline_results_ask(struct baseline_results *);

/* Of the store's thread: answers one question with the findings, which it owns from now on. */
void baseline_results_answer(struct baseline_results *, struct baseline_finding *);

/* All findings, to be freed by the caller; NULL: none. `waits`: until the question is answered. */
struct baseline_finding *baseline_results_take(struct baseline_results *, bool waits);

#endif
