#include <stdio.h>
#include <string.h>

#include "base/terminal.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/flow_row.h"
#include "serve/control_protocol.h"
#include "verdict.h"

/* Room for every column and the longest names. */
#define WIDE_COLUMNS 400

enum { SOCKET, APPLIANCE, PEER, PORT, VERDICT, FLAGGED, SORT, LIMIT, WIDE, JSON };

#define VERDICT_CHOICE(name, text) "|" text
#define VERDICTS VERDICT_LIST(VERDICT_CHOICE)
#define ORDER_CHOICE(name, text) "|" text
#define ORDERS FLOW_ORDER_LIST(ORDER_CHOICE)

static const struct cli_option options[] = {
	[SOCKET] = {"socket", "PATH", "the sensor's control socket (/run/portolan/control.sock)",
		NULL},
	[APPLIANCE] = {"appliance", "NAME", "only flows of this one", NULL},
	[PEER] = {"peer", "WHO",
		"only flows with this at either end: an address, a network, an "
		"appliance or a group of the site",
		NULL},
	[PORT] = {"port", "N", "only flows to this responder's port", NULL},
	[VERDICT] = {"verdict", "VERDICT", "only flows with this verdict", &VERDICTS[1]},
	[FLAGGED] = {"flagged", NULL, "only flagged ones", NULL},
	[SORT] = {"sort", "KEY", "by this column, the largest, latest or most severe first (bytes)",
		&ORDERS[1]},
	[LIMIT] = {"limit", "N", "at most so many (1000)", NULL},
	[WIDE] = {"wide", NULL, "every column, however narrow the terminal is", NULL},
	[JSON] = {"json", NULL, "as JSON: a record a flow, as --flows has them, then the result",
		NULL},
	{0},
};

static void print_flow(void *context, const json_t *flow)
{
	flow_table_row(context, flow);
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

static void print_end(const struct flow_table *table, const json_t *result)
{
	printf("%.0f of %.0f live flows match, %.0f shown\n", number_at(result, "matching"),
		number_at(result, "live"), number_at(result, "shown"));
	if (table->left_out)
		printf("%u more columns: --wide, or a wider terminal\n", table->left_out);
}

static int run(const struct cli_request *r)
{
	struct terminal_style st = terminal_style_of(terminal_wants_colour(stdout));
	struct flow_table table;
	struct client_request q = {.command = "flows",
		.socket = r->value[SOCKET],
		.raw = r->value[JSON] != NULL,
		.item = print_flow,
		.context = &table};
	json_t *result = NULL;
	int status;

	flow_table_init(&table, &st,
		r->value[WIDE] ? WIDE_COLUMNS : (unsigned)terminal_columns(stdout), stdout);
	q.arguments = json_pack("{s:s*, s:s*, s:s*, s:s*, s:b}", "appliance", r->value[APPLIANCE],
		"peer", r->value[PEER], "verdict", r->value[VERDICT], "sort", r->value[SORT],
		"flagged", r->value[FLAGGED] != NULL);
	status = read_numbers(r, q.arguments);
	if (status == EXIT_DONE && !q.raw)
		flow_table_head(&table);
	if (status == EXIT_DONE)
		status = client_request(&q, &result);
	if (status == EXIT_DONE && !q.raw)
		print_end(&table, result);
	json_decref(result);
	json_decref(q.arguments);
	return status == EXIT_DONE ? cli_flush("flows") : status;
}

const struct cli_command cli_flows = {
	.name = "flows",
	.summary = "live flows of a running sensor, filtered and sorted",
	.arguments = "",
	.description =
		"Looks at every flow of the running sensor and shows those that fit all that is "
		"asked for.\n"
		"PPS and BIT/S are averages since the flow's start; IDLE is the time since its "
		"last "
		"packet.\n"
		"A narrow terminal gets fewer columns.",
	.options = options,
	.run = run,
};
