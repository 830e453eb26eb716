/* portolan-generate: captures for tests, benchmarks and the demonstration. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"
#include "load.h"
#include "packet/value.h"
#include "payload/payload.h"
#include "script/script.h"
#include "site_yaml.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct arguments {
	const char *output, *site;
	struct capture_format format;
	struct load load;
};

/* `portolan-generate: what: why` on stderr; the status. */
static int errors_add(int status, const char *what, const char *why)
{
	fprintf(stderr, "portolan-generate: %s: %s\n", what, why);
	return status;
}

/* The script's error says already where. */
static int report_script_error(const struct script *s)
{
	fprintf(stderr, "portolan-generate: %s\n", script_error(s));
	return EXIT_USAGE;
}

/* --- options --- */

enum option_number {
	OPTION_MICRO = 256,
	OPTION_PCAPNG,
	OPTION_SEED,
	OPTION_SITE,
	OPTION_MIX,
	OPTION_FLOWS,
	OPTION_PACKETS,
	OPTION_MONITORED,
	OPTION_IPV6,
	OPTION_RATE,
	OPTION_SYN_FLOOD,
	OPTION_ALIVE,
	OPTION_OPENING,
};

static const struct option long_options[] = {
	{"output", required_argument, NULL, 'o'},
	{"micro", no_argument, NULL, OPTION_MICRO},
	{"pcapng", no_argument, NULL, OPTION_PCAPNG},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"site", required_argument, NULL, OPTION_SITE},
	{"mix", required_argument, NULL, OPTION_MIX},
	{"flows", required_argument, NULL, OPTION_FLOWS},
	{"packets", required_argument, NULL, OPTION_PACKETS},
	{"monitored", required_argument, NULL, OPTION_MONITORED},
	{"ipv6", required_argument, NULL, OPTION_IPV6},
	{"rate", required_argument, NULL, OPTION_RATE},
	{"syn-flood", no_argument, NULL, OPTION_SYN_FLOOD},
	{"alive", required_argument, NULL, OPTION_ALIVE},
	{"opening", required_argument, NULL, OPTION_OPENING},
	{NULL, 0, NULL, 0},
};

static bool take_number(const char *text, uint64_t max, uint64_t *value)
{
	return value_number(text, max, value);
}

/* `1%` or `1` */
static bool take_percent(const char *text, uint32_t *percent)
{
	char digits[8];
	size_t length = strcspn(text, "%");
	uint64_t value;

	if (length >= sizeof(digits) || (text[length] && text[length + 1]))
		return false;
	memcpy(digits, text, length);
	digits[length] = '\0';
	if (!value_number(digits, 100, &value))
		return false;
	*percent = (uint32_t)value;
	return true;
}

static bool take_mix(const char *text, char *mix)
{
	*mix = (char)(*text | 0x20);
	return strlen(text) == 1 && strchr("abc", *mix);
}

static bool take_flows(const char *text, uint32_t *flows)
{
	uint64_t value;

	if (!value_number(text, 1u << 28, &value) || !value)
		return false;
	*flows = (uint32_t)value;
	return true;
}

static bool take_option(struct arguments *a, int option)
{
	switch (option) {
	case 'o':
		a->output = optarg;
		return true;
	case OPTION_MICRO:
		return a->format.micro = true;
	case OPTION_PCAPNG:
		return a->format.pcapng = true;
	case OPTION_SYN_FLOOD:
		return a->load.syn_flood = true;
	case OPTION_SITE:
		a->site = optarg;
		return true;
	case OPTION_SEED:
		return take_number(optarg, UINT64_MAX, &a->load.seed);
	case OPTION_PACKETS:
		return take_number(optarg, UINT32_MAX, &a->load.packets);
	case OPTION_RATE:
		return take_number(optarg, 1000000000, &a->load.rate) && a->load.rate;
	case OPTION_MIX:
		return take_mix(optarg, &a->load.mix);
	case OPTION_FLOWS:
		return take_flows(optarg, &a->load.flows);
	case OPTION_ALIVE:
		return take_flows(optarg, &a->load.alive);
	case OPTION_OPENING:
		return load_take_first(&a->load.opening, optarg);
	case OPTION_MONITORED:
		return take_percent(optarg, &a->load.monitored_percent);
	case OPTION_IPV6:
		return take_percent(optarg, &a->load.ipv6_percent);
	default:
		return false;
	}
}

