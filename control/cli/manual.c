/* Writes what is made of the tables of the command line and of the site's schema: manual pages
 * (man(7)) and completions. Runs while portolan is built; is not installed.
 *
 *     portolan-manual portolan.1
 *     portolan-manual portolan-site.5 EXAMPLE-SITE
 *     portolan-manual portolan-profile.5 PROFILE
 *     portolan-manual bash | zsh
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "config/schema.h"

/* --- man pages ------------------------------------------------------------------------ */

/* Prints a line of text, escaping backslashes and leading dots for man(7). */
static void put_text(const char *text)
{
	for (const char *at = text; *at; at++) {
		if ((at == text || at[-1] == '\n') && (*at == '.' || *at == '\''))
			fputs("\\&", stdout);
		if (*at == '\\')
			fputs("\\e", stdout);
		else if (*at == '-')
			fputs("\\-", stdout);
		else
			putchar(*at);
	}
}

static void put_line(const char *text)
{
	put_text(text);
	putchar('\n');
}

static void put_head(const char *title, const char *section, const char *summary)
{
	printf(".TH %s %s 2026-11-25 \"portolan " PORTOLAN_VERSION "\" \"portolan\"\n", title,
		section);
	printf(".SH NAME\n%s \\- ", title);
	put_line(summary);
}

static void put_option(const char *name, const char *argument, const char *help)
{
	printf(".TP\n.B \\-\\-%s", name);
	if (argument)
		printf(" \\fI%s\\fR", argument);
	putchar('\n');
	put_line(help);
}

static void put_command(const struct cli_command *c)
{
	printf(".SS portolan %s ", c->name);
	put_line(c->arguments);
	put_line(c->description);
	for (const struct cli_option *o = c->options; o->name; o++)
		put_option(o->name, o->argument, o->help);
	put_option("help", NULL, "says the same and ends");
}

static void write_manual(void)
{
	put_head("portolan", "1", "passive classifier of a firewall deployment's traffic");
	puts(".SH SYNOPSIS\n.B portolan\n\\fICOMMAND\\fR [\\fIOPTION\\fR...] "
	     "[\\fIARGUMENT\\fR...]\n.SH DESCRIPTION");
	put_line("Classifies every flow of a firewall deployment's management centers and managed "
		 "devices by the documented ports of both roles, from captures or on a mirror "
		 "port, and says which are not allowed. It listens, and never sends a packet.");
	puts(".SH COMMANDS");
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		put_command(*c);
	puts(".SH EXIT STATUS\n.TP\n.B 0\ndone\n.TP\n.B 1\nfailed while running; what was read is "
	     "still reported\n.TP\n.B 2\nusage or configuration\n.TP\n.B 3\nflagged flows were "
	     "found, and \\fB\\-\\-fail\\-on\\fR asked for that");
	puts(".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nno colours on a terminal\n.TP\n.B "
	     "PORTOLAN_CONFIGS\na folder with profiles and signatures in place of the installed "
	     "one\n.TP\n.B PORTOLAN_CACHE\nthe folder (an absolute path) in which compiled "
	     "signatures are kept for the next start; "
	     "\\fBoff\\fR: they are compiled at every start. Otherwise it is $CACHE_DIRECTORY, "
	     "$XDG_CACHE_HOME/portolan or ~/.cache/portolan. What is in there may be deleted at "
	     "any "
	     "time");
	puts(".SH SEE ALSO\n.BR portolan\\-site (5),\n.BR portolan\\-profile (5)");
}

static const struct cli_command *command_called(const char *name)
{
	const struct cli_command *const *c = cli_commands;

	while (*c && strcmp((*c)->name, name) != 0)
		c++;
	return *c;
}

static void put_question(const char *name, const char *argument, const char *what)
{
	printf(".TP\n.B %s", name);
	if (*argument)
		printf(" \\fI%s\\fR", argument);
	putchar('\n');
	put_line(what);
}

static void write_triage(void)
{
	const struct cli_command *triage = command_called("triage");

	put_head("portolan-triage", "1", triage->summary);
	puts(".SH SYNOPSIS\n.B portolan triage\n\\fIQUESTION\\fR [\\fIOPTION\\fR...] "
	     "[\\fIARGUMENT\\fR...]\n.SH DESCRIPTION");
	put_line("Answers from what a sensor (store: {path: DIR} in its site) or portolan replay "
		 "--store DIR has remembered, with or without a running sensor. Every answer ends "
		 "with what could not be seen in its window: where that is bad, nothing reads "
		 "inconclusive.");
	puts(".SH QUESTIONS");
	for (const struct cli_word *w = triage->words; w->name; w++)
		put_question(w->name, w->argument, w->what);
	puts(".SH OPTIONS");
	for (const struct cli_option *o = triage->options; o->name; o++)
		put_option(o->name, o->argument, o->help);
	puts(".SH SEE ALSO\n.BR portolan (1),\n.BR portolan\\-site (5),\n.BR sqlite3 (1)");
}

