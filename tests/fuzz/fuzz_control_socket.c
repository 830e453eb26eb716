/* Any bytes at the control socket: each whole line is answered or refused, in one last line, and
 * whoever asks next is answered as well.
 *
 * In the file system where the fuzzer runs; the first byte says in pieces of how many bytes the
 * rest is sent.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/errors.h"
#include "holds.h"
#include "policy/ruleset.h"
#include "record/ecs.h"
#include "serve/control_socket.h"
#include "serve/flow_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char site[] = "appliances:\n"
			   "  - {name: fmc, role: management-center, addresses: [10.10.0.5]}\n"
			   "  - {name: ftd, role: managed-device, addresses: [10.20.0.0/16]}\n";

struct desk {
	struct control_socket *socket;
	struct ruleset *ruleset;
	struct ecs ecs;
	uint64_t now_ns;
	size_t asked;
	char path[64];
};

/* As a sensor does with `flows`, of two flows. */
static void forget(void *context, struct control_client *c)
{
	(void)context;
	flow_query_free(control_user_data(c));
	control_set_user_data(c, NULL);
}

static void ask_for_flows(struct desk *d, struct control_client *c, const json_t *arguments)
{
	static const struct record flow = {.version = 4,
		.protocol = 6,
		.port = {40000, 22},
		.kind = RECORD_LIVE,
		.appliance = {APPLIANCE_NONE, 1},
		.service = SERVICE_COUNT};
	char why[FLOW_QUERY_WHY_BYTES];
	struct flow_query *q = flow_query_of_flows(arguments, &d->ecs, 1000000000, why);

	if (!q) {
		control_refuse(c, "%s", why);
		return;
	}
	flow_query_add(q, &flow);
	flow_query_add(q, &flow);
	control_set_user_data(c, q);
	control_goes_on(c);
}

static void go_on(void *context, struct control_client *c)
{
	(void)context;
	if (!flow_query_continue(control_user_data(c), c))
		forget(context, c);
}

static void take(
	void *context, struct control_client *c, const char *command, const json_t *arguments)
{
	struct desk *d = context;

	d->asked++;
	if (strcmp(command, "flows") == 0)
		ask_for_flows(d, c, arguments);
	else
		control_done(c, json_object());
}

static struct desk *desk_open(void)
{
	static struct desk d;
	struct control_handlers handlers = {take, go_on, forget, &d};
	struct control_address place = {.path = d.path};
	struct errors errors = {.length = 0};

	if (d.socket)
		return &d;
	snprintf(d.path, sizeof(d.path), "fuzz-question-%d.sock", (int)getpid());
	HOLDS(ruleset_parse_site(&d.ruleset, NULL, "site", site, sizeof(site) - 1, &errors) == 0);
	d.ecs = (struct ecs){.ruleset = d.ruleset, .observer = "fuzz"};
	HOLDS(control_socket_open(&d.socket, &place, &handlers) == 0);
	unlink(d.path); /* nobody but us needs it; it is bound anew with the next client */
	return &d;
}

static int client_of(struct desk *d)
{
	struct control_handlers handlers = {take, go_on, forget, d};
	struct control_address place = {.path = d->path};
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	control_socket_close(d->socket);
	HOLDS(control_socket_open(&d->socket, &place, &handlers) == 0);
	memcpy(at.sun_path, d->path, strlen(d->path) + 1);
	HOLDS(fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0);
	return fd;
}

static void look(struct desk *d, int fd)
{
	char answer[65536];

	control_socket_poll(d->socket, 0, ++d->now_ns);
	while (fd >= 0 && recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
		continue;
}

/* A well-behaved one is always answered. */
static void ask_again(struct desk *d, int fd)
{
	static const char spec[] = "\n{\"protocol\":1,\"command\":\"x\"}\n";
	size_t asked;

	for (unsigned i = 0; i < 8; i++)
		look(d, fd);
	asked = d->asked;
	if (send(fd, spec, sizeof(spec) - 1, MSG_NOSIGNAL) < 0)
		return; /* what it had sent was too much */
	for (unsigned i = 0; i < 8 && d->asked == asked; i++)
		look(d, fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct desk *d = desk_open();
	size_t piece = size ? data[0] + 1u : 1;
	int fd = client_of(d);

	for (size_t at = 1; at < size; at += piece) {
		size_t left = size - at < piece ? size - at : piece;
		if (send(fd, data + at, left, MSG_NOSIGNAL) < 0)
			break;
		look(d, fd);
	}
	ask_again(d, fd);
	close(fd);
	look(d, -1);
	unlink(d->path);
	return 0;
}