static const char *wanted_of(int option)
{
	switch (option) {
	case OPTION_MIX:
		return "want a, b or c";
	case OPTION_MONITORED:
	case OPTION_IPV6:
		return "want a share of 0% to 100%";
	case OPTION_OPENING:
		return "want PROTOCOL/PORT/PAYLOAD, as in udp/53/dns-query";
	default:
		return "want a whole number, and one that makes sense here";
	}
}

static bool parse(struct arguments *a, int argc, char **argv)
{
	int option, index = 0;

	while ((option = getopt_long(argc, argv, "o:", long_options, &index)) != -1) {
		if (option == '?')
			return false;
		if (!take_option(a, option)) {
			errors_add(0, long_options[index].name, wanted_of(option));
			return false;
		}
	}
	return true;
}

/* --- commands --- */

static int write_site(const char *path, const struct hosts *hosts, const char *more)
{
	FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
	int failed;

	if (!out)
		return errors_add(EXIT_FAILED, path, strerror(errno));
	site_print(out, hosts);
	fputs(more, out);
	failed = ferror(out) | fflush(out);
	if (out != stdout)
		failed |= fclose(out);
	return failed ? errors_add(EXIT_FAILED, path, "cannot write") : EXIT_DONE;
}

static int finish_script(const struct arguments *a, struct script *s)
{
	int error;

	if (script_end(s) < 0)
		return report_script_error(s);
	error = script_write(s, a->output, a->format);
	if (error)
		return errors_add(EXIT_FAILED, a->output, strerror(-error));
	return a->site ? write_site(a->site, script_hosts(s), script_site(s)) : EXIT_DONE;
}

static int read_script(struct script *s, FILE *in)
{
	char *line = NULL;
	size_t capacity = 0;
	int failed = 0;

	while (!failed && getline(&line, &capacity, in) >= 0)
		failed = script_line(s, line);
	free(line);
	return failed;
}

static int run_script(const struct arguments *a, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *in = is_stdin ? stdin : fopen(path, "r");
	struct script *s;
	int status;

	if (!in)
		return errors_add(EXIT_FAILED, path, strerror(errno));
	s = script_new(is_stdin ? "stdin" : path, a->load.seed);
	if (!s)
		status = errors_add(EXIT_FAILED, path, "no memory");
	else if (read_script(s, in) < 0)
		status = report_script_error(s);
	else
		status = finish_script(a, s);
	script_free(s);
	if (!is_stdin)
		fclose(in);
	return status;
}

static int command_script(const struct arguments *a, int count, char **operand)
{
	if (count != 1 || !a->output)
		return errors_add(EXIT_USAGE, "script", "want one FILE and -o OUT");
	return run_script(a, operand[0]);
}

static int command_demo(const struct arguments *a, int count, char **operand)
{
	struct script *s;
	int status = EXIT_DONE;

	(void)operand;
	if (count || !a->output)
		return errors_add(EXIT_USAGE, "demo", "want -o OUT and no operand");
	s = script_new("demo.script", a->load.seed);
	if (!s)
		return errors_add(EXIT_FAILED, "demo", "no memory");
	for (const char *const *line = demo_lines; *line && status == EXIT_DONE; line++) {
		if (script_line(s, *line) < 0)
			status = report_script_error(s);
	}
	if (status == EXIT_DONE)
		status = finish_script(a, s);
	script_free(s);
	return status;
}

static int command_load(const struct arguments *a, int count, char **operand)
{
	int error;

	(void)operand;
	if (count || !a->output)
		return errors_add(EXIT_USAGE, "load", "want -o OUT and no operand");
	if (a->load.opening.payload && a->load.syn_flood)
		return errors_add(EXIT_USAGE, "load", "want --opening or --syn-flood, not both");
	error = load_write(&a->load, a->output, a->format);
	return error ? errors_add(EXIT_FAILED, a->output, strerror(-error)) : EXIT_DONE;
}

