/* The technique of MITRE ATT&CK that a flagged flow would be, as a hypothesis for an analyst.
 *
 * None rather than a wrong one: a single unanswered SYN is no discovery, and SSH on 22 no
 * non-standard port.
 */
#ifndef PORTOLAN_TECHNIQUE_H
#define PORTOLAN_TECHNIQUE_H

struct event_finding;
struct record;
struct ruleset;

/* Of a flow, or of the finding that it is the gravest flow of; NULL: none. */
const char *technique_of(
	const struct ruleset *, const struct record *, const struct event_finding *);

#endif
