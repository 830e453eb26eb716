/* `portolan diff`: what becomes expected or flagged between two policies (DESIGN 8).
 */
#include <stdio.h>
#include <string.h>

#include "base/fold.h"
#include "base/heap.h"
#include "cli/cli.h"
#include "config/settings.h"
#include "policy/ruleset.h"
#include "report/policy_diff.h"
#include "run/diff_flows.h"

/* --- command --- */

enum { CAPTURE, FORMAT };

static const struct cli_option options[] = {
	[CAPTURE] = {"capture", "FILE", "also: which of its flows change their verdict", NULL},
	[FORMAT] = {"format", "FORMAT", "table or json, an object a line (table)", "table|json"},
	{0},
};

static int compare_sides(const struct diff_side *old_side, const struct diff_side *new_side,
	const char *capture, bool as_json)
{
	struct ruleset *before = old_side->ruleset, *after = new_side->ruleset;
	struct cli_text text;
	int status = EXIT_DONE, flushed;
	FILE *out;

	if (before->appliances == 0)
		ruleset_borrow_appliances(before, after);
	else if (after->appliances == 0)
		ruleset_borrow_appliances(after, before);
	if (capture && before->appliances == 0)
		return cli_misuse("diff", "--capture needs appliances: want at least one site");
	if (capture && (cli_compile(before) < 0 || cli_compile(after) < 0))
		return EXIT_MISUSED;
	text = cli_text_open();
	out = as_json ? stdout : text.out;
	if (policy_diff_print(before, after, as_json, out) < 0)
		heap_note_short();
	if (capture)
		status = diff_flows_print(old_side, new_side, capture,
			&(struct diff_print){as_json, fold_columns(stdout)}, out);
	cli_text_close(&text);
	flushed = cli_flush("diff");
	return flushed > status ? flushed : status;
}

static int run(const struct cli_request *r)
{
	struct diff_side before = {0}, after = {0};
	int status = EXIT_MISUSED;

	before.ruleset = cli_ruleset_any(r->argument[0], &before.settings);
	if (before.ruleset)
		after.ruleset = cli_ruleset_any(r->argument[1], &after.settings);
	if (after.ruleset)
		status = compare_sides(&before, &after, r->value[CAPTURE],
			r->value[FORMAT] && strcmp(r->value[FORMAT], "json") == 0);
	ruleset_close(before.ruleset);
	ruleset_close(after.ruleset);
	settings_free(before.settings);
	settings_free(after.settings);
	return status;
}

const struct cli_command cli_diff = {
	.name = "diff",
	.summary = "what becomes expected or flagged between two policies",
	.arguments = "PROFILE|SITE PROFILE|SITE",
	.arguments_min = 2,
	.arguments_max = 2,
	.description =
		"Compares two policies rule by rule: + is allowed more than before, - "
		"less, ~ with\n"
		"other peers or services; then what differs for some appliances only, and "
		"appliances\n"
		"that only one of them has. Profiles by name (portolan policy --help) or by path.\n"
		"With a capture also which of its flows change their verdict: a line for each\n"
		"appliance, direction, port, verdicts and peer; more than three peers are one "
		"line.",
	.options = options,
	.run = run,
};
