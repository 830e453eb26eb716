#include <stdio.h>
#include <string.h>

#include "base/channel_state.h"
#include "base/terminal.h"
#include "cli/cli.h"
#include "cli/client.h"

enum { SOCKET, JSON };

static const struct cli_option options[] = {
	[SOCKET] = {"socket", "PATH", "the sensor's control socket (/run/portolan/control.sock)",
		NULL},
	[JSON] = {"json", NULL, "as JSON: an object a channel, then the result", NULL},
	{0},
};

/* One line a channel where there is room for it, with names so wide; 0: its times are on a line of
 * their own. */
struct channel_table {
	struct cli_text text;
	int name_width;
};

#define TIMES_WIDTH 40 /* and the spaces before them */
#define NAME_WIDTH_LEAST 20
#define NAME_WIDTH_MOST 28

static int name_width(int columns)
{
	int width = (columns - CHANNEL_TITLE_WIDTH - TIMES_WIDTH - 2) / 2;

	if (width < NAME_WIDTH_LEAST)
		return 0;
	return width < NAME_WIDTH_MOST ? width : NAME_WIDTH_MOST;
}

static void print_head(const struct channel_table *t)
{
	fprintf(t->text.out, "%s%-*s", t->text.style.bold, CHANNEL_TITLE_WIDTH, "STATE");
	if (t->name_width)
		fprintf(t->text.out, " %-*s %-*s %-19s %s%s\n", t->name_width, "APPLIANCE",
			t->name_width, "APPLIANCE", "SINCE (UTC)", "LAST PACKET",
			t->text.style.plain);
	else
		fprintf(t->text.out, " APPLIANCES, times in UTC%s\n", t->text.style.plain);
}

/* A line below the channel's, where there is something to say. */
static void print_line(
	const struct channel_table *t, const char *what, const char *text, const char *whose)
{
	if (text[0])
		fprintf(t->text.out, "  %s%s%s: %s\n", what, whose[0] ? " of " : "", whose, text);
}

static void print_reconnects(const struct channel_table *t, const json_t *channel)
{
	long long times = (long long)number_at(channel, "reconnects");

	if (times > 0)
		fprintf(t->text.out, "  reconnected %lld time%s\n", times, times == 1 ? "" : "s");
}

static void print_channel(void *context, const json_t *channel)
{
	const struct channel_table *t = context;
	enum channel_state state = channel_state_by_name(text_at(channel, "state"));
	char since[WHEN_BYTES], last[WHEN_BYTES];

	when_at(channel, "since", since);
	when_at(channel, "last_packet", last);
	fprintf(t->text.out, "%s%-*s%s",
		state == CHANNEL_UP ? t->text.style.good : t->text.style.warn, CHANNEL_TITLE_WIDTH,
		channel_state_title(state), t->text.style.plain);
	if (t->name_width)
		fprintf(t->text.out, " %-*s %-*s %-19s %s\n", t->name_width,
			text_at(channel, "appliances.0"), t->name_width,
			text_at(channel, "appliances.1"), since, last);
	else
		fprintf(t->text.out, " %s and %s\n  since %s, last packet %s\n",
			text_at(channel, "appliances.0"), text_at(channel, "appliances.1"), since,
			last);
	print_reconnects(t, channel);
	print_line(t, "why", text_at(channel, "reason"), "");
	print_line(t, "certificate", text_at(channel, "certificates.0.text"),
		text_at(channel, "appliances.0"));
	print_line(t, "certificate", text_at(channel, "certificates.1.text"),
		text_at(channel, "appliances.1"));
}

/* Pairs that the site declares (`managers`) and that were never seen. */
static void print_missing(const struct channel_table *t, const json_t *result)
{
	const json_t *pair;
	size_t i;

	json_array_foreach(json_object_get(result, "missing"), i, pair) fprintf(t->text.out,
		"%s%-*s%s %s and %s, which manages it\n", t->text.style.warn, CHANNEL_TITLE_WIDTH,
		"missing", t->text.style.plain, text_at(pair, "0"), text_at(pair, "1"));
}

static int run(const struct cli_request *r)
{
	struct channel_table t = {cli_text_open(), name_width(terminal_columns(stdout))};
	const struct client_request q = {.command = "channels",
		.socket = r->value[SOCKET],
		.raw = r->value[JSON] != NULL,
		.item = print_channel,
		.context = &t};
	json_t *result;
	int status;

	if (!q.raw)
		print_head(&t);
	status = client_request(&q, &result);
	if (status == EXIT_DONE && !q.raw)
		print_missing(&t, result);
	if (status == EXIT_DONE && !q.raw && number_at(result, "channels") == 0)
		fprintf(t.text.out,
			"none: no connection of appliance communications between two appliances "
			"was seen\n");
	if (status == EXIT_DONE && truth_at(result, "in_doubt") && !q.raw)
		fprintf(t.text.out,
			"%sMirror degraded%s: what is not seen may be there. See portolan "
			"health.\n",
			t.text.style.warn, t.text.style.plain);
	json_decref(result);
	cli_text_close(&t.text);
	return status == EXIT_DONE ? cli_flush("channels") : status;
}

const struct cli_command cli_channels = {
	.name = "channels",
	.summary = "state of the connections between appliances",
	.arguments = "",
	.description =
		"Every pair that shares appliance communications (8305/tcp): both "
		"established, partial\n"
		"(1 of 2), refused, unanswered, handshake only, wrong address (attempts from "
		"one that is\n"
		"not the appliance's), idle, closed (with FIN), reset, or inconclusive where "
		"the mirror\n"
		"is degraded; since which of its packets, and why it is not up. Missing are "
		"those that\n"
		"the site declares (managers) and that were never seen.\n"
		"Certificates are shown where they were seen unencrypted (TLS 1.2 and below).",
	.options = options,
	.run = run,
};
