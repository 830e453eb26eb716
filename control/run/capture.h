/* What a sensor reads: the sources that the site names, one a worker, and what they lost.
 *
 * NICs through DPDK where a device is configured and the EAL starts, interfaces through libpcap
 * otherwise; which and why is logged. The ruleset is lent, and lives as long.
 */
#ifndef PORTOLAN_CAPTURE_H
#define PORTOLAN_CAPTURE_H

#include "base/exit_status.h"
#include <jansson.h>
#include <stddef.h>

#include "source.h"

struct capture_settings;
struct ruleset;

#define CAPTURE_WORKERS_MAX 32

struct capture {
	const struct ruleset *ruleset;
	const struct capture_settings *settings;
	unsigned wanted; /* workers; 0: as many as the site's CPUs, or one */
	unsigned workers;
	int through_dpdk;
	struct source *source[CAPTURE_WORKERS_MAX];
	char title[512]; /* the interfaces' names */
};

/* EXIT_DONE; otherwise the reason was logged. */
int capture_open(struct capture *, const struct ruleset *, const struct capture_settings *,
	unsigned workers);
void capture_close(struct capture *);

/* Names of the interfaces, by number. */
const char *const *capture_interfaces(const struct capture *, size_t *count);

/* Logs what has happened to the sources; now and then. */
void capture_watch(const struct capture *);

/* The sum over the sources; of an interface that has disappeared it is left out. */
void capture_loss(const struct capture *, struct source_loss *);

/* Losses by name, as the accounting has them: a new document. */
json_t *capture_loss_json(const struct source_loss *);

/* The same and the ports' own figures, for the accounting: a new document. */
json_t *capture_json(const struct capture *);

#endif
