#include "replay.h"

#include <stdint.h>

#include "cli.h"

enum { SITE, FLOWS, EVENTS, STATS, FAIL_ON };

static const struct cli_option options[] = {
        [SITE] = {"site", "FILE", "the deployment: profile, appliances, features (required)", NULL},
        [FLOWS] = {"flows", "FILE", "write a JSON line for every monitored flow at its end", NULL},
        [EVENTS] = {"events", "FILE", "write a JSON line for every finding as it is made", NULL},
        [STATS] = {"stats", "FILE", "write the accounting as one JSON object", NULL},
        [FAIL_ON] = {"fail-on", "WHAT", "exit with status 3 if there is any; WHAT is: flagged",
                "flagged"},
        {0},
};

static int run(const struct cli_request *r)
{
	return replay(&(struct replay_options){
	        .site = r->value[SITE],
	        .capture = r->argument,
	        .captures = r->arguments,
	        .flows = r->value[FLOWS],
	        .events = r->value[EVENTS],
	        .stats = r->value[STATS],
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
