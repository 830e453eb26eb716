#include <stdio.h>
#include <string.h>

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

/* A line below the channel's, where there is something to say. */
static void print_line(const char *what, const char *text, const char *whose)
{
	if (text[0])
		printf("  %s%s%s: %s\n", what, whose[0] ? " of " : "", whose, text);
}

static void print_channel(void *context, const json_t *channel)
{
	const struct terminal_style *st = context;
	const char *state = text_at(channel, "state");
	char since[WHEN_BYTES], last[WHEN_BYTES];

	when_at(channel, "since", since);
	when_at(channel, "last_packet", last);
	printf("%s%-14s%s %-28s %-28s %-20s %s\n", strcmp(state, "up") == 0 ? st->good : st->warn,
		state, st->plain, text_at(channel, "appliances.0"),
		text_at(channel, "appliances.1"), since, last);
	print_line("why", text_at(channel, "reason"), "");
	print_line("certificate", text_at(channel, "certificates.0.text"),
		text_at(channel, "appliances.0"));
	print_line("certificate", text_at(channel, "certificates.1.text"),
		text_at(channel, "appliances.1"));
}

static int run(const struct cli_request *r)
{
	struct terminal_style st = terminal_style_of(terminal_wants_colour(stdout));
	const struct client_request q = {.command = "channels",
		.socket = r->value[SOCKET],
		.raw = r->value[JSON] != NULL,
		.item = print_channel,
		.context = &st};
	json_t *result;
	int status;

	if (!q.raw)
		printf("%s%-14s %-28s %-28s %-20s %s%s\n", st.bold, "STATE", "APPLIANCE",
			"APPLIANCE", "SINCE (UTC)", "LAST PACKET", st.plain);
	status = client_request(&q, &result);
	if (status == EXIT_DONE && !q.raw && number_at(result, "channels") == 0)
		printf("none: no connection of appliance communications between two appliances "
		       "was seen\n");
	if (status == EXIT_DONE && truth_at(result, "in_doubt") && !q.raw)
		printf("%sThe mirror is in doubt%s: what is not seen may be there. See portolan "
		       "health.\n",
			st.warn, st.plain);
	json_decref(result);
	return status == EXIT_DONE ? cli_flush("channels") : status;
}

const struct cli_command cli_channels = {
	.name = "channels",
	.summary = "how the connections between appliances stand",
	.arguments = "",
	.description = "Every pair that shares appliance communications (8305/tcp), as of the last "
		       "survey:\n"
		       "up (both connections), half, refused, unanswered, handshake-only, silent,\n"
		       "wrong-address (attempts from an address that is not the appliance's), or\n"
		       "inconclusive where the mirror is in doubt; with since when, and why it is "
		       "not up.\n"
		       "Certificates are shown where they were seen in clear (TLS 1.2 and below).",
	.options = options,
	.run = run,
};
