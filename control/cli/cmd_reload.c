#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errors.h"
#include "base/terminal.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/flow_row.h"

enum { INDENT = 2, NARROWEST = 60 + INDENT };

/* Flows, below what they would be: indented, but where the terminal has no more columns than a flow
 * needs. */
struct listed_changes {
	struct cli_text text;
	struct flow_table table;
	int indent;
};

enum { SOCKET, DRY_RUN, JSON };

static const struct cli_option options[] = {
	[SOCKET] = {"socket", "PATH", "the sensor's control socket (/run/portolan/control.sock)",
		NULL},
	[DRY_RUN] = {"dry-run", NULL,
		"change nothing: list the live flows whose verdict would change", NULL},
	[JSON] = {"json", NULL, "as JSON: an object a changing flow, then the result", NULL},
	{0},
};

static void print_change(void *context, const json_t *flow)
{
	struct listed_changes *c = context;

	fprintf(c->text.out, "would be %s:\n%*s", text_at(flow, "portolan.would_be"), c->indent,
		"");
	flow_table_row(&c->table, flow);
}

static void print_result(const json_t *result, bool dry, FILE *out)
{
	const char *later = text_at(result, "at_next_start");

	if (dry) {
		fprintf(out,
			"%.0f of %.0f live flows would change their verdict, %.0f shown; policy "
			"%.19s…\n",
			number_at(result, "changing"), number_at(result, "live"),
			number_at(result, "shown"), text_at(result, "policy"));
		return;
	}
	fprintf(out, "reloaded: profile %s, %.0f appliances, %.0f rules, policy %.19s…\n",
		text_at(result, "profile"), number_at(result, "appliances"),
		number_at(result, "rules"), text_at(result, "policy"));
	if (*later)
		fprintf(out, "changed, and in force only from the next start on: %s\n", later);
}

/* The sensor has another working directory: it gets the whole path. 0; or an exit status with the
 * error printed. */
static int add_draft(const struct cli_request *r, json_t *arguments)
{
	char *path;

	if (r->arguments == 0)
		return EXIT_DONE;
	if (!r->value[DRY_RUN])
		return cli_misuse(
			"reload", "a file is for --dry-run: the sensor reads its own site");
	path = realpath(r->argument[0], NULL);
	if (!path) {
		errors_say("reload: %s: %s", r->argument[0], strerror(errno));
		return EXIT_MISUSED;
	}
	json_object_set_new(arguments, "site", json_string(path));
	free(path);
	return EXIT_DONE;
}

static int run(const struct cli_request *r)
{
	bool dry = r->value[DRY_RUN] != NULL;
	int columns = terminal_columns(stdout);
	struct listed_changes changes = {
		cli_text_open(), .indent = columns < NARROWEST ? 0 : INDENT};
	struct client_request q = {.command = "reload",
		.socket = r->value[SOCKET],
		.raw = r->value[JSON] != NULL,
		.item = print_change,
		.context = &changes};
	json_t *result = NULL;
	int status;

	flow_table_init(&changes.table, &changes.text.style, (unsigned)(columns - changes.indent),
		changes.text.out);
	q.arguments = json_pack("{s:b}", "dry_run", dry);
	status = add_draft(r, q.arguments);
	if (status == EXIT_DONE)
		status = client_request(&q, &result);
	if (status == EXIT_DONE && !q.raw)
		print_result(result, dry, changes.text.out);
	json_decref(result);
	json_decref(q.arguments);
	cli_text_close(&changes.text);
	return status == EXIT_DONE ? cli_flush("reload") : status;
}

const struct cli_command cli_reload = {
	.name = "reload",
	.summary = "have a running sensor read its site again",
	.arguments = "[FILE]",
	.arguments_max = 1,
	.description =
		"Ends when every live flow is classified by the new policy; a site that is wrong "
		"is "
		"refused\n"
		"with its reasons, and the policy stays as it was (exit status 1). SIGHUP does\n"
		"the same. Takes root or the sensor's own user. With --dry-run, FILE is a draft "
		"that is "
		"compared\n"
		"with the policy in force instead of the site; the sensor has to be able to read "
		"it.",
	.options = options,
	.run = run,
};
