#include <stdio.h>

#include "base/channel_state.h"
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

static void print_number(const struct cli_text *t, const char *what, const json_t *status,
	const char *path, const char *more)
{
	char number[32];

	format_number(count_at(status, path), number);
	fprintf(t->out, "  %-16s %18s%s\n", what, number, more);
}

static void print_verdicts(const json_t *status, const struct cli_text *t)
{
	const json_t *verdicts = json_object_get(json_object_get(status, "accounting"), "verdict");
	const json_t *packets = json_object_get(verdicts, "packets");
	const json_t *flows = json_object_get(verdicts, "flows");
	const char *verdict;
	json_t *value;

	fprintf(t->out, "\n%sVERDICTS%s              packets          flows\n", t->style.bold,
		t->style.plain);
	json_object_foreach((json_t *)packets, verdict, value)
	{
		char p[32], f[32];
		format_number(count_at(packets, verdict), p);
		format_number(count_at(flows, verdict), f);
		fprintf(t->out, "  %-20s %18s %14s\n", verdict, p, f);
	}
}

static void print_channels(const json_t *status, const struct cli_text *t)
{
	unsigned shown = 0;
	const char *state;
	json_t *count;

	fprintf(t->out, "\n%sCHANNELS%s ", t->style.bold, t->style.plain);
	json_object_foreach(json_object_get(status, "channels"), state, count)
	{
		if (json_number_value(count) > 0)
			fprintf(t->out, "%s %.0f %s", shown++ ? "," : "", json_number_value(count),
				channel_state_title(channel_state_by_name(state)));
	}
	fprintf(t->out, "\n");
}

static void print_sinks(const json_t *status, const struct cli_text *t)
{
	const json_t *sinks = json_object_get(status, "sinks"), *sink;
	size_t i;

	if (json_array_size(sinks) == 0)
		return;
	fprintf(t->out, "\n%sSINKS%s\n", t->style.bold, t->style.plain);
	json_array_foreach(sinks, i, sink)
	{
		const char *error = text_at(sink, "last_error");
		fprintf(t->out, "  %-10s %s: %.0f delivered, %.0f queued, %.0f dropped%s%s\n",
			text_at(sink, "state"), text_at(sink, "name"), number_at(sink, "delivered"),
			number_at(sink, "queued"), number_at(sink, "dropped"), *error ? "; " : "",
			error);
	}
}

static void print_head(const json_t *status, const struct cli_text *t)
{
	char started[WHEN_BYTES], last[WHEN_BYTES], reloaded[WHEN_BYTES];
	const char *health = text_at(status, "health");
	bool well = health[0] == 'o';

	when_at(status, "started", started);
	when_at(status, "capture.last_packet", last);
	when_at(status, "policy.reloaded", reloaded);
	fprintf(t->out, "%sportolan %s%s, process %.0f, since %s UTC; health: %s%s%s\n",
		t->style.bold, text_at(status, "version"), t->style.plain, number_at(status, "pid"),
		started, well ? t->style.good : t->style.warn, health, t->style.plain);
	fprintf(t->out, "  site    %s: profile %s, %.0f appliances, policy %.19s…\n",
		text_at(status, "policy.site"), text_at(status, "policy.profile"),
		number_at(status, "policy.appliances"), text_at(status, "policy.hash"));
	fprintf(t->out, "  reload  %.0f done, %.0f refused, last %s\n",
		number_at(status, "policy.reloads"), number_at(status, "policy.reloads_refused"),
		reloaded);
	fprintf(t->out, "  reads   %s through %s, %.0f worker%s, last packet %s UTC\n",
		text_at(status, "capture.interfaces.0"), text_at(status, "capture.source"),
		number_at(status, "capture.workers"),
		number_at(status, "capture.workers") == 1 ? "" : "s", last);
}

static void print_status(const json_t *status, const struct cli_text *t)
{
	print_head(status, t);
	fprintf(t->out, "\n%sSEEN%s\n", t->style.bold, t->style.plain);
	print_number(t, "packets", status, "accounting.frames.received", "");
	print_number(t, "monitored", status, "accounting.scope.monitored", "");
	print_number(t, "lost by kernel", status, "capture.loss.dropped_kernel", "");
	print_number(t, "lost by NIC", status, "capture.loss.imissed", "");
	print_number(t, "flows alive", status, "accounting.flows.active", "");
	print_number(t, "flows seen", status, "accounting.flows.created", "");
	print_verdicts(status, t);
	print_channels(status, t);
	fprintf(t->out,
		"\n%sEVENTS%s   %.0f alerts, %.0f suppressed duplicates, %.0f delayed, %.0f "
		"dropped; "
		"%.0f correlated findings\n",
		t->style.bold, t->style.plain, number_at(status, "events.alerts"),
		number_at(status, "events.coalesced"), number_at(status, "events.delayed"),
		number_at(status, "events.dropped"), number_at(status, "findings"));
	if (truth_at(status, "mirror_in_doubt"))
		fprintf(t->out,
			"\n%sMirror degraded%s: absence proves nothing. See portolan "
			"health.\n",
			t->style.warn, t->style.plain);
	print_sinks(status, t);
}

static int run(const struct cli_request *r)
{
	const struct client_request q = {
		.command = "status", .socket = r->value[SOCKET], .raw = r->value[JSON] != NULL};
	json_t *status;
	int exit_status = client_request(&q, &status);

	if (exit_status == EXIT_DONE && !q.raw) {
		struct cli_text t = cli_text_open();
		print_status(status, &t);
		cli_text_close(&t);
	}
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
