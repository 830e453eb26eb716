#include "run/bench.h"

#include <jansson.h>
#include <stdio.h>

#include "base/errors.h"
#include "cli/cli.h"
#include "config/settings.h"
#include "policy/ruleset.h"

enum { SITE, ROUNDS, WORKERS, UNINSPECTED, JSON };

#define ROUNDS_DEFAULT 7

static const struct cli_option options[] = {
	[SITE] = {"site", "FILE", "the deployment (without it every host is an appliance)", NULL},
	[ROUNDS] = {"rounds", "N", "measure N rounds and take the medians (7)", NULL},
	[WORKERS] = {"workers", "N", "with N threads, each address pair with one of them (1)",
		NULL},
	[UNINSPECTED] = {"uninspected", NULL, "without payload inspection", NULL},
	[JSON] = {"json", NULL, "one JSON object instead of words", NULL},
	{0},
};

static const char all_addresses[] =
	"appliances:\n"
	"  - {name: any, role: managed-device, addresses: [0.0.0.0/0, \"::/0\"]}\n";

static struct ruleset *open_ruleset(const char *site, struct settings **settings)
{
	struct errors errors = {0};
	struct ruleset *ruleset = NULL;

	if (site)
		return cli_ruleset_compiled(site, settings);
	if (ruleset_parse_site(&ruleset, settings, "bench", all_addresses,
		    sizeof(all_addresses) - 1, &errors) == 0 &&
		ruleset_compile(ruleset, &errors) == 0)
		return ruleset;
	errors_print(&errors, stderr);
	ruleset_close(ruleset);
	settings_free(*settings);
	return NULL;
}

static void print_json(const struct bench_result *b)
{
	json_t *out = json_pack("{s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f}", "packets",
		(json_int_t)b->packets, "flows", (json_int_t)b->flows, "frame_stride",
		(json_int_t)b->stride, "mpps", b->mpps, "ns_per_packet", b->ns_per_packet,
		"cycles_per_packet", b->cycles_per_packet, "floor_header_ns", b->floor_header_ns,
		"floor_flow_ns", b->floor_flow_ns);

	json_dumpf(out, stdout, JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(out);
}

static void print_text(const struct bench_result *b, long rounds, long workers)
{
	double floor_ns = b->floor_header_ns + b->floor_flow_ns;
	struct cli_text text = cli_text_open();
	FILE *out = text.out;

	fprintf(out,
		"%llu packets, %llu flows at the peak, frames %llu bytes apart; medians of %ld "
		"rounds, %ld worker%s\n",
		(unsigned long long)b->packets, (unsigned long long)b->flows,
		(unsigned long long)b->stride, rounds, workers, workers == 1 ? "" : "s");
	fprintf(out, "  core    %7.2f Mpps  %7.2f ns/packet  %7.1f cycles/packet\n", b->mpps,
		b->ns_per_packet, b->cycles_per_packet);
	fprintf(out, "  baseline%7s       %7.2f ns/packet  (header line %.2f, flow line %.2f)\n",
		"", floor_ns, b->floor_header_ns, b->floor_flow_ns);
	if (floor_ns > 0)
		fprintf(out, "  ratio   %7.2f x the baseline\n", b->ns_per_packet / floor_ns);
	cli_text_close(&text);
}

static int run(const struct cli_request *r)
{
	long rounds = ROUNDS_DEFAULT, workers = 1;
	struct bench_options wanted;
	struct bench_result result;
	struct settings *settings = NULL;
	struct ruleset *ruleset;
	int error;

	if (r->value[ROUNDS])
		rounds = cli_number("bench", "rounds", r->value[ROUNDS], 1, 10000);
	if (r->value[WORKERS])
		workers = cli_number("bench", "workers", r->value[WORKERS], 1, BENCH_WORKERS_MAX);
	if (rounds < 0 || workers < 0)
		return EXIT_MISUSED;
	ruleset = open_ruleset(r->value[SITE], &settings);
	if (!ruleset)
		return EXIT_MISUSED;
	wanted = (struct bench_options){ruleset, settings, r->argument[0], (unsigned)rounds,
		(unsigned)workers, r->value[UNINSPECTED] != NULL};
	error = bench_run(&result, &wanted);
	ruleset_close(ruleset);
	settings_free(settings);
	if (error < 0)
		return EXIT_FAILED;
	if (r->value[JSON])
		print_json(&result);
	else
		print_text(&result, rounds, workers);
	return cli_flush("bench");
}

const struct cli_command cli_bench = {
	.name = "bench",
	.summary = "measure the core on a capture held in memory",
	.arguments = "CAPTURE",
	.arguments_min = 1,
	.arguments_max = 1,
	.description =
		"Loads a capture into memory and drives the pipeline, beside "
		"the machine's\n"
		"baseline measured in the same run: touching the first line of each frame, and "
		"a random\n"
		"line of a table of as many flows. Pin it to a core (taskset) for figures "
		"to quote.",
	.options = options,
	.run = run,
};
