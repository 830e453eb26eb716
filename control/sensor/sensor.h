/* `portolan run`: packets as they come, judged by a worker pool of workers (DESIGN 8).
 *
 * Reads NICs through DPDK where a device is configured and the EAL starts, interfaces through
 * libpcap otherwise, and says which and why. Ends with a signal, after a while, or when what it
 * reads is gone; what was seen is then reported as after a replay.
 */
#ifndef PORTOLAN_SENSOR_H
#define PORTOLAN_SENSOR_H

#include "base/exit_status.h"
#include <stdint.h>

#include "run/capture.h"
#include "run/collector.h"

#define SENSOR_WORKERS_MAX CAPTURE_WORKERS_MAX

struct sensor_options {
	const char *site;
	struct collector_options collector;
	uint64_t duration_ns; /* 0: until it is asked to end */
	const char *user;     /* to become once the sources are open, or NULL */
	unsigned workers;     /* 0: as many as the site's CPUs, or one */
	char *const *line;    /* the program's arguments, should another one have the sensor */
};

/* The command's exit status. Of two programs only portolan-sensor has the sensor; in the other
 * this becomes that one (sensor_exec.c). */
int sensor_run(const struct sensor_options *);

#endif
