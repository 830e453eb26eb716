#include <stdio.h>

#include "base/format.h"
#include "base/terminal.h"
#include "cli/cli.h"
#include "cli/client.h"

enum { SOCKET, JSON };

static const struct cli_option options[] = {
	[SOCKET] = {"socket", "PATH", "the sensor's control socket (/run/portolan/control.sock)",
		NULL},
	[JSON] = {"json", NULL, "as JSON", NULL},
	{0},
};

static void print_number(const char *what, const json_t *status, const char *path, const char *more)
{
	char number[32];

	format_number(count_at(status, path), number);
	printf("  %-16s %18s%s\n", what, number, more);
}

static void print_verdicts(const json_t *status, const struct terminal_style *st)
{
	const json_t *verdicts = json_object_get(json_object_get(status, "accounting"), "verdict");
	const json_t *packets = json_object_get(verdicts, "packets");
	const json_t *flows = json_object_get(verdicts, "flows");
	const char *verdict;
	json_t *value;

	printf("\n%sVERDICTS%s              packets          flows\n", st->bold, st->plain);
	json_object_foreach((json_t *)packets, verdict, value)
	{
		char p[32], f[32];
		format_number(count_at(packets, verdict), p);
		format_number(count_at(flows, verdict), f);
		printf("  %-20s %18s %14s\n", verdict, p, f);
	}
}

static void print_channels(const json_t *status, const struct terminal_style *st)
{
	const char *state;
	json_t *count;

	printf("\n%sCHANNELS%s ", st->bold, st->plain);
	json_object_foreach(json_object_get(status, "channels"), state, count)
	{
		if (json_number_value(count) > 0)
			printf(" %.0f %s", json_number_value(count), state);
	}
	printf("\n");
}

static void print_sinks(const json_t *status, const struct terminal_style *st)
{
	const json_t *sinks = json_object_get(status, "sinks"), *sink;
	size_t i;

	if (json_array_size(sinks) == 0)
		return;
	printf("\n%sSINKS%s\n", st->bold, st->plain);
	json_array_foreach(sinks, i, sink)
	{
		const char *error = text_at(sink, "last_error");
		printf("  %-10s %s: %.0f delivered, %.0f queued, %.0f dropped%s%s\n",
			text_at(sink, "state"), text_at(sink, "name"), number_at(sink, "delivered"),
			number_at(sink, "queued"), number_at(sink, "dropped"), *error ? "; " : "",
			error);
	}
}

static void print_head(const json_t *status, const struct terminal_style *st)
{
	char started[WHEN_BYTES], last[WHEN_BYTES], reloaded[WHEN_BYTES];
	const char *health = text_at(status, "health");
	bool well = health[0] == 'o';

	when_at(status, "started", started);
	when_at(status, "capture.last_packet", last);
	when_at(status, "policy.reloaded", reloaded);
	printf("%sportolan %s%s, process %.0f, since %s UTC; health: %s%s%s\n", st->bold,
		text_at(status, "version"), st->plain, number_at(status, "pid"), started,
		well ? st->good : st->warn, health, st->plain);
	printf("  site    %s: profile %s, %.0f appliances, policy %.19s…\n",
		text_at(status, "policy.site"), text_at(status, "policy.profile"),
		number_at(status, "policy.appliances"), text_at(status, "policy.hash"));
	printf("  reload  %.0f done, %.0f refused, last %s\n", number_at(status, "policy.reloads"),
		number_at(status, "policy.reloads_refused"), reloaded);
	printf("  reads   %s through %s, %.0f worker%s, last packet %s UTC\n",
		text_at(status, "capture.interfaces.0"), text_at(status, "capture.source"),
		number_at(status, "capture.workers"),
		number_at(status, "capture.workers") == 1 ? "" : "s", last);
}

static void print_status(const json_t *status)
{
	struct terminal_style st = terminal_style_of(terminal_wants_colour(stdout));

	print_head(status, &st);
	printf("\n%sSEEN%s\n", st.bold, st.plain);
	print_number("packets", status, "accounting.frames.received", "");
	print_number("monitored", status, "accounting.scope.monitored", "");
	print_number("lost by kernel", status, "capture.loss.dropped_kernel", "");
	print_number("lost by NIC", status, "capture.loss.imissed", "");
	print_number("flows alive", status, "accounting.flows.active", "");
	print_number("flows seen", status, "accounting.flows.created", "");
	print_verdicts(status, &st);
	print_channels(status, &st);
	printf("\n%sEVENTS%s   %.0f alerts, %.0f suppressed duplicates, %.0f delayed, %.0f "
	       "dropped; "
	       "%.0f correlated findings\n",
		st.bold, st.plain, number_at(status, "events.alerts"),
		number_at(status, "events.coalesced"), number_at(status, "events.delayed"),
		number_at(status, "events.dropped"), number_at(status, "findings"));
	if (truth_at(status, "mirror_in_doubt"))
		printf("\n%sThe mirror is in doubt%s: absence proves nothing. See portolan "
		       "health.\n",
			st.warn, st.plain);
	print_sinks(status, &st);
}

static int run(const struct cli_request *r)
{
	const struct client_request q = {
		.command = "status", .socket = r->value[SOCKET], .raw = r->value[JSON] != NULL};
	json_t *status;
	int exit_status = client_request(&q, &status);

	if (exit_status == EXIT_DONE && !q.raw)
		print_status(status);
	json_decref(status);
	return exit_status == EXIT_DONE ? cli_flush("status") : exit_status;
}

const struct cli_command cli_status = {
	.name = "status",
	.summary = "what a running sensor reads, sees and says",
	.arguments = "",
	.description = "Asks the sensor at its control socket. Numbers are since its start.",
	.options = options,
	.run = run,
};
