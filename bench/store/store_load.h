/* A site that does not exist, for the benches of the store: appliances, each with an endpoint for
 * each of a dozen documented rows and one that no rule has, and flows of them.
 *
 * Plain numbers from a seed: the same run is told the same flows.
 */
#ifndef PORTOLAN_STORE_LOAD_H
#define PORTOLAN_STORE_LOAD_H

#include <stdint.h>

#include "store/store.h"

#define LOAD_ROWS 12
#define LOAD_ENDS (LOAD_ROWS + 1) /* the last one is undocumented */

struct store_load {
	struct store *store;
	uint64_t seed;
	unsigned appliances;
	unsigned peers; /* of each endpoint */
};

uint64_t load_random(struct store_load *);

/* Tells the run, the policy, the appliances and all endpoints. */
void load_begin(struct store_load *, uint64_t now_ns);

/* A flow that ended at that time, of the endpoint `end` of an appliance with its peer `peer`. */
struct stored_flow load_flow(
	struct store_load *, unsigned appliance, unsigned end, unsigned peer, uint64_t end_ns);

/* Name of an appliance, until the next call. */
const char *load_name(unsigned appliance);

/* All times of a bench come from here. */
uint64_t load_clock_ns(void);	/* steady */
uint64_t load_process_ns(void); /* processor time of all threads */
uint64_t load_thread_ns(void);	/* of this one */

#endif
