/* The command line as tables: every command with its options; parsing and help are derived from
 * them. A command is one file that defines one `struct cli_command`.
 */
#ifndef PORTOLAN_CLI_H
#define PORTOLAN_CLI_H

#include "base/exit_status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/terminal.h"

#define CLI_OPTIONS_MAX 16

struct ruleset;
struct cli_option {
	const char *name;
	const char *argument; /* name of its value in the help; NULL: a switch */
	const char *help;
	const char *choices; /* "table|csv|json" or NULL: anything */
};

/* A word that the first argument may be, the argument behind it ("": none), and what that does. */
struct cli_word {
	const char *name, *argument, *what;
};

/* The parsed command line: value[i] is that of option i of the command's table. */
struct cli_request {
	const char *value[CLI_OPTIONS_MAX]; /* NULL: not given; "" for a switch */
	const char *const *argument;
	size_t arguments;
	char *const *line; /* all arguments of the program */
};

struct cli_command {
	const char *name;
	const char *summary;   /* one line */
	const char *arguments; /* as in the usage line; "": none */
	size_t arguments_min, arguments_max;
	const char *description;	  /* paragraphs for --help */
	const struct cli_option *options; /* ends with a NULL name */
	const struct cli_word *words;	  /* ends with a NULL name; NULL: any first argument */
	int (*run)(const struct cli_request *);
};

/* Every command, in the order of the overview: `cli_NAME` in cmd_NAME.c. */
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
	X(triage)                                                                                  \
	X(check)                                                                                   \
	X(policy)                                                                                  \
	X(explain)                                                                                 \
	X(discover)                                                                                \
	X(import)                                                                                  \
	X(diff)                                                                                    \
	X(doctor)                                                                                  \
	X(bench)

#define COMMAND_DECLARATION(name) extern const struct cli_command cli_##name;
COMMAND_LIST(COMMAND_DECLARATION)

/* All commands, NULL after the last; help, manual and completion are made from it. */
extern const struct cli_command *const cli_commands[];

/* Prints `portolan: COMMAND: …` and a pointer to the help. Returns EXIT_MISUSED. */
int cli_misuse(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints a command's help; an exit status. */
int cli_print_help(const struct cli_command *);

/* Parses the arguments after the command's name, argv[1], and runs it or prints its help. */
int cli_run_command(const struct cli_command *, int argc, char **argv);

/* Parses a number from `low` to `high`; -1 with an error on standard error. */
long cli_number(const char *command, const char *option, const char *text, long low, long high);

/* 0 if everything printed to standard output was written; otherwise an exit status, with the error
 * printed. */
int cli_flush(const char *command);

/* Says which appliance may be meant by a name that no appliance has; EXIT_MISUSED. */
int cli_no_appliance(const char *command, const struct ruleset *, const char *name);

/* Text for people on standard output, as wide as the terminal (base/fold.h). */
struct cli_text {
	struct terminal_style style;
	FILE *out;
};

struct cli_text cli_text_open(void);
/* Before cli_flush(). */
void cli_text_close(struct cli_text *);

/* A site file on standard output, as wide as the terminal, with all its characters. */
FILE *cli_yaml_open(void);
void cli_yaml_close(FILE *);

struct settings;
/* Opens the ruleset of a site or profile; prints warnings, or returns NULL with the errors
 * printed. */
struct ruleset *cli_ruleset(const char *site, const char *profile, struct settings **);
/* The same with compiled signatures, without printing its warnings. */
struct ruleset *cli_ruleset_unwarned(const char *site, struct settings **);
/* Compiles a ruleset's signatures; -errno with the errors printed. */
int cli_compile(struct ruleset *);
/* The ruleset of a site with compiled signatures. */
struct ruleset *cli_ruleset_compiled(const char *site, struct settings **);
/* The ruleset of a site or of a profile, whichever `name` is. */
struct ruleset *cli_ruleset_any(const char *name, struct settings **);

#endif