static int command_site(const struct arguments *a, int count, char **operand)
{
	struct hosts *hosts;
	int status;

	(void)operand;
	if (count)
		return errors_add(EXIT_USAGE, "site", "no operand");
	hosts = calloc(1, sizeof(*hosts));
	if (!hosts)
		return errors_add(EXIT_FAILED, "site", "no memory");
	load_hosts(hosts);
	status = write_site(a->output ? a->output : "-", hosts, "");
	free(hosts);
	return status;
}

static int command_help(const struct arguments *, int, char **);

static const struct command {
	const char *name, *shown, *help;
	int (*run)(const struct arguments *, int count, char **operand);
} commands[] = {
	{"script", "FILE -o OUT [--site OUT]", "what a scenario says, see `help script`",
		command_script},
	{"load", "--mix a|b|c -o OUT", "traffic for benchmarks", command_load},
	{"demo", "-o OUT [--site OUT]", "a morning in a small deployment", command_demo},
	{"site", "[-o OUT]", "the site file for `load`", command_site},
	{"help", "[script]", "this text; the scenario language", command_help},
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

static void usage(FILE *out)
{
	fputs("usage: portolan-generate COMMAND …\n\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-6s %-26s %s\n", commands[i].name, commands[i].shown,
			commands[i].help);
	fputs("\nFILE and OUT may be `-`. For all captures:\n"
	      "  --pcapng           instead of pcap\n"
	      "  --micro            microseconds instead of nanoseconds\n"
	      "  --seed N           other random numbers; the same N gives the same file\n"
	      "\nload:\n"
	      "  --mix a            64-byte frames, 1,000 flows, 1,000,000 packets\n"
	      "  --mix b            64-byte frames, 1,000,000 flows, 4,000,000 packets\n"
	      "  --mix c            IMIX 7:4:1 with handshakes and first payloads, 10,000 flows\n"
	      "  --flows N, --packets N\n"
	      "  --alive N          so many of the flows at a time: all of them\n"
	      "  --monitored N%     share of the flows with an appliance at one end: 100%\n"
	      "  --ipv6 N%          share of the flows over IPv6: 0%\n"
	      "  --syn-flood        every packet a SYN of another source to a random port\n"
	      "  --opening PROTOCOL/PORT/PAYLOAD\n"
	      "                     every packet the first of a flow, as in udp/53/dns-query or\n"
	      "                     tcp/443/random(200); payloads are as in `help script`\n"
	      "  --rate PPS         packets per second of packet time: 1,000,000\n"
	      "The appliances of `load`, printed by `site`: fmc-1 and fmc-2 at 10.10.0.5, .6 and\n"
	      "2001:db8:0:a::5, ::6; ftd-1 … ftd-64 at 10.20.0.1 … .64 and 2001:db8:0:14::1 … "
	      "::40.\n",
		out);
}

static int command_help(const struct arguments *a, int count, char **operand)
{
	(void)a;
	if (count == 1 && strcmp(operand[0], "script") == 0)
		script_help(stdout);
	else
		usage(stdout);
	return EXIT_DONE;
}

static bool wants_help(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "--help") == 0;
}

int main(int argc, char **argv)
{
	struct arguments a = {.load = {.mix = 'a', .monitored_percent = 100, .seed = 1}};

	if (wants_help(argc, argv)) {
		usage(stdout);
		return EXIT_DONE;
	}
	for (size_t i = 0; argc > 1 && i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (wants_help(argc - 1, argv + 1)) {
			usage(stdout);
			return EXIT_DONE;
		}
		if (!parse(&a, argc - 1, argv + 1))
			return EXIT_USAGE;
		return commands[i].run(&a, argc - 1 - optind, argv + 1 + optind);
	}
	usage(stderr);
	return EXIT_USAGE;
}
