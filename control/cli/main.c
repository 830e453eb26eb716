#include <jansson.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errors.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/signals.h"
#include "cli/cli.h"

static int print_overview(FILE *out)
{
	fputs("usage: portolan COMMAND [OPTION…] [ARGUMENT…]\n\n"
	      "Classifies every flow of a firewall deployment's management centers and managed "
	      "devices\n"
	      "by the documented ports of both roles. It listens, and never sends a packet.\n\n"
	      "Commands:\n",
		out);
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
	fputs("\nSee portolan COMMAND --help for details; --version prints the version.\n"
	      "Exit status: 0 done, 1 failed while running, 2 usage or configuration,\n"
	      "3 flagged flows were found and --fail-on asked for that.\n",
		out);
	return EXIT_DONE;
}

static const struct cli_command *find(const char *name)
{
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

/* What was left out for want of memory is no answer, and no mistake of who asked. */
static int status_of(int status)
{
	if (!heap_was_short())
		return status;
	if (status == EXIT_DONE || status == EXIT_FLAGGED)
		errors_say("no more memory: what is told may not be all");
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	const struct cli_command *command;

	setlocale(LC_CTYPE, ""); /* which characters the terminal has; numbers stay as they are */
	json_set_alloc_funcs(heap_malloc, free);
	signal(SIGPIPE, SIG_IGN); /* writing to a closed pipe is an ordinary error */
	signals_watch_stop();
	if (argc < 2) {
		print_overview(stderr);
		return EXIT_MISUSED;
	}
	if (is_one_of(argv[1], "--help", "-h", "help") && argc > 2 && find(argv[2]))
		return status_of(cli_print_help(find(argv[2])));
	if (is_one_of(argv[1], "--help", "-h", "help")) {
		struct cli_text text = cli_text_open();
		print_overview(text.out);
		cli_text_close(&text);
		return cli_flush("help");
	}
	if (is_one_of(argv[1], "--version", "-V", "version")) {
		puts("portolan " PORTOLAN_VERSION);
		return cli_flush("version");
	}
	command = find(argv[1]);
	if (!command) {
		errors_say("%s: no such command; portolan --help lists them", argv[1]);
		return EXIT_MISUSED;
	}
	log_set_command(command->name);
	return status_of(cli_run_command(command, argc, argv));
}
