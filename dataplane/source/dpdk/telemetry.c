/* Commands for DPDK's own telemetry client: a callback without DPDK in it fills a table. */
#include "source_dpdk.h"

#include <errno.h>
#include <string.h>

#include <rte_telemetry.h>

#define COMMANDS_MAX 16

struct source_dpdk_answer {
	struct rte_tel_data *data;
};

/* DPDK's callback gets the command's name and nothing of ours. Written before a command is
 * made known, never taken away. */
static struct {
	char name[64];
	source_dpdk_telemetry *telemetry;
	void *context;
} command[COMMANDS_MAX];
static size_t commands;

void source_dpdk_answer_u64(struct source_dpdk_answer *a, const char *name, uint64_t value)
{
	rte_tel_data_add_dict_u64(a->data, name, value);
}

void source_dpdk_answer_text(struct source_dpdk_answer *a, const char *name, const char *value)
{
	rte_tel_data_add_dict_string(a->data, name, value);
}

static int answer(const char *name, const char *argument, struct rte_tel_data *data)
{
	struct source_dpdk_answer a = {.data = data};

	rte_tel_data_start_dict(data);
	for (size_t i = 0; i < commands; i++)
		if (strcmp(command[i].name, name) == 0)
			return command[i].telemetry(command[i].context, argument, &a);
	return -ENOENT;
}

int source_dpdk_command(
	const char *name, const char *help, source_dpdk_telemetry *telemetry, void *context)
{
	size_t length = strlen(name);
	int status;

	if (commands == COMMANDS_MAX || length >= sizeof(command[0].name))
		return -ENOSPC;
	memcpy(command[commands].name, name, length + 1);
	command[commands].telemetry = telemetry;
	command[commands].context = context;
	commands++;
	status = rte_telemetry_register_cmd(name, answer, help);
	if (status < 0)
		commands--;
	return status;
}
