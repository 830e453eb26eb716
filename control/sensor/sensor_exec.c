/* sensor_run() of the program portolan, which is started often and runs briefly: the sensor needs
 * DPDK, TLS and HTTP, more than twenty libraries, and loading them takes longer than classifying
 * 100,000 packets. Executes portolan-sensor from the same folder, with the same command line. */
#include "base/errors.h"
#include "sensor/sensor.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "portolan-sensor"

enum { FAILED = 1 };

/* Path of portolan-sensor, in this program's folder. */
static int program_path(char path[PATH_MAX + sizeof(PROGRAM)])
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	if (length < 0)
		return -errno;
	path[length] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, PROGRAM);
	return 0;
}

int sensor_run(const struct sensor_options *options)
{
	char path[PATH_MAX + sizeof(PROGRAM)] = PROGRAM;
	int error = program_path(path);

	if (error == 0) {
		execv(path, options->line);
		error = -errno;
	}
	errors_say("run: %s: %s; want the program that has the sensor beside portolan", path,
		strerror(-error));
	return FAILED;
}
