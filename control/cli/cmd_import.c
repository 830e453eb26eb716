/* `portolan import`: proposes an inventory, from a table of appliances or a management center's
 * device records (DESIGN 8). For a person to review.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "base/heap.h"
#include "cli/cli.h"
#include "cli/import_compare.h"
#include "config/draft.h"
#include "config/settings.h"
#include "policy/ruleset.h"

/* ---- YAML ---- */

/* Bare if nothing that reads YAML can take it for anything but a text. */
static bool is_bare(const char *text)
{
	bool has_hyphen = false;

	if (!isalpha((unsigned char)*text))
		return false;
	for (; *text; text++) {
		if (!isalnum((unsigned char)*text) && *text != '-' && *text != '_')
			return false;
		has_hyphen = has_hyphen || *text == '-';
	}
	return has_hyphen;
}

static void print_text(const char *text, FILE *out)
{
	if (is_bare(text)) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void print_list(const struct draft_list *l, const char *key, const char *begin, FILE *out)
{
	if (!l->count)
		return;
	fprintf(out, "%s    %s: [", begin, key);
	for (size_t i = 0; i < l->count; i++) {
		fputs(i ? ", " : "", out);
		print_text(l->text[i], out);
	}
	fputs("]\n", out);
}

/* ---- the site ---- */

/* What is doubtful is a comment: who reads it completes it and takes the '#' away. */
static void print_appliance(const struct draft_appliance *a, FILE *out)
{
	const char *begin = a->doubt ? "#" : "";

	if (a->doubt)
		fprintf(out, "%s  # %s\n", begin, a->doubt);
	if (a->remark)
		fprintf(out, "%s  # %s\n", begin, a->remark);
	fprintf(out, "%s  - name: ", begin);
	print_text(a->name, out);
	fprintf(out, "\n%s    role: %s\n", begin, role_name(a->role));
	if (a->doubt)
		fprintf(out, "%s    addresses: []\n", begin);
	for (int key = 0; key < DRAFT_KEYS; key++)
		print_list(&a->list[key], draft_key_name((enum draft_key)key), begin, out);
	if (a->profile)
		fprintf(out, "%s    profile: %s\n", begin, a->profile);
}

static size_t usable(const struct draft *d)
{
	size_t count = 0;

	for (size_t i = 0; i < d->appliances; i++)
		count += !d->appliance[i].doubt;
	return count;
}

static bool has_center(const struct draft *d)
{
	for (size_t i = 0; i < d->appliances; i++)
		if (d->appliance[i].role == ROLE_MANAGEMENT_CENTER)
			return true;
	return false;
}

static void print_head(const struct draft *d, FILE *out)
{
	fputs("# A proposal, from ", out);
	fputs(d->are_records ? "device records of a management center.\n" : "a table.\n", out);
	fputs("# Read it and correct it. What is a comment needs you: take the '#' away when it "
	      "is\n"
	      "# complete. Then: portolan check FILE\n",
		out);
	if (*d->ignored)
		fprintf(out, "# Columns that were not read: %s.\n", d->ignored);
	if (d->left)
		fprintf(out,
			"# Incomplete: the answer says that there are %lu more records; ask for "
			"all pages.\n",
			d->left);
	fprintf(out, "profile: %s\nappliances:\n", d->profile);
	if (!has_center(d))
		fputs("#  # The management center is not among its own records: write its "
		      "address,\n"
		      "#  # and its name in `managers` of each device. --manager NAME=ADDRESS "
		      "does both.\n"
		      "#  - name: center-1\n"
		      "#    role: management-center\n"
		      "#    addresses: []\n",
			out);
}

static void print_draft(const struct draft *d, struct import_comparison *c, FILE *out)
{
	size_t number = 0;

	print_head(d, out);
	for (size_t i = 0; i < d->appliances; i++) {
		const struct draft_appliance *a = &d->appliance[i];
		if (c && !a->doubt) {
			fputs("  # ", out);
			comparison_print_seen(c, number++, out);
			fputc('\n', out);
		}
		print_appliance(a, out);
	}
	if (c)
		comparison_print_strangers(c, out);
}

/* ---- what the site compiles to ---- */

/* What is proposed is read as a site before it is shown. 0, or a negative errno with the errors. */
static int compile(const struct draft *d, struct ruleset **ruleset, struct settings **settings)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool is_cut;
	int error;

	if (!out)
		return -ENOMEM;
	print_draft(d, NULL, out);
	is_cut = ferror(out) != 0;
	if (fclose(out) != 0 || is_cut || !text) {
		free(text);
		return -ENOMEM;
	}
	error = ruleset_parse_site(ruleset, settings,
		arena_format(d->arena, "%s, as a site", d->file), text, size, d->errors);
	free(text);
	return error;
}

