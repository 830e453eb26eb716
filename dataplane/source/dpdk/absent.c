/* Stands in for DPDK where it was not there at build time. */
#include "source_dpdk.h"

#include <errno.h>
#include <stdio.h>

static int absent(char error[SOURCE_ERROR_BYTES])
{
	snprintf(error, SOURCE_ERROR_BYTES, "DPDK: this portolan was built without it");
	return -ENOTSUP;
}

int source_dpdk_start(const struct source_dpdk_config *config, char error[SOURCE_ERROR_BYTES])
{
	(void)config;
	return absent(error);
}

unsigned source_dpdk_cpus(const char *lcores)
{
	(void)lcores;
	return 0;
}

const char *source_dpdk_remark(size_t i)
{
	(void)i;
	return NULL;
}

int source_dpdk_open(struct source **out, unsigned worker, char error[SOURCE_ERROR_BYTES])
{
	(void)out;
	(void)worker;
	return absent(error);
}

void source_dpdk_stop(void)
{
}

size_t source_dpdk_ports(void)
{
	return 0;
}

int source_dpdk_port(size_t port, struct source_dpdk_port *out)
{
	(void)port;
	(void)out;
	return -ENOTSUP;
}

int source_dpdk_xstats(
	size_t port, void (*each)(void *, const char *name, uint64_t value), void *context)
{
	(void)port;
	(void)each;
	(void)context;
	return -ENOTSUP;
}

void source_dpdk_answer_u64(struct source_dpdk_answer *a, const char *name, uint64_t value)
{
	(void)a;
	(void)name;
	(void)value;
}

void source_dpdk_answer_text(struct source_dpdk_answer *a, const char *name, const char *value)
{
	(void)a;
	(void)name;
	(void)value;
}

int source_dpdk_command(
	const char *command, const char *help, source_dpdk_telemetry *telemetry, void *context)
{
	(void)command;
	(void)help;
	(void)telemetry;
	(void)context;
	return -ENOTSUP;
}