static void put_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[1024];

	if (!file) {
		perror(path);
		exit(EXIT_FAILED);
	}
	puts(".nf");
	while (fgets(line, sizeof(line), file))
		put_text(line);
	puts(".fi");
	fclose(file);
}

/* The keys of a site by what they are about, and what is not said by what is wanted. */
struct key_part {
	const char *name, *keys, *what;
};

static const struct key_part site_part[] = {
	{"The deployment",
		"profile groups appliances name role addresses except data_addresses macs aliases "
		"managers",
		"Who is watched, and by which port table. An appliance of networks is as many "
		"hosts."},
	{"The policy",
		"features enabled peers ports extra_rules direction port transport feature service "
		"unattended description pairs protocols not_covered unexpected implied",
		"What differs from the profile: features that are switched off, moved or bound to "
		"peers, "
		"rules of the site's own, IP protocols without ports. unattended says of a rule "
		"that it speaks by itself, as syslog does: where an appliance used it, silence is "
		"a finding."},
	{"capture", "interfaces deduplicate mirror_endpoints warmup devices lcores eal",
		"Where packets come from. warmup is the time after the start in which connections "
		"may be "
		"seen that began before: a flow without a seen beginning then takes the milder "
		"orientation and is no evasion; with 0 nothing is taken on trust."},
	{"flow", "max timeouts",
		"The flow table. max is a number of flows for each worker, not in all; its memory, "
		"some "
		"200 bytes a flow, is taken at the start. Where it is full, unflagged attempts "
		"give way "
		"first, and that is counted."},
	{"store", "store",
		"What is remembered on disk for triage. keep is how long flows are kept: whole "
		"hours are "
		"deleted once they are older, or earlier where size is reached; findings and sums "
		"stay. "
		"learn is the time after which what is new is a finding."},
	{"evidence", "evidence size file_size age flow_packets flow_bytes ring mask",
		"Packets of findings, in pcapng files that are deleted by size and age, the oldest "
		"first."},
	{"outputs", "outputs events kind format metrics listen control",
		"Where events, metrics and answers go. window is the time in which alerts of one "
		"finding "
		"are counted together; silence is the time after which a row that speaks by itself "
		"and "
		"does not is a finding. A sink of kind json is rotated at the size rotate; there "
		"keep is "
		"the number of files."},
	{NULL, NULL, NULL},
};

/* Whether a list of words has this one. */
static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += length)
		if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}

static void put_key(const struct schema_hint *hint)
{
	if (!hint->want)
		return;
	fputs(".TP\n.B ", stdout);
	put_line(hint->key);
	put_line(hint->want);
}

static const struct key_part *part_of(const char *key)
{
	const struct key_part *part = site_part;

	while (part->name && !has_word(part->keys, key))
		part++;
	return part;
}

/* What no part names stands with the outputs: the keys of sinks. */
static void put_site_keys(void)
{
	for (const struct key_part *part = site_part; part->name; part++) {
		bool is_last = !part[1].name;
		printf(".SS %s\n", part->name);
		put_line(part->what);
		for (const struct schema_hint *hint = site_hint; hint->key; hint++) {
			const struct key_part *of = part_of(hint->key);
			if (of == part || (is_last && !of->name))
				put_key(hint);
		}
	}
}

static void put_keys(const struct schema_hint *hint)
{
	for (; hint->key; hint++)
		put_key(hint);
}

static void write_site(const char *example)
{
	put_head("portolan-site", "5", "one deployment: appliances, policy, capture, outputs");
	puts(".SH DESCRIPTION");
	put_line("A site is one YAML file. Every key has a default; what is not known, twice there "
		 "or out of bounds is refused with its line and what would be right. The example "
		 "below has all of it, explained.");
	puts(".SH KEYS");
	put_site_keys();
	puts(".SH EXAMPLE");
	put_file(example);
	puts(".SH SEE ALSO\n.BR portolan (1),\n.BR portolan\\-profile (5)");
}

static void write_profile(const char *example)
{
	put_head("portolan-profile", "5", "a product version's documented ports, as data");
	puts(".SH DESCRIPTION");
	put_line("A profile is a YAML file with a row for every documented port: role, direction, "
		 "port, transport, feature, service. One may extend another, add rows and remove "
		 "some. A row whose status is recalled was not read in the vendor's guide: "
		 "portolan policy marks it as unverified.");
	puts(".SH KEYS");
	put_keys(profile_hint);
	puts(".SH EXAMPLE");
	put_file(example);
	puts(".SH SEE ALSO\n.BR portolan (1),\n.BR portolan\\-site (5)");
}

