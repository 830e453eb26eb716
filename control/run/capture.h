/* The sensor's capture: one source per worker, for the interfaces of the site, and their losses.
 *
 * DPDK if a device is configured and the EAL starts, libpcap otherwise; which and why is logged.
 * The ruleset is lent and must outlive it.
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
	unsigned wanted; /* number of workers; 0: as many as the site's CPUs, or one */
	unsigned workers;
	int through_dpdk;
	struct source *source[CAPTURE_WORKERS_MAX];
	char title[512]; /* names of the interfaces */
};

/* EXIT_DONE, or another exit status with the reason logged. */
int capture_open(struct capture *, const struct ruleset *, const struct capture_settings *,
	unsigned workers);
void capture_close(struct capture *);

/* Names of the interfaces, by number. */
const char *const *capture_interfaces(const struct capture *, size_t *count);

/* Logs changes of the sources; call periodically. */
void capture_watch(const struct capture *);

/* How many links carry nothing, as capture_watch() last saw them, and one line about the first. */
unsigned capture_links_down(const struct capture *, char text[SOURCE_ERROR_BYTES]);

/* The losses summed over the sources, without interfaces that have disappeared. */
void capture_loss(const struct capture *, struct source_loss *);

/* The losses by name, for the accounting: a new document. */
json_t *capture_loss_json(const struct source_loss *);

/* The same with the ports' own statistics: a new document. */
json_t *capture_json(const struct capture *);

#endif
