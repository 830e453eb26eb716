#include <stdio.h>
#include <string.h>

#include "base/terminal.h"
#include "cli/cli.h"
#include "cli/client.h"

enum { SOCKET, APPLIANCE, STATE, JSON };

static const struct cli_option options[] = {
	[SOCKET] = {"socket", "PATH", "the sensor's control socket (/run/portolan/control.sock)",
		NULL},
	[APPLIANCE] = {"appliance", "NAME", "only this one", NULL},
	[STATE] = {"state", "STATE", "only rules in this state", "never|seen|wrong"},
	[JSON] = {"json", NULL, "as JSON: an object a rule of an appliance, then the result", NULL},
	{0},
};

static void print_row(void *context, const json_t *row)
{
	const struct terminal_style *st = context;
	const char *state = text_at(row, "state");
	char when[WHEN_BYTES];

	when_at(row, strcmp(state, "wrong") == 0 ? "last_wrong" : "last_seen", when);
	printf("%-24s %-40s %s%-9s%s %-20s %6.0f %10.0f %10.0f\n", text_at(row, "appliance"),
		text_at(row, "rule"),
		strcmp(state, "wrong") == 0   ? st->warn
		: strcmp(state, "never") == 0 ? st->dim
					      : st->good,
		strcmp(state, "wrong") == 0 ? "violated" : state, st->plain, when,
		number_at(row, "live"), number_at(row, "flows"), number_at(row, "wrong"));
}

static int run(const struct cli_request *r)
{
	struct terminal_style st = terminal_style_of(terminal_wants_colour(stdout));
	const char *state = r->value[STATE];
	struct client_request q = {.command = "matrix",
		.socket = r->value[SOCKET],
		.raw = r->value[JSON] != NULL,
		.item = print_row,
		.context = &st};
	json_t *result;
	int status;

	q.arguments = json_pack("{s:s*, s:s*}", "appliance", r->value[APPLIANCE], "state",
		state && strcmp(state, "seen") == 0 ? "last seen" : state);
	if (!q.raw)
		printf("%s%-24s %-40s %-9s %-20s %6s %10s %10s%s\n", st.bold, "APPLIANCE", "RULE",
			"STATE", "WHEN (UTC)", "ALIVE", "FLOWS", "VIOLATIONS", st.plain);
	status = client_request(&q, &result);
	if (status == EXIT_DONE && !q.raw && json_is_false(json_object_get(result, "complete")))
		printf("… and more: --appliance shows one of them\n");
	json_decref(result);
	json_decref(q.arguments);
	return status == EXIT_DONE ? cli_flush("matrix") : status;
}

const struct cli_command cli_matrix = {
	.name = "matrix",
	.summary = "which rule each appliance uses: never, last seen, violated",
	.arguments = "",
	.description =
		"Rules of each appliance's role, with when they were last in use as documented, "
		"or violated:\n"
		"a flow on the rule's port that the policy flags, later than any in order.",
	.options = options,
	.run = run,
};
