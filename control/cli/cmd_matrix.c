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
	[STATE] = {"state", "STATE", "only rules in this state", "never|seen|violated"},
	[JSON] = {"json", NULL, "as JSON: an object a rule of an appliance, then the result", NULL},
	{0},
};

/* A line a rule where there is room for it; else its figures are on a line of their own. */
struct matrix_table {
	struct cli_text text;
	bool is_wide;
};

#define WIDTH 124 /* of a line */
#define RULE_BYTES 160

static void print_head(const struct matrix_table *t)
{
	const struct terminal_style *st = &t->text.style;

	if (t->is_wide)
		fprintf(t->text.out, "%s%-24s %-40s ", st->bold, "APPLIANCE", "RULE");
	else
		fprintf(t->text.out, "%sAPPLIANCE and RULE\n  ", st->bold);
	fprintf(t->text.out, "%-9s %-19s %6s %9s %10s%s\n", "STATE", "WHEN (UTC)", "ALIVE", "FLOWS",
		"VIOLATIONS", st->plain);
}

/* The rule, and of an appliance with data interfaces which of both it is about. */
static void rule_text(const json_t *row, char text[RULE_BYTES])
{
	const char *interface = text_at(row, "interface");

	snprintf(text, RULE_BYTES, "%s%s%s%s", text_at(row, "rule"), *interface ? " (" : "",
		interface, *interface ? ")" : "");
}

static void print_row(void *context, const json_t *row)
{
	const struct matrix_table *t = context;
	const struct terminal_style *st = &t->text.style;
	const char *state = text_at(row, "state");
	bool is_violated = strcmp(state, "wrong") == 0;
	char when[WHEN_BYTES], rule[RULE_BYTES];

	rule_text(row, rule);
	when_at(row, is_violated ? "last_wrong" : "last_seen", when);
	fprintf(t->text.out, t->is_wide ? "%-24s %-40s " : "%s  %s\n  ", text_at(row, "appliance"),
		rule);
	fprintf(t->text.out, "%s%-9s%s %-19s %6.0f %9.0f %10.0f\n",
		is_violated		      ? st->warn
		: strcmp(state, "never") == 0 ? st->dim
					      : st->good,
		is_violated ? "violated" : state, st->plain, when, number_at(row, "live"),
		number_at(row, "flows"), number_at(row, "wrong"));
}

/* As the control protocol calls it. */
static const char *state_in_request(const char *state)
{
	if (state && strcmp(state, "seen") == 0)
		return "last seen";
	return state && strcmp(state, "violated") == 0 ? "wrong" : state;
}

static int run(const struct cli_request *r)
{
	struct matrix_table t = {cli_text_open(), terminal_columns(stdout) >= WIDTH};
	struct client_request q = {.command = "matrix",
		.socket = r->value[SOCKET],
		.raw = r->value[JSON] != NULL,
		.item = print_row,
		.context = &t};
	json_t *result;
	int status;

	q.arguments = json_pack("{s:s*, s:s*}", "appliance", r->value[APPLIANCE], "state",
		state_in_request(r->value[STATE]));
	if (!q.raw)
		print_head(&t);
	status = client_request(&q, &result);
	if (status == EXIT_DONE && !q.raw && json_is_false(json_object_get(result, "complete")))
		fprintf(t.text.out, "… and more: --appliance shows one of them\n");
	json_decref(result);
	json_decref(q.arguments);
	cli_text_close(&t.text);
	return status == EXIT_DONE ? cli_flush("matrix") : status;
}

const struct cli_command cli_matrix = {
	.name = "matrix",
	.summary = "which rule each appliance uses: never, last seen, violated",
	.arguments = "",
	.description =
		"Rules of each appliance's role, with when they were last in use as documented, "
		"or violated:\n"
		"a flow on the rule's port that the policy flags, later than any in order. FLOWS "
		"are "
		"those\n"
		"in order and VIOLATIONS the flagged ones, ended and alive; ALIVE are both.",
	.options = options,
	.run = run,
};
