#include <stdio.h>
#include <string.h>

#include "base/errors.h"
#include "base/terminal.h"
#include "cli/cli.h"
#include "cli/client.h"

enum { SOCKET, JSON };

static const struct cli_option options[] = {
	[SOCKET] = {"socket", "PATH", "the sensor's control socket (/run/portolan/control.sock)",
		NULL},
	[JSON] = {"json", NULL, "as JSON: an object a check, then the result", NULL},
	{0},
};

static void print_check(void *context, const json_t *check)
{
	const struct cli_text *t = context;
	const char *state = text_at(check, "state");
	const char *colour = strcmp(state, "ok") == 0	     ? t->style.good
			     : strcmp(state, "warning") == 0 ? t->style.warn
							     : t->style.grave;

	fprintf(t->out, "%s%-8s%s %-11s %s\n", colour, state, t->style.plain,
		text_at(check, "check"), text_at(check, "what"));
}

static int run(const struct cli_request *r)
{
	struct cli_text t = cli_text_open();
	const struct client_request q = {.command = "health",
		.socket = r->value[SOCKET],
		.raw = r->value[JSON] != NULL,
		.item = print_check,
		.context = &t};
	json_t *result;
	int status = client_request(&q, &result), written;
	const char *state = text_at(result, "state");
	bool well = strcmp(state, "ok") == 0;

	if (status == EXIT_DONE && !*state)
		errors_say("health: the sensor: its answer has no state");
	json_decref(result);
	cli_text_close(&t);
	written = cli_flush("health");
	if (status != EXIT_DONE || written != EXIT_DONE)
		return EXIT_FAILED;
	return well ? EXIT_DONE : EXIT_FAILED;
}

const struct cli_command cli_health = {
	.name = "health",
	.summary = "whether a running sensor, its mirror and its sinks are well",
	.arguments = "",
	.description =
		"Asks the sensor at its control socket. Exit status 0 if all checks are ok, 1 "
		"otherwise, also\n"
		"where no sensor answers.",
	.options = options,
	.run = run,
};
