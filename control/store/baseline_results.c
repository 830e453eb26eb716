#include "store/baseline_results.h"

#include <stddef.h>

#include "store/baseline.h"

void baseline_results_init(struct baseline_results *r)
{
	*r = (struct baseline_results){.found = NULL};
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->is_answered, NULL);
}

void baseline_results_fini(struct baseline_results *r)
{
	baseline_findings_free(r->found);
	r->found = NULL;
	pthread_cond_destroy(&r->is_answered);
	pthread_mutex_destroy(&r->lock);
}

bool baseline_results_ask(struct baseline_results *r)
{
	bool may;

	pthread_mutex_lock(&r->lock);
	may = r->asked == r->answered && !r->found;
	r->asked += may;
	pthread_mutex_unlock(&r->lock);
	return may;
}

void baseline_results_answer(struct baseline_results *r, struct baseline_finding *found)
{
	pthread_mutex_lock(&r->lock);
	r->found = found;
	r->answered = r->asked;
	pthread_cond_signal(&r->is_answered);
	pthread_mutex_unlock(&r->lock);
}

struct baseline_finding *baseline_results_take(struct baseline_results *r, bool waits)
{
	struct baseline_finding *found;

	pthread_mutex_lock(&r->lock);
	while (waits && r->answered != r->asked)
		pthread_cond_wait(&r->is_answered, &r->lock);
	found = r->found;
	r->found = NULL;
	pthread_mutex_unlock(&r->lock);
	return found;
}
