#include "cli/discover.h"

#include <stdint.h>

#include "cli/cli.h"

enum { PORT };

static const struct cli_option options[] = {
	[PORT] = {"port", "PORT", "the port of appliance communications (8305)", NULL},
	{0},
};

static int run(const struct cli_request *r)
{
	long port =
		r->value[PORT] ? cli_number("discover", "port", r->value[PORT], 1, 65535) : 8305;
	int status, flushed;

	if (port < 0)
		return EXIT_MISUSED;
	status = discover(r->argument, r->arguments, (uint16_t)port, stdout);
	flushed = cli_flush("discover");
	return flushed > status ? flushed : status;
}

const struct cli_command cli_discover = {
	.name = "discover",
	.summary = "propose an inventory from who speaks 8305 with whom",
	.arguments = "CAPTURE…",
	.arguments_min = 1,
	.arguments_max = SIZE_MAX,
	.description = "Prints a site file (YAML) that names the hosts which spoke appliance "
		       "communications\n"
		       "with each other, with the role that fits what they did. It proposes, a "
		       "person approves:\n"
		       "  portolan discover CAPTURE > site.yaml",
	.options = options,
	.run = run,
};
