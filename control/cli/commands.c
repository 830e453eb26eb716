#include "cli.h"

const struct cli_command *const cli_commands[] = {
	&cli_replay,
	&cli_run_sensor,
	&cli_check,
	&cli_policy,
	&cli_explain,
	&cli_discover,
	&cli_diff,
	&cli_bench,
	NULL,
};