static void show(const struct draft *d, struct import_comparison *c)
{
	FILE *out = cli_yaml_open();

	print_draft(d, c, out);
	cli_yaml_close(out);
}

static int compare(const struct draft *d, const char *capture, struct ruleset *ruleset,
	struct settings *settings)
{
	struct import_comparison c = {.ruleset = ruleset, .settings = settings, .capture = capture};
	int error;

	if (cli_compile(ruleset) < 0)
		return EXIT_FAILED;
	error = comparison_run(&c);
	if (error < 0)
		errors_say("import: %s", strerror(-error));
	else
		show(d, &c);
	comparison_fini(&c);
	return error < 0 || c.is_incomplete ? EXIT_FAILED : EXIT_DONE;
}

static int propose(const struct draft *d, const char *capture)
{
	struct settings *settings = NULL;
	struct ruleset *ruleset = NULL;
	int status = EXIT_DONE, error;

	if (usable(d) == 0) {
		errors_say("import: %s: no record has an address: the proposal is nothing but "
			   "comments",
			d->file);
		show(d, NULL);
		return EXIT_FAILED;
	}
	error = compile(d, &ruleset, &settings);
	if (error)
		return error == -ENOMEM ? error : EXIT_MISUSED;
	if (capture)
		status = compare(d, capture, ruleset, settings);
	else
		show(d, NULL);
	ruleset_close(ruleset);
	settings_free(settings);
	return status;
}

/* ---- command ---- */

enum { COMPARE, MANAGER };

static const struct cli_option options[] = {
	[COMPARE] = {"compare", "CAPTURE", "say which of them were seen in a capture", NULL},
	[MANAGER] = {"manager", "NAME=ADDRESS",
		"the management center, which its device records do not have", NULL},
	{0},
};

/* NULL with the reason printed. One byte more than it has is there. */
static char *read_file(const char *path, struct arena *arena, size_t *size)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text = in ? arena_alloc(arena, DRAFT_BYTES_MAX + 2) : NULL;
	bool is_read = false;

	if (in) {
		*size = fread(text, 1, DRAFT_BYTES_MAX + 1, in);
		is_read = !ferror(in);
	}
	if (!is_read)
		errors_say("import: %s: %s", path, strerror(errno));
	else if (*size > DRAFT_BYTES_MAX)
		errors_say("import: %s: found more than 8 MiB; want at most that", path);
	if (in && in != stdin)
		fclose(in);
	return is_read && *size <= DRAFT_BYTES_MAX ? text : NULL;
}

static int import(const struct cli_request *r, struct draft *d)
{
	size_t size;
	char *text = read_file(d->file, d->arena, &size);
	int error;

	if (!text)
		return EXIT_MISUSED;
	error = draft_read(d, text, size);
	if (error == 0 && r->value[MANAGER])
		error = draft_add_manager(d, r->value[MANAGER]);
	if (error == 0)
		error = propose(d, r->value[COMPARE]);
	if (error == -ENOMEM)
		errors_say("import: %s", strerror(ENOMEM));
	errors_print(d->errors, stderr);
	if (error == -ENOMEM)
		return EXIT_FAILED;
	return error < 0 ? EXIT_MISUSED : error;
}

static int run(const struct cli_request *r)
{
	struct errors errors = {0};
	struct draft d = {.file = r->argument[0], .errors = &errors};
	int status, flushed;

	if (r->value[COMPARE] && strcmp(r->value[COMPARE], "-") == 0 && strcmp(d.file, "-") == 0)
		return cli_misuse("import", "two files are standard input: want one");
	d.arena = arena_new();
	if (!d.arena) {
		errors_say("import: %s", strerror(ENOMEM));
		return EXIT_FAILED;
	}
	status = import(r, &d);
	arena_free(d.arena);
	flushed = cli_flush("import");
	return flushed > status ? flushed : status;
}

const struct cli_command cli_import = {
	.name = "import",
	.summary = "propose an inventory from a table or a management center's device records",
	.arguments = "FILE",
	.arguments_min = 1,
	.arguments_max = 1,
	.description =
		"Prints a site file (YAML) of what FILE names. It proposes, a person approves:\n"
		"  portolan import devices.csv > site.yaml\n"
		"FILE is CSV, with a header line: name, role (management-center, managed-device, "
		"or\n"
		"fmc, ftd), addresses, managers; also data_addresses, aliases, macs, profile. "
		"Several\n"
		"values of a field have blanks, `;` or `|` between them. Or FILE is JSON, the\n"
		"expanded device records of a management center's REST API. `-` is standard "
		"input.\n"
		"Names of hosts are not resolved: they are comments, for you to write the address.",
	.options = options,
	.run = run,
};
