#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errors.h"
#include "base/fold.h"
#include "base/heap.h"
#include "base/suggest.h"
#include "base/terminal.h"
#include "config/settings.h"
#include "policy/ruleset.h"

int cli_misuse(const char *command, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	errors_say("%s: %s; see portolan %s --help", command, text, command);
	return EXIT_MISUSED;
}

int cli_no_appliance(const char *command, const struct ruleset *ruleset, const char *name)
{
	const char **known = heap_calloc(ruleset->appliances + 1, sizeof(*known));
	char want[SUGGEST_TEXT_BYTES] = "an appliance of the site";

	for (size_t i = 0; known && i < ruleset->appliances; i++)
		known[i] = ruleset->appliance[i].name;
	if (known)
		suggest_want(name, known, ruleset->appliances, want);
	free(known);
	return cli_misuse(command, "found unknown appliance '%.100s'; want %.400s", name, want);
}

struct cli_text cli_text_open(void)
{
	FILE *out = fold_open_terminal(stdout);

	return (struct cli_text){
		terminal_style_of(terminal_wants_colour(stdout)), out ? out : stdout};
}

void cli_text_close(struct cli_text *t)
{
	if (t->out != stdout)
		fclose(t->out);
}

FILE *cli_yaml_open(void)
{
	FILE *out = fold_open(stdout, fold_columns(stdout), false);

	return out ? out : stdout;
}

void cli_yaml_close(FILE *out)
{
	if (out != stdout)
		fclose(out);
}

int cli_flush(const char *command)
{
	int error = stream_flush(stdout);

	if (error == 0)
		return EXIT_DONE;
	if (error == -EPIPE) /* who reads has seen enough, as `head` does */
		return EXIT_FAILED;
	errors_say("%s: standard output: %s", command, strerror(-error));
	return EXIT_FAILED;
}

/* Whether the help has all values itself. */
static bool names_choices(const struct cli_option *o)
{
	char choice[64];

	for (const char *at = o->choices; *at; at += *at == '|') {
		size_t length = strcspn(at, "|");
		snprintf(choice, sizeof(choice), "%.*s", (int)length, at);
		if (!strstr(o->help, choice))
			return false;
		at += length;
	}
	return true;
}

int cli_print_help(const struct cli_command *c)
{
	struct cli_text text = cli_text_open();
	int width = 0;

	fprintf(text.out, "usage: portolan %s%s%s%s\n\n%s\n", c->name,
		c->options[0].name ? " [OPTION…]" : "", *c->arguments ? " " : "", c->arguments,
		c->description);
	for (const struct cli_option *o = c->options; o->name; o++) {
		int length = (int)(strlen(o->name) + (o->argument ? strlen(o->argument) + 1 : 0));
		width = length > width ? length : width;
	}
	fprintf(text.out, "\nOptions:\n");
	for (const struct cli_option *o = c->options; o->name; o++) {
		fprintf(text.out, "  --%s%s%-*s  %s\n", o->name, o->argument ? " " : "",
			width - (int)strlen(o->name) - (o->argument ? 1 : 0),
			o->argument ? o->argument : "", o->help);
		if (o->choices && !names_choices(o))
			fprintf(text.out, "    %-*s  one of %s\n", width, "", o->choices);
	}
	fprintf(text.out, "  --%-*s  this text\n", width, "help");
	cli_text_close(&text);
	return cli_flush(c->name);
}

static size_t count_options(const struct cli_command *c)
{
	size_t n = 0;

	while (c->options[n].name)
		n++;
	return n;
}

static int is_choice(const char *choices, const char *value)
{
	size_t length = strlen(value);

	for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
		if (strncmp(at, value, length) == 0 && (at[length] == '|' || at[length] == '\0'))
			return length > 0;
	return 0;
}

static int take_option(const struct cli_command *c, int i, const char *value, struct cli_request *r)
{
	const struct cli_option *o = &c->options[i];

	if (o->choices && !is_choice(o->choices, value))
		return cli_misuse(
			c->name, "--%s: found '%s'; want one of %s", o->name, value, o->choices);
	r->value[i] = value ? value : "";
	return EXIT_DONE;
}

