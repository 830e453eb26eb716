#include "cli/replay_files.h"

#include <stdint.h>

#include "cli/cli.h"
#include "run/replay.h"

enum { SITE, WORKERS, FLOWS, EVENTS, STATS, FAIL_ON };

static const struct cli_option options[] = {
	[SITE] = {"site", "FILE", "the deployment: profile, appliances, features (required)", NULL},
	[WORKERS] = {"workers", "N", "judge with N threads; the result is the same for every N (1)",
		NULL},
	[FLOWS] = {"flows", "FILE", "write a JSON line for every monitored flow at its end", NULL},
	[EVENTS] = {"events", "FILE", "write a JSON line for every finding as it is made", NULL},
	[STATS] = {"stats", "FILE", "write the accounting as one JSON object", NULL},
	[FAIL_ON] = {"fail-on", "WHAT", "exit with status 3 if there is any; WHAT is: flagged",
		"flagged"},
	{0},
};

static int run(const struct cli_request *r)
{
	long workers = 1;

	if (r->value[WORKERS])
		workers =
			cli_number("replay", "workers", r->value[WORKERS], 1, PASSAGE_WORKERS_MAX);
	if (workers < 0)
		return EXIT_MISUSED;
	return replay(&(struct replay_options){
		.workers = (unsigned)workers,
		.site = r->value[SITE],
		.capture = r->argument,
		.captures = r->arguments,
		.collector = {r->value[FLOWS], r->value[EVENTS], r->value[STATS]},
		.fail_on_flagged = r->value[FAIL_ON] != NULL,
	});
}

const struct cli_command cli_replay = {
	.name = "replay",
	.summary = "classify captures and say what does not belong",
	.arguments = "CAPTURE…",
	.arguments_min = 1,
	.arguments_max = SIZE_MAX,
	.description = "Classifies pcap and pcapng files, several as one stream in the order "
		       "given; '-' reads\n"
		       "standard input. A summary for people goes to standard output; where an "
		       "option below\n"
		       "says '-', which is standard output too, the summary goes to standard "
		       "error. A capture\n"
		       "that is broken is said, and what was read of it counts; the exit status is "
		       "then 1.",
	.options = options,
	.run = run,
};
