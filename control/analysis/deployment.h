/* The deployment: what is known of it while it is watched: the matrix, the channels, and
 * what follows from them.
 *
 * Fed with records in the numbers of the ruleset in force; judged when every live flow was seen.
 * What changes is told as an event. Control's thread.
 */
#ifndef PORTOLAN_DEPLOYMENT_H
#define PORTOLAN_DEPLOYMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "analysis/channels.h"
#include "analysis/correlation.h"
#include "analysis/matrix.h"

struct ecs;
struct event;

/* Everything that the event points to is lent for the call. */
typedef void deployment_listener(void *context, struct event *);

struct deployment {
	const struct ecs *ecs; /* lent; of the ruleset in force */
	struct matrix matrix;
	struct channels channels;
	struct correlations correlations;
	uint64_t judged_ns; /* 0: never */
	bool is_watched;    /* judged again and again: else at the end of a capture, once */
	bool is_lost;	    /* no memory was left at a reload: it stays empty */
	deployment_listener *listener; /* or NULL */
	void *context;
};

/* What a judging goes by beside what was fed. */
struct deployment_view {
	const struct exposures *exposures;
	uint64_t now_ns;
	bool in_doubt; /* the mirror may have lost what is not there */
};

/* 0 or -ENOMEM. */
int deployment_init(struct deployment *, const struct ecs *);
void deployment_fini(struct deployment *);

/* `ecs` has another ruleset. 0; -ENOMEM: it is empty, and stays so. */
int deployment_reload(struct deployment *, const struct remap *);

/* RECORD_LIVE and RECORD_ENDED. */
void deployment_take(struct deployment *, const struct record *);

void deployment_begin_dump(struct deployment *);
void deployment_evaluate(struct deployment *, const struct deployment_view *);

#endif
