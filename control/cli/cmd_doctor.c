#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/errors.h"
#include "base/plain_text.h"
#include "base/terminal.h"
#include "cli/cli.h"
#include "config/settings.h"
#include "machine/examination.h"
#include "policy/ruleset.h"

enum { DEVICE, SITE, FORMAT, ROOT };

static const struct cli_option options[] = {
	[DEVICE] = {"device", "NAME|PCI", "only this port: an interface, or a PCI address for DPDK",
		NULL},
	[SITE] = {"site", "FILE", "the ports and cores of this site", NULL},
	[FORMAT] = {"format", "FORMAT", "table (the default) or json: an object a line",
		"table|json"},
	[ROOT] = {"root", "DIR", "a recorded tree of /sys and /proc instead of this machine", NULL},
	{0},
};

enum { TEXT_COLUMN = 22, COMMAND_COLUMN = 6 };

/* Where lines end, and how. */
struct wrapping {
	int columns, column, indent;
	const char *line_end; /* of a line that goes on */
};

static int columns_of(const char *text, size_t bytes)
{
	int n = 0;

	for (size_t i = 0; i < bytes; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80; /* no continuation of UTF-8 */
	return n;
}

/* The bytes of the first word with the space before it. A quoted part is never divided; without
 * quotes, neither is a word that fits a line, `most`. */
static size_t word_bytes(const char *text, bool is_shell, int most)
{
	size_t n = text[0] == ' ';
	char quote = '\0';

	for (; text[n] && (quote || text[n] != ' '); n++) {
		if (is_shell && (text[n] == '\'' || text[n] == '"'))
			quote = !quote ? text[n] : quote == text[n] ? '\0' : quote;
		if (!is_shell && columns_of(text, n + 1) > most && (text[n] & 0xc0) != 0x80)
			break;
	}
	return n;
}

static void print_wrapped(struct wrapping *w, const char *text, bool is_shell)
{
	int end = (int)strlen(w->line_end);
	size_t bytes;

	for (; *text; text += bytes) {
		bytes = word_bytes(text, is_shell, w->columns - w->indent);
		int width = columns_of(text, bytes), space = 0;
		if (w->column > w->indent && w->column + width + end > w->columns) {
			printf("%s\n%*s", w->line_end, w->indent, "");
			w->column = w->indent;
			space = *text == ' ';
		}
		printf("%.*s", (int)bytes - space, text + space);
		w->column += width - space;
	}
}

static void print_advice(void *context, const struct advice *a)
{
	const struct terminal_style *st = context;
	const char *colour[ADVICE_STATES] = {st->good, st->warn, st->grave, st->dim};
	struct wrapping text = {terminal_columns(stdout), TEXT_COLUMN, TEXT_COLUMN, ""};
	struct wrapping command = {text.columns, COMMAND_COLUMN, COMMAND_COLUMN, " \\"};

	printf("%s%-11s%s %-9s ", colour[a->state], advice_state_name(a->state), st->plain,
		a->check);
	print_wrapped(&text, a->subject, false);
	print_wrapped(&text, *a->subject ? ": " : "", false);
	print_wrapped(&text, a->found, false);
	putchar('\n');
	if (!*a->command)
		return;
	printf("    %s$%s ", st->bold, st->plain);
	print_wrapped(&command, a->command, true);
	putchar('\n');
}

static void print_json(json_t *object)
{
	if (object)
		json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void print_advice_json(void *context, const struct advice *a)
{
	(void)context;
	print_json(json_pack("{s:s, s:s, s:s, s:s, s:s}", "state", advice_state_name(a->state),
		"check", a->check, "subject", a->subject, "found", a->found, "command",
		a->command));
}

static void print_end(const struct examination *x, bool as_json)
{
	const unsigned *n = x->told;
	const char *state = n[ADVICE_PROBLEM]	? "problem"
			    : n[ADVICE_WARNING] ? "warning"
			    : n[ADVICE_UNKNOWN] ? "cannot tell"
						: "ok";

	if (as_json)
		print_json(json_pack("{s:s, s:i, s:i, s:i, s:i}", "state", state, "ok",
			(int)n[ADVICE_OK], "warning", (int)n[ADVICE_WARNING], "problem",
			(int)n[ADVICE_PROBLEM], "cannot_tell", (int)n[ADVICE_UNKNOWN]));
	else
		printf("\n%u problem%s, %u warning%s, %u cannot be told, %u ok\n",
			n[ADVICE_PROBLEM], n[ADVICE_PROBLEM] == 1 ? "" : "s", n[ADVICE_WARNING],
			n[ADVICE_WARNING] == 1 ? "" : "s", n[ADVICE_UNKNOWN], n[ADVICE_OK]);
}

/* Whom the site reads; DPDK's virtual devices have nothing that could be wrong. */
static void take_site(struct examination *x, const struct settings *s, const char **device)
{
	const struct capture_settings *c = &s->capture;
	bool is_dpdk = strcmp(c->source, "dpdk") == 0 ||
		       (strcmp(c->source, "auto") == 0 && c->dpdk_devices > 0);

	x->lcores = c->dpdk_lcores;
	if (x->devices > 0)
		return;
	x->wants_dpdk = is_dpdk;
	x->device = device;
	for (size_t i = 0; is_dpdk && i < c->dpdk_devices && x->devices < PORTS_MAX; i++)
		if (strncmp(c->dpdk_device[i], "net_", 4) != 0)
			device[x->devices++] = c->dpdk_device[i];
	for (size_t i = 0; !is_dpdk && i < c->interfaces && x->devices < PORTS_MAX; i++)
		device[x->devices++] = c->interface[i];
}

static int examine(struct examination *x, const char *root, bool as_json)
{
	int error = examination_run(x, root), written;

	if (error < 0)
		return cli_misuse("doctor", "%s: %s", root ? root : "/", strerror(-error));
	print_end(x, as_json);
	written = cli_flush("doctor");
	return x->told[ADVICE_PROBLEM] ? EXIT_FAILED : written;
}

static int run(const struct cli_request *r)
{
	struct terminal_style st = terminal_style_of(terminal_wants_colour(stdout));
	bool as_json = r->value[FORMAT] && r->value[FORMAT][0] == 'j';
	static struct examination x;
	const char *device[PORTS_MAX];
	struct settings *settings = NULL;
	struct ruleset *ruleset = NULL;
	int status;

	x = (struct examination){.tell = as_json ? print_advice_json : print_advice,
		.context = &st,
		.site = r->value[SITE],
		.device = &r->value[DEVICE],
		.devices = r->value[DEVICE] != NULL};
	if (r->value[SITE]) {
		ruleset = cli_ruleset(r->value[SITE], NULL, &settings);
		if (!ruleset)
			return EXIT_MISUSED;
		take_site(&x, settings, device);
	}
	status = examine(&x, r->value[ROOT], as_json);
	if (ruleset)
		ruleset_close(ruleset);
	settings_free(settings);
	return status;
}

const struct cli_command cli_doctor = {
	.name = "doctor",
	.summary = "what keeps this machine from capturing well, and what mends it",
	.arguments = "",
	.description =
		"Looks at driver, link, offloads and ring of each port, hugepages, IOMMU, cores, "
		"rights, kernel\n"
		"and clock, and says of each: ok, warning, problem or cannot tell, with the "
		"command that mends\n"
		"it. It changes nothing. Without --device and --site it looks at every NIC; what "
		"only DPDK\n"
		"needs is a fault where DPDK is to be used. Exit status 1 if there is a problem.\n"
		"\n"
		"A recorded tree has sys and proc as they were, in ethtool/NAME what ethtool -k "
		"NAME and\n"
		"ethtool -g NAME printed, and in timedatectl what timedatectl show printed.",
	.options = options,
	.run = run,
};