/* EXIT_DONE, EXIT_MISUSED, or -1: help was requested. */
static int read_options(const struct cli_command *c, const struct option *table, int help, int argc,
	char **argv, struct cli_request *r)
{
	int i, status = EXIT_DONE;

	optind = 0;
	opterr = 0;
	while (status == EXIT_DONE && (i = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
		if (i == ':')
			status = cli_misuse(c->name, "%s: needs a value", argv[optind - 1]);
		else if (i == '?')
			status = cli_misuse(c->name, "unknown option '%s'", argv[optind - 1]);
		else if (i == 'h' || i == 256 + help)
			status = -1;
		else
			status = take_option(c, i - 256, optarg, r);
	}
	return status;
}

int cli_run_command(const struct cli_command *c, int argc, char **argv)
{
	struct option table[CLI_OPTIONS_MAX + 2] = {0};
	int n = (int)count_options(c), status;
	struct cli_request r = {.line = argv};

	for (int i = 0; i < n; i++)
		table[i] = (struct option){c->options[i].name,
			c->options[i].argument ? required_argument : no_argument, NULL, 256 + i};
	table[n] = (struct option){"help", no_argument, NULL, 256 + n};
	status = read_options(c, table, n, argc - 1, argv + 1, &r);
	if (status < 0)
		return cli_print_help(c);
	if (status != EXIT_DONE)
		return status;
	r.argument = (const char *const *)argv + 1 + optind;
	r.arguments = (size_t)(argc - 1 - optind);
	if (r.arguments < c->arguments_min)
		return cli_misuse(c->name, "too few arguments: want %s", c->arguments);
	if (r.arguments > c->arguments_max)
		return cli_misuse(
			c->name, "unexpected argument '%s'", r.argument[c->arguments_max]);
	return c->run(&r);
}

long cli_number(const char *command, const char *option, const char *text, long low, long high)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && n >= low && n <= high)
		return n;
	cli_misuse(command, "--%s: found '%s'; want a number from %ld to %ld", option, text, low,
		high);
	return -1;
}

static struct ruleset *opened(struct ruleset *ruleset, int error, const struct errors *errors)
{
	if (error == -ENOMEM)
		heap_note_short();
	if (error < 0)
		errors_print(errors, stderr);
	return error < 0 ? NULL : ruleset;
}

/* NULL has none. */
static struct ruleset *warned(struct ruleset *ruleset)
{
	for (size_t i = 0; ruleset && i < ruleset->warnings; i++)
		errors_say("warning: %s", ruleset->warning[i]);
	return ruleset;
}

static struct ruleset *open_site(const char *site, const char *profile, struct settings **settings)
{
	struct errors errors = {0};
	struct ruleset *ruleset = NULL;
	int error = ruleset_open(&ruleset, settings, site, profile, &errors);

	return opened(ruleset, error, &errors);
}

struct ruleset *cli_ruleset(const char *site, const char *profile, struct settings **settings)
{
	return warned(open_site(site, profile, settings));
}

int cli_compile(struct ruleset *ruleset)
{
	struct errors errors = {0};
	int error = ruleset_compile(ruleset, &errors);

	if (error == -ENOMEM)
		heap_note_short();
	if (error < 0)
		errors_print(&errors, stderr);
	return error;
}

struct ruleset *cli_ruleset_unwarned(const char *site, struct settings **settings)
{
	struct ruleset *ruleset = open_site(site, NULL, settings);

	if (!ruleset || cli_compile(ruleset) == 0)
		return ruleset;
	ruleset_close(ruleset);
	if (settings)
		settings_free(*settings);
	return NULL;
}

struct ruleset *cli_ruleset_compiled(const char *site, struct settings **settings)
{
	return warned(cli_ruleset_unwarned(site, settings));
}

struct ruleset *cli_ruleset_any(const char *name, struct settings **settings)
{
	struct errors errors = {0};
	struct ruleset *ruleset = NULL;
	int error = ruleset_open_any(&ruleset, settings, name, &errors);

	return warned(opened(ruleset, error, &errors));
}
