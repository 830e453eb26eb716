#include "sensor/sensor.h"

#include "base/literal.h"
#include "base/log.h"
#include "cli/cli.h"

enum { SITE, DURATION, WORKERS, FLOWS, EVENTS, STATS, USER, LOG, CORE_DUMPS };

static const struct cli_option options[] = {
	[SITE] = {"site", "FILE", "the deployment, with what to capture (required)", NULL},
	[DURATION] = {"duration", "TIME", "end after that long: 30s, 5m, 2h (until a signal)",
		NULL},
	[WORKERS] = {"workers", "N", "classify with N threads (the site's lcores, or 1)", NULL},
	[FLOWS] = {"flows", "FILE", "add a JSON line for every monitored flow at its end", NULL},
	[EVENTS] = {"events", "FILE", "add a JSON line for every finding as it is made", NULL},
	[STATS] = {"stats", "FILE", "write the accounting as one JSON object at the end", NULL},
	[USER] = {"user", "NAME",
		"drop to this user: files are opened as it, NICs and interfaces before", NULL},
	[LOG] = {"log", "LEVEL", "error, warning, notice, info or debug (info)",
		"error|warning|notice|info|debug"},
	[CORE_DUMPS] = {"core-dumps", NULL,
		"let a crash leave a core dump, with packets in it (none is left)", NULL},
	{0},
};

static int run(const struct cli_request *r)
{
	struct sensor_options o = {
		.site = r->value[SITE],
		.collector = {.flows = r->value[FLOWS],
			.events = r->value[EVENTS],
			.stats = r->value[STATS],
			.extends = true},
		.line = r->line,
	};
	enum log_level level = LOG_LEVEL_INFO;
	long workers = 0;

	if (r->value[WORKERS])
		workers = cli_number("run", "workers", r->value[WORKERS], 1, SENSOR_WORKERS_MAX);
	if (workers < 0)
		return EXIT_MISUSED;
	if (r->value[DURATION] && literal_duration_ns(r->value[DURATION], &o.duration_ns) < 0)
		return cli_misuse("run",
			"--duration: found '%s'; want a time such as 30s, 5m or 2h",
			r->value[DURATION]);
	if (r->value[LOG] && log_level_parse(r->value[LOG], &level) < 0)
		return cli_misuse("run",
			"--log: found '%s'; want error, warning, notice, info or debug",
			r->value[LOG]);
	log_set_level(level);
	o.user = r->value[USER];
	o.dumps_core = r->value[CORE_DUMPS] != NULL;
	o.workers = (unsigned)workers;
	return sensor_run(&o);
}

const struct cli_command cli_run = {
	.name = "run",
	.summary = "classify packets as they come, from a NIC or an interface",
	.arguments = "",
	.description = "Reads what the site's capture section names: NICs through DPDK, interfaces "
		       "through\n"
		       "libpcap; which of them, and why, is said at the start. SIGINT, SIGTERM or "
		       "--duration end\n"
		       "it in order: all flows are written, and a summary as after a replay. "
		       "SIGUSR1 opens\n"
		       "the files of flows, events and the site's sinks anew, once they were "
		       "renamed.",
	.options = options,
	.run = run,
};
