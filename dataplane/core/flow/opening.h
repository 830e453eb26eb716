/* The opening of connections of appliance communications: what is said in clear before TLS encrypts
 * it, and what keeps a connection from coming about.
 *
 * A flow whose rule is of that feature, between two appliances, is watched from its handshake until
 * both sides have encrypted something and all of it is acknowledged, or the flow ends: every packet
 * of it takes the slow path as long, and no packet of any other flow pays for it. Only bytes in
 * order count, only segments whose checksum is not wrong, and a certificate only once the other
 * side has acknowledged it (DESIGN 4): what was cut, what is missing, or what came again as other
 * bytes gives none.
 *
 * Bounded pools in given memory: OPENINGS flows at a time, OPENING_ROOMS certificates that are
 * being read or wait to be told; what finds no place is counted. Owned by one worker; allocates
 * nothing.
 */
#ifndef PORTOLAN_OPENING_H
#define PORTOLAN_OPENING_H

#include "core/flow/state.h"
#include "packet.h"

/* The flow's first packets, and each that takes the slow path: begins to watch where it should.
 * After the flow has changed. */
void opening_see(struct tracker *, struct flow *, const struct packet *, const struct decoded *);

/* Before a packet of a flow that is watched is looked at: what it has shown so far. */
void opening_resume(struct tracker *, struct flow *);

/* The flow ends, or finds no place. */
void opening_release(struct tracker *, struct flow *);

/* What is known of a flow's opening. */
struct opening_report opening_report_of(const struct tracker *, const struct flow *);

/* Tells certificates that are complete, as far as the record buffer has room. 1: some are left. */
int opening_tell(struct tracker *);

#endif
