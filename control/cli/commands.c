#include "cli/cli.h"

const struct cli_command *const cli_commands[] = {
	&cli_replay,
	&cli_run_sensor,
	&cli_status,
	&cli_health,
	&cli_channels,
	&cli_matrix,
	&cli_flows,
	&cli_top,
	&cli_reload,
	&cli_check,
	&cli_policy,
	&cli_explain,
	&cli_discover,
	&cli_diff,
	&cli_bench,
	NULL,
};
