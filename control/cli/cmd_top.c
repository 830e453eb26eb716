#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/channel_state.h"
#include "base/clock.h"
#include "base/format.h"
#include "base/terminal.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/flow_row.h"

#define HEAD_LINES 6
#define ROUND_MS 2000
#define FLOW_KEY_BYTES 112

enum { SOCKET };

static const struct cli_option options[] = {
	[SOCKET] = {"socket", "PATH", "the sensor's control socket (/run/portolan/control.sock)",
		NULL},
	{0},
};

/* State that keys change, and values of the last refresh. */
struct top_view {
	const char *socket;
	unsigned sort;
	bool flagged;
	double packets, bytes, at_s; /* of the last refresh; 0: none */
	struct terminal_style style;
	size_t lines, columns;
	json_t *before; /* packets and bytes of the flows last drawn, by their ids */
};

static const char *const sort_key[] = {
	"bytes", "bits", "packets", "pps", "severity", "start", "age", "last", "source", "port"};
#define SORTS (sizeof(sort_key) / sizeof(*sort_key))

/* --- terminal --------------------------------------------------------------------------- */

static volatile sig_atomic_t is_over;

static void on_stop(int signal)
{
	(void)signal;
	is_over = 1;
}

static void on_resize(int signal)
{
	(void)signal; /* interrupts the wait, so that a resized window is redrawn */
}

static void watch_signals(void)
{
	struct sigaction over = {.sa_handler = on_stop}, resized = {.sa_handler = on_resize};

	sigaction(SIGINT, &over, NULL);
	sigaction(SIGTERM, &over, NULL);
	sigaction(SIGHUP, &over, NULL);
	sigaction(SIGWINCH, &resized, NULL);
}

static void hold_resize(int how)
{
	sigset_t resize;

	sigemptyset(&resize);
	sigaddset(&resize, SIGWINCH);
	sigprocmask(how, &resize, NULL);
}

/* Switches to the alternate screen, without cursor, line buffering and echo. */
static int enter_screen(struct termios *before)
{
	struct termios keys;

	if (tcgetattr(STDIN_FILENO, before) < 0)
		return -errno;
	keys = *before;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &keys);
	fputs("\033[?1049h\033[?25l", stdout);
	return 0;
}

static void leave_screen(const struct termios *before)
{
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, before);
}

static void measure(struct top_view *v)
{
	struct winsize size = {0};

	v->lines = 24;
	v->columns = 80;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0) {
		v->lines = size.ws_row;
		v->columns = size.ws_col;
	}
}

/* --- refresh ------------------------------------------------------------------------------- */

struct top_page {
	struct top_view *view;
	struct flow_table table;
	double since_s; /* the last refresh; 0: there was none */
	json_t *drawn;
};

/* The same flow has the same id and start. */
static void flow_key(const json_t *flow, char key[FLOW_KEY_BYTES])
{
	snprintf(key, FLOW_KEY_BYTES, "%.60s %.40s", text_at(flow, "network.community_id"),
		text_at(flow, "event.start"));
}

/* A flow that was drawn before shows its rates since then, not those since its start. */
static void set_rates(const struct top_page *p, const char *key, json_t *flow)
{
	const json_t *before = json_object_get(p->view->before, key);
	json_t *live = json_object_get(json_object_get(flow, "portolan"), "live");
	double packets = number_at(flow, "network.packets") - number_at(before, "packets"),
	       bytes = number_at(flow, "network.bytes") - number_at(before, "bytes");

	if (!before || p->since_s <= 0 || packets < 0 || bytes < 0)
		return;
	json_object_set_new(live, "packets_per_second", json_real(packets / p->since_s));
	json_object_set_new(live, "bits_per_second", json_real(bytes * 8 / p->since_s));
}

static void add_row(void *context, const json_t *item)
{
	struct top_page *p = context;
	json_t *flow = json_deep_copy(item);
	char key[FLOW_KEY_BYTES];

	flow_key(item, key);
	set_rates(p, key, flow);
	flow_table_row(&p->table, flow);
	json_object_set_new(p->drawn, key,
		json_pack("{s:f, s:f}", "packets", number_at(item, "network.packets"), "bytes",
			number_at(item, "network.bytes")));
	json_decref(flow);
}

static double seconds(void)
{
	return (double)clock_steady_ns() / 1e9;
}

/* Returns the seconds since the last refresh; 0: there was none. */
static double print_rates(struct top_view *v, const json_t *status, FILE *out)
{
	double packets = number_at(status, "accounting.frames.received"),
	       bytes = number_at(status, "accounting.frames.bytes"), now = seconds(),
	       since = v->at_s > 0 ? now - v->at_s : 0;
	char pps[32], bits[32];

	if (since > 0) {
		format_scaled((packets - v->packets) / since, pps);
		format_scaled((bytes - v->bytes) * 8 / since, bits);
		fprintf(out, "%s pps, %s bit/s; ", pps, bits);
	}
	v->packets = packets;
	v->bytes = bytes;
	v->at_s = now;
	return since;
}

