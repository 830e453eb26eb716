/* `portolan run`: classifies live traffic with a worker pool (DESIGN 8).
 *
 * Reads NICs through DPDK if a device is configured and the EAL starts, else interfaces through
 * libpcap; which and why is logged. Ends on a signal, after the given duration, or when its sources
 * fail; then reports like a replay.
 */
#ifndef PORTOLAN_SENSOR_H
#define PORTOLAN_SENSOR_H

#include "base/exit_status.h"
#include <stdbool.h>
#include <stdint.h>

#include "run/capture.h"
#include "run/collector.h"

#define SENSOR_WORKERS_MAX CAPTURE_WORKERS_MAX

struct sensor_options {
	const char *site;
	struct collector_options collector;
	uint64_t duration_ns; /* 0: until a signal */
	const char *user;     /* user to become; files are opened as that one; or NULL */
	bool dumps_core;      /* a crash leaves memory, with packets, in a file */
	unsigned workers;     /* 0: as many as the site's CPUs, or one */
	char *const *line;    /* the program's arguments, to execute portolan-sensor with */
};

/* Returns the command's exit status. Only the program portolan-sensor contains the sensor; in
 * portolan this executes it (sensor_exec.c). */
int sensor_run(const struct sensor_options *);

#endif
