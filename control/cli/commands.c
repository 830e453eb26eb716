#include "cli/cli.h"

#define COMMAND_ADDRESS(name) &cli_##name,

const struct cli_command *const cli_commands[] = {COMMAND_LIST(COMMAND_ADDRESS) NULL};
