/* Baseline findings of the store as events: to the files of events, the sinks and the store itself.
 * Used on the control thread.
 */
#ifndef PORTOLAN_BASELINE_OUTPUT_H
#define PORTOLAN_BASELINE_OUTPUT_H

struct alerts;
struct baseline_finding;
struct ecs;

/* Writes an event for each. Their time is that of the traffic in question, so that a capture and a
 * sensor tell the same. */
void baseline_output_write(struct alerts *, const struct ecs *, const struct baseline_finding *);

#endif