/* --- completions ---------------------------------------------------------------------- */

static void put_choices(const char *choices)
{
	for (; *choices; choices++)
		putchar(*choices == '|' ? ' ' : *choices);
}

/* The words that a command's first argument may be, and the options behind which a value stands. */
static void put_words(const struct cli_command *c)
{
	fputs("\t\twords='", stdout);
	for (const struct cli_word *w = c->words; w->name; w++)
		printf("%s ", w->name);
	fputs("'\n\t\ttakes=' ", stdout);
	for (const struct cli_option *o = c->options; o->name; o++)
		if (o->argument)
			printf("--%s ", o->name);
	puts("'");
}

static void write_bash(void)
{
	puts("# bash completion for portolan\n"
	     "_portolan() {\n"
	     "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options= "
	     "choices= words= takes= i\n"
	     "\tif [ \"$COMP_CWORD\" -eq 1 ]; then");
	fputs("\t\tCOMPREPLY=($(compgen -W \"", stdout);
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		printf("%s ", (*c)->name);
	puts("--help --version\" -- \"$word\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in");
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		printf("\t%s)\n\t\toptions='", (*c)->name);
		for (const struct cli_option *o = (*c)->options; o->name; o++)
			printf("--%s ", o->name);
		puts("--help'");
		if ((*c)->words)
			put_words(*c);
		puts("\t\tcase $before in");
		for (const struct cli_option *o = (*c)->options; o->name; o++) {
			if (!o->choices)
				continue;
			printf("\t\t--%s) choices='", o->name);
			put_choices(o->choices);
			puts("' ;;");
		}
		puts("\t\tesac ;;");
	}
	puts("\tesac\n"
	     "\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
	     "\t\t[[ \" $words\" == *\" ${COMP_WORDS[i]} \"* ]] && words=\n"
	     "\tdone\n"
	     "\tif [ -n \"$choices\" ]; then\n"
	     "\t\tCOMPREPLY=($(compgen -W \"$choices\" -- \"$word\"))\n"
	     "\telif [ \"${word#-}\" != \"$word\" ]; then\n"
	     "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
	     "\telif [ -n \"$words\" ] && [ \"${takes/ $before /}\" = \"$takes\" ]; then\n"
	     "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
	     "\telse\n"
	     "\t\tcompopt -o default\n"
	     "\t\tCOMPREPLY=()\n"
	     "\tfi\n"
	     "}\n"
	     "complete -F _portolan portolan");
}

/* Prints text for _arguments and _describe, escaping colons, brackets and quotes. */
static void put_zsh(const char *text)
{
	for (; *text; text++) {
		if (strchr(":[]\\", *text))
			putchar('\\');
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	}
}

static void write_zsh(void)
{
	puts("#compdef portolan\n\n_portolan() {\n\tlocal -a commands\n\tcommands=(");
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		printf("\t\t'%s:", (*c)->name);
		put_zsh((*c)->summary);
		puts("'");
	}
	puts("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\treturn\n"
	     "\tfi\n\tlocal command=$words[2]\n\tshift words\n\t(( CURRENT-- ))\n\tcase $command "
	     "in");
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		printf("\t%s)\n\t\t_arguments", (*c)->name);
		for (const struct cli_option *o = (*c)->options; o->name; o++) {
			printf(" \\\n\t\t\t'--%s[", o->name);
			put_zsh(o->help);
			putchar(']');
			if (o->choices) {
				printf(":%s:(", o->argument ? o->argument : "");
				put_choices(o->choices);
				putchar(')');
			} else if (o->argument) {
				printf(":%s:_files", o->argument);
			}
			putchar('\'');
		}
		fputs(" \\\n\t\t\t'--help[says what it does]'", stdout);
		if ((*c)->words) {
			fputs(" '1:word:(", stdout);
			for (const struct cli_word *w = (*c)->words; w->name; w++)
				printf("%s%s", w == (*c)->words ? "" : " ", w->name);
			fputs(")'", stdout);
		}
		puts(" '*:file:_files' ;;");
	}
	puts("\tesac\n}\n\n_portolan \"$@\"");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *example = argc > 2 ? argv[2] : "";

	if (strcmp(what, "portolan.1") == 0)
		write_manual();
	else if (strcmp(what, "portolan-triage.1") == 0)
		write_triage();
	else if (strcmp(what, "portolan-site.5") == 0)
		write_site(example);
	else if (strcmp(what, "portolan-profile.5") == 0)
		write_profile(example);
	else if (strcmp(what, "bash") == 0)
		write_bash();
	else if (strcmp(what, "zsh") == 0)
		write_zsh();
	else
		return EXIT_MISUSED;
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}
