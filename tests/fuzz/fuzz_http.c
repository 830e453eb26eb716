/* Any bytes at the metrics server: what is answered begins as HTTP does, and whoever asks properly
 * afterwards gets the page. The first byte says in pieces of how many bytes the rest is sent, and
 * whether a token is wanted.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errors.h"
#include "base/log.h"
#include "config/settings.h"
#include "holds.h"
#include "policy/ruleset.h"
#include "run/collector.h"
#include "run/reload.h"
#include "run/snapshot.h"
#include "serve/http_server.h"
#include "serve/metrics.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROUNDS_MAX 200
#define TOKEN "a-token-of-24-characters"

static const char site[] =
	"appliances:\n"
	"  - {name: \"fmc \\\"1\\\"\", role: management-center, addresses: [10.10.0.5]}\n"
	"  - {name: ftd, role: managed-device, addresses: [10.20.0.0/16]}\n";

/* A sensor that has seen some packets: what the page is made of, and a server with and one without
 * a token. */
static struct desk {
	struct reload reload;
	struct collector collector;
	struct capture capture;
	struct snapshot snapshot;
	struct metrics_source source;
	struct http *http[2];
	struct sockaddr_in at[2];
} desk;

static json_t *two_sinks(void *context)
{
	(void)context;
	return json_pack("[{s:s, s:s, s:i}, {s:s, s:s}]", "name", "json a", "state", "ok",
		"delivered", 7, "name", "syslog \"b\"", "state", "waiting");
}

static void open_desk(struct desk *d)
{
	static const struct collector_options nothing;
	struct errors errors = {.length = 0};
	struct settings *settings;
	struct ruleset *ruleset;

	HOLDS(ruleset_parse_site(&ruleset, &settings, "site", site, sizeof(site) - 1, &errors) ==
		0);
	reload_init(&d->reload, "site", ruleset, settings);
	HOLDS(collector_open(&d->collector, ruleset, settings, &nothing) == EXIT_DONE);
	collector_begin(&d->collector, 1000000000);
	d->capture.workers = 2;
	snapshot_init(&d->snapshot, &d->reload, &d->collector, &d->capture, 1000000000);
	d->snapshot.counters.frames = 12345;
	d->snapshot.worker[1].counters.frames = 345;
	d->source = (struct metrics_source){&d->snapshot, two_sinks, NULL};
}

/* The server listens at a port of the kernel's choice: it is the socket opened last. */
static struct sockaddr_in address_of_last(void)
{
	struct sockaddr_in at, last = {.sin_port = 0};

	for (int fd = 0; fd < 256; fd++) {
		socklen_t bytes = sizeof(at);
		int listens = 0;
		socklen_t room = sizeof(listens);
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &room) == 0 && listens &&
			getsockname(fd, (struct sockaddr *)&at, &bytes) == 0 &&
			at.sin_family == AF_INET)
			last = at;
	}
	HOLDS(last.sin_port != 0);
	return last;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct output_settings outputs = {.metrics_listen = "127.0.0.1:0"};
	char path[40];
	int fd = memfd_create("token", 0);

	(void)argc;
	(void)argv;
	setenv("PORTOLAN_CONFIGS", FIXTURE_CONFIGS, 1); /* wherever it runs */
	open_desk(&desk);
	HOLDS(write(fd, TOKEN, sizeof(TOKEN) - 1) == sizeof(TOKEN) - 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (unsigned i = 0; i < 2; i++) {
		outputs.metrics_token_file = i ? path : NULL;
		HOLDS(http_open(&desk.http[i], &outputs, &desk.source) == 0);
		desk.at[i] = address_of_last();
	}
	return 0;
}

/* Closed by a reset, so that thousands in a second leave no ports that wait. */
static int client_of(const struct sockaddr_in *at)
{
	static const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	HOLDS(fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0);
	HOLDS(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0);
	HOLDS(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	return fd;
}

/* The beginning of what was answered, as a text; the rest is read and dropped. */
struct answer {
	char text[256];
	size_t length;
	bool has_ended;
};

static void hear(int fd, struct answer *a)
{
	char more[65536];
	ssize_t got;

	while ((got = recv(fd, more, sizeof(more), 0)) > 0) {
		size_t room = sizeof(a->text) - 1 - a->length;
		size_t taken = (size_t)got < room ? (size_t)got : room;
		memcpy(a->text + a->length, more, taken);
		a->length += taken;
	}
	a->has_ended |= got == 0;
}

static void say(struct http *h, int fd, const uint8_t *data, size_t size, size_t piece)
{
	struct answer a = {.length = 0};

	for (size_t at = 0; at < size && !a.has_ended; at += piece) {
		size_t left = size - at < piece ? size - at : piece;
		if (send(fd, data + at, left, MSG_NOSIGNAL) < 0)
			break;
		http_run(h, clock_steady_ns());
		hear(fd, &a);
	}
	for (unsigned i = 0; i < 4; i++) {
		http_run(h, clock_steady_ns());
		hear(fd, &a);
	}
	HOLDS(a.length < 9 || strncmp(a.text, "HTTP/1.", 7) == 0);
}

static void ask_again(struct http *h, const struct sockaddr_in *at)
{
	static const char question[] =
		"GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " TOKEN
		"\r\nConnection: close\r\n\r\n";
	static const char wanted[] = "HTTP/1.1 200";
	struct answer a = {.length = 0};
	int fd = client_of(at);

	HOLDS(send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL) == sizeof(question) - 1);
	for (unsigned i = 0; i < ROUNDS_MAX && a.length < sizeof(wanted); i++) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		http_run(h, clock_steady_ns());
		poll(&wait, 1, i > 4);
		hear(fd, &a);
	}
	HOLDS(strncmp(a.text, wanted, sizeof(wanted) - 1) == 0);
	close(fd);
	http_run(h, clock_steady_ns());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned run;
	unsigned which;
	int fd;

	if (size == 0)
		return 0;
	which = data[0] & 1;
	fd = client_of(&desk.at[which]);
	say(desk.http[which], fd, data + 1, size - 1, data[0] / 2 + 1u);
	close(fd);
	http_run(desk.http[which], clock_steady_ns());
	if (run++ % 16 == 0)
		ask_again(desk.http[which], &desk.at[which]);
	return 0;
}