/* How many are established, and of the other states those that there are. */
static void print_channels(const json_t *status, FILE *out)
{
	fprintf(out, "channels: %.0f established", number_at(status, "channels.up"));
	for (unsigned s = CHANNEL_UP + 1; s < CHANNEL_STATE_COUNT; s++) {
		char path[64];
		double count;

		snprintf(path, sizeof(path), "channels.%s",
			channel_state_name((enum channel_state)s));
		count = number_at(status, path);
		if (count > 0)
			fprintf(out, ", %.0f %s", count,
				channel_state_title((enum channel_state)s));
	}
	fputc('\n', out);
}

static double print_top(struct top_view *v, const json_t *status, FILE *out)
{
	char alive[32], lost[32];
	double since;

	format_number(count_at(status, "accounting.flows.active"), alive);
	format_number(count_at(status, "capture.loss.dropped_kernel") +
			      count_at(status, "capture.loss.dropped_interface") +
			      count_at(status, "capture.loss.imissed"),
		lost);
	fprintf(out, "%sportolan%s  %s  health %s\n", v->style.bold, v->style.plain,
		text_at(status, "policy.site"), text_at(status, "health"));
	since = print_rates(v, status, out);
	fprintf(out, "%s lost; %s flows; %.0f alerts\n", lost, alive,
		number_at(status, "events.alerts"));
	print_channels(status, out);
	fprintf(out, "%sby %s; q quit  s sort by %s  f %s%s\n\n", v->style.dim, sort_key[v->sort],
		sort_key[(v->sort + 1) % SORTS], v->flagged ? "all flows" : "flagged only",
		v->style.plain);
	return since;
}

/* Cuts lines at the screen's width; escape sequences have no width. */
static void show(const char *text, const struct top_view *v)
{
	size_t column = 0, line = 0;

	fputs("\033[H", stdout);
	for (; *text && line < v->lines; text++) {
		if (*text == '\n') {
			fputs("\033[K", stdout);
			if (++line < v->lines)
				putchar('\n');
			column = 0;
		} else if (*text == '\033') {
			size_t length = strcspn(text, "m");
			length += text[length] != '\0';
			fwrite(text, 1, length, stdout);
			text += length - 1;
		} else if (column++ < v->columns) {
			putchar(*text);
		}
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}

static int fill(struct top_view *v, FILE *out)
{
	struct top_page page = {.view = v, .drawn = json_object()};
	struct client_request status = {.command = "status", .socket = v->socket};
	struct client_request flows = {
		.command = "flows", .socket = v->socket, .item = add_row, .context = &page};
	size_t rows = v->lines > HEAD_LINES + 1 ? v->lines - HEAD_LINES - 1 : 1;
	json_t *answer;
	int result = client_request(&status, &answer);

	if (result == EXIT_DONE) {
		page.since_s = print_top(v, answer, out);
		flow_table_init(&page.table, &v->style, (unsigned)v->columns, out);
		flow_table_head(&page.table);
		flows.arguments = json_pack("{s:s, s:b, s:I}", "sort", sort_key[v->sort], "flagged",
			v->flagged, "limit", (json_int_t)rows);
		result = client_request(&flows, NULL);
		json_decref(flows.arguments);
	}
	json_decref(v->before);
	v->before = page.drawn;
	json_decref(answer);
	return result;
}

static int draw(struct top_view *v)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	int status;

	if (!out)
		return EXIT_FAILED;
	measure(v);
	hold_resize(SIG_BLOCK); /* the signal would interrupt the request */
	status = fill(v, out);
	hold_resize(SIG_UNBLOCK);
	fclose(out);
	if (status == EXIT_DONE)
		show(text, v);
	free(text);
	return status;
}

/* False: quit. */
static bool handle_key(struct top_view *v)
{
	struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
	char key;

	if (poll(&keys, 1, ROUND_MS) <= 0)
		return !is_over;
	if (read(STDIN_FILENO, &key, 1) <= 0)
		return false;
	if (key == 's')
		v->sort = (v->sort + 1) % SORTS;
	if (key == 'f')
		v->flagged = !v->flagged;
	return key != 'q' && !is_over;
}

static int run(const struct cli_request *r)
{
	struct top_view v = {.socket = r->value[SOCKET],
		.style = terminal_style_of(terminal_wants_colour(stdout))};
	struct client_request first = {.command = "status", .socket = v.socket};
	struct termios before;
	int status;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return cli_misuse("top", "wants a terminal; `portolan flows` is for pipes");
	status =
		client_request(&first, NULL); /* errors are printed before the screen is switched */
	if (status != EXIT_DONE)
		return status;
	watch_signals();
	if (enter_screen(&before) < 0)
		return EXIT_FAILED;
	do
		status = draw(&v);
	while (status == EXIT_DONE && handle_key(&v));
	leave_screen(&before);
	json_decref(v.before);
	if (is_over) /* stopped, possibly during a request */
		return EXIT_DONE;
	if (status != EXIT_DONE)
		fprintf(stderr, "portolan: top: the sensor answers no more\n");
	return status;
}

const struct cli_command cli_top = {
	.name = "top",
	.summary = "live flows of a running sensor, refreshed on a terminal",
	.arguments = "",
	.description =
		"Every two seconds, with PPS and BIT/S since the last time. Keys: q quit, s sort "
		"by "
		"the next\n"
		"of bytes, bits, packets, pps, severity, start, age, last, source and port, f only "
		"flagged flows.\n"
		"Follows the window's size.",
	.options = options,
	.run = run,
};
