/* Writes state.db: what is small and lives long.
 *
 * All writes lie between state_writer_begin() and state_writer_commit(); sums of flows are gathered
 * in memory in between and written by the commit. Peers are bounded, 4,096 an endpoint, and so
 * are findings: what finds no place is counted in `lost`. Used by one thread.
 */
#ifndef PORTOLAN_STATE_WRITER_H
#define PORTOLAN_STATE_WRITER_H

#include <stdint.h>

#include "store/database.h"
#include "store/store_message.h"

struct state_writer;
struct baseline;
struct baseline_finding;

#define STATE_PEERS_MAX 4096 /* of an endpoint */
#define STATE_FINDINGS_MAX 200000

/* 0 or a negative errno with the reason in `why`. Runs that never ended are marked as unclean:
 * their number is returned in `unclean`. `exposure`: what the bits of a flow's exposures mean,
 * lent. */
int state_writer_open(struct state_writer **, const char *folder, const char *const *exposure,
	char why[DATABASE_WHY_BYTES], unsigned *unclean);
void state_writer_close(struct state_writer *);

const char *state_writer_why(const struct state_writer *);

/* Between transactions; see baseline_evaluate(). */
int state_writer_baseline(
	struct state_writer *, struct baseline *, uint64_t now_ns, struct baseline_finding **found);

int state_writer_begin(struct state_writer *);
int state_writer_commit(struct state_writer *);
void state_writer_roll_back(struct state_writer *);

int state_writer_run(struct state_writer *, const struct stored_run *);
int state_writer_began(struct state_writer *, uint64_t began_ns);
/* `ending`: "stopped" or "failed". */
int state_writer_end(struct state_writer *, uint64_t ended_ns, const char *ending);
int state_writer_policy(struct state_writer *, const struct stored_policy *);

int state_writer_appliance(struct state_writer *, const struct stored_appliance *);

/* Row of the endpoint in all files of the store; a negative errno. */
int64_t state_writer_endpoint(struct state_writer *, const struct stored_endpoint *);

/* Adds a flow to the sums; `id`: the rows of its endpoints, 0: none. */
int state_writer_flow(struct state_writer *, const struct stored_flow *, const int64_t id[2]);
int state_writer_finding(struct state_writer *, const struct stored_finding *);
int state_writer_connection(struct state_writer *, const struct stored_connection *);
int state_writer_certificate(struct state_writer *, const struct stored_certificate *);
/* See store_certificates(). */
int state_writer_certificates(struct state_writer *,
	void (*take)(void *context, const struct stored_certificate *), void *context);
int state_writer_minute(struct state_writer *, const struct stored_minute *);
int state_writer_mirror(struct state_writer *, const struct stored_mirror *);
int state_writer_place(struct state_writer *, const struct stored_place *);
int state_writer_sink(struct state_writer *, const struct stored_sink *);
int state_writer_lost(struct state_writer *, const char *what, uint64_t at_ns, uint64_t count);

#endif
