#include <stdio.h>
#include <string.h>

#include "base/terminal.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/flow_row.h"
#include "serve/control_protocol.h"
#include "verdict.h"

enum { SOCKET, APPLIANCE, PEER, PORT, VERDICT, FLAGGED, SORT, LIMIT, JSON };

#define VERDICT_CHOICE(name, text) "|" text
#define VERDICTS VERDICT_LIST(VERDICT_CHOICE)

static const struct cli_option options[] = {
	[SOCKET] = {"socket", "PATH", "the sensor's control socket (/run/portolan/control.sock)",
		NULL},
	[APPLIANCE] = {"appliance", "NAME", "only flows of this one", NULL},
	[PEER] = {"peer", "ADDRESS", "only flows with this address at either end", NULL},
	[PORT] = {"port", "N", "only flows to this responder's port", NULL},
	[VERDICT] = {"verdict", "VERDICT", "only flows with this verdict", &VERDICTS[1]},
	[FLAGGED] = {"flagged", NULL, "only flagged ones", NULL},
	[SORT] = {"sort", "KEY", "the largest first (bytes)", "bytes|packets|start|last|severity"},
	[LIMIT] = {"limit", "N", "at most so many (1000)", NULL},
	[JSON] = {"json", NULL, "as JSON: a record a flow, as --flows has them, then the result",
		NULL},
	{0},
};

static void print_flow(void *context, const json_t *flow)
{
	flow_row_print(flow, context, stdout);
}

static int read_numbers(const struct cli_request *r, json_t *arguments)
{
	static const struct {
		int option;
		const char *name;
		long low, high;
	} number[] = {{PORT, "port", 0, 65535}, {LIMIT, "limit", 1, CONTROL_FLOWS_MAX}};

	for (size_t i = 0; i < sizeof(number) / sizeof(*number); i++) {
		long n;
		if (!r->value[number[i].option])
			continue;
		n = cli_number("flows", number[i].name, r->value[number[i].option], number[i].low,
			number[i].high);
		if (n < 0)
			return EXIT_MISUSED;
		json_object_set_new(arguments, number[i].name, json_integer(n));
	}
	return EXIT_DONE;
}

static int run(const struct cli_request *r)
{
	struct terminal_style st = terminal_style_of(terminal_wants_colour(stdout));
	struct client_request q = {.command = "flows",
		.socket = r->value[SOCKET],
		.raw = r->value[JSON] != NULL,
		.item = print_flow,
		.context = &st};
	json_t *result = NULL;
	int status;

	q.arguments = json_pack("{s:s*, s:s*, s:s*, s:s*, s:b}", "appliance", r->value[APPLIANCE],
		"peer", r->value[PEER], "verdict", r->value[VERDICT], "sort", r->value[SORT],
		"flagged", r->value[FLAGGED] != NULL);
	status = read_numbers(r, q.arguments);
	if (status == EXIT_DONE && !q.raw)
		flow_row_head(&st, stdout);
	if (status == EXIT_DONE)
		status = client_request(&q, &result);
	if (status == EXIT_DONE && !q.raw)
		printf("%.0f of %.0f live flows match, %.0f shown\n", number_at(result, "matching"),
			number_at(result, "live"), number_at(result, "shown"));
	json_decref(result);
	json_decref(q.arguments);
	return status == EXIT_DONE ? cli_flush("flows") : status;
}

const struct cli_command cli_flows = {
	.name = "flows",
	.summary = "the flows that are alive now, by what they are",
	.arguments = "",
	.description =
		"Looks at every flow of the running sensor and shows those that fit all that is "
		"asked for.",
	.options = options,
	.run = run,
};
