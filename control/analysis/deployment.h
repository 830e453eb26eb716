/* The deployment: matrix, channels and correlations of the monitored appliances.
 *
 * Fed with records in the numbers of the current ruleset; evaluated after each dump. Changes are
 * reported as events. Used on the control thread only.
 */
#ifndef PORTOLAN_DEPLOYMENT_H
#define PORTOLAN_DEPLOYMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "analysis/channels.h"
#include "analysis/correlation.h"
#include "analysis/declared_channels.h"
#include "analysis/matrix.h"

struct ecs;
struct event;
struct event_correlation;
struct ruleset;

/* The event and all that it points to are valid during the call only. */
typedef void deployment_listener(void *context, struct event *);

struct deployment {
	const struct ecs *ecs; /* lent; of the current ruleset */
	struct matrix matrix;
	struct channels channels;
	struct correlations correlations;
	uint64_t evaluated_ns; /* 0: never */
	bool is_continuous;    /* evaluated after each dump (sensor); else once, at the end of a
				* capture
				*/
	bool is_lost;	       /* out of memory at a reload: it stays empty */
	deployment_listener *listener; /* or NULL */
	void *context;
};

/* Further inputs of an evaluation. */
struct deployment_view {
	const struct exposures *exposures;
	uint64_t now_ns;
	bool in_doubt; /* the mirror may be missing packets */
};

/* 0 or -ENOMEM. */
int deployment_init(struct deployment *, const struct ecs *);
void deployment_fini(struct deployment *);

/* Switches to the ruleset that `ecs` now has. 0, or -ENOMEM: empty from now on. */
int deployment_reload(struct deployment *, const struct remap *);

/* What an event says of a correlation; texts are of the ruleset and of the correlation. */
struct event_correlation deployment_correlation(
	const struct ruleset *, const struct correlation *, bool begins);

/* RECORD_LIVE and RECORD_ENDED. */
void deployment_take(struct deployment *, const struct record *);

void deployment_begin_dump(struct deployment *);
void deployment_evaluate(struct deployment *, const struct deployment_view *);

#endif
