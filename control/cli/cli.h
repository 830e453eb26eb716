/* The command line as tables: every command with its options, from which parsing and help
 * are derived. A command is one file that fills one `struct cli_command`.
 */
#ifndef PORTOLAN_CLI_H
#define PORTOLAN_CLI_H

#include "base/exit_status.h"
#include <stdbool.h>
#include <stddef.h>

#define CLI_OPTIONS_MAX 16

struct cli_option {
	const char *name;
	const char *argument; /* what its value is called; NULL: a switch without one */
	const char *help;
	const char *choices; /* "table|csv|json" or NULL: anything */
};

/* What was asked: the value of option i of the command's table is value[i]. */
struct cli_request {
	const char *value[CLI_OPTIONS_MAX]; /* NULL: not given; "" for a switch */
	const char *const *argument;
	size_t arguments;
	char *const *line; /* all of the program's arguments */
};

struct cli_command {
	const char *name;
	const char *summary;   /* one line */
	const char *arguments; /* as in the usage line, "" for none */
	size_t arguments_min, arguments_max;
	const char *description;	  /* paragraphs for --help */
	const struct cli_option *options; /* ends with a NULL name */
	int (*run)(const struct cli_request *);
};

/* Every command, in the order of the overview: each is `cli_NAME` in cmd_NAME.c. */
#define COMMAND_LIST(X)                                                                            \
	X(replay)                                                                                  \
	X(run)                                                                                     \
	X(status)                                                                                  \
	X(health)                                                                                  \
	X(channels)                                                                                \
	X(matrix)                                                                                  \
	X(flows)                                                                                   \
	X(top)                                                                                     \
	X(reload)                                                                                  \
	X(check)                                                                                   \
	X(policy)                                                                                  \
	X(explain)                                                                                 \
	X(discover)                                                                                \
	X(diff)                                                                                    \
	X(bench)

#define COMMAND_DECLARATION(name) extern const struct cli_command cli_##name;
COMMAND_LIST(COMMAND_DECLARATION)

/* All of them, NULL after the last: help, manual and completion are made of it. */
extern const struct cli_command *const cli_commands[];

/* `portolan: COMMAND: …` and where the help is. Returns EXIT_MISUSED. */
int cli_misuse(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads the arguments after the command's name, argv[1], and runs it, or prints its help. */
int cli_run_command(const struct cli_command *, int argc, char **argv);

/* A whole number from `low` to `high`, or -1 with an error on standard error. */
long cli_number(const char *command, const char *option, const char *text, long low, long high);

/* 0 if all that was printed on standard output got there; otherwise says why not. */
int cli_flush(const char *command);

struct ruleset;
struct settings;
/* A site's or profile's ruleset with its warnings printed, or NULL with the reasons printed.
 * `any`: a site or a profile by one name. */
struct ruleset *cli_ruleset(const char *site, const char *profile, struct settings **);
/* Compiles a ruleset's signatures; -errno with the reasons printed. */
int cli_compile(struct ruleset *);
/* The same with its signatures compiled. */
struct ruleset *cli_ruleset_compiled(const char *site, struct settings **);
struct ruleset *cli_ruleset_any(const char *name, struct settings **);

#endif
