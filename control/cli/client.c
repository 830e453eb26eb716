#include "cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/heap.h"
#include "base/plain_text.h"
#include "cli/cli.h"
#include "serve/control_protocol.h"

/* A busy sensor answers within milliseconds; a dump of a million flows takes seconds. */
#define PATIENCE_S 60

static int report_error(const struct client_request *q, const char *what, const char *why)
{
	errors_say("%s: %s: %s", q->command, what, why);
	return EXIT_FAILED;
}

static int connect_to(const struct client_request *q, const char *path, int *fd)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = PATIENCE_S};

	if (strlen(path) >= sizeof(at.sun_path))
		return report_error(q, path, "too long for a socket");
	memcpy(at.sun_path, path, strlen(path) + 1);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0 || setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
		connect(*fd, (const struct sockaddr *)&at, sizeof(at)) < 0) {
		int error = errno;
		if (*fd >= 0)
			close(*fd);
		if (error == ENOENT || error == ECONNREFUSED)
			return report_error(q, path,
				"no sensor answers there; is `portolan run` running, with this "
				"control socket? --socket names another");
		return report_error(q, path,
			error == EACCES ? "permission denied; the sensor's group may ask"
					: strerror(error));
	}
	return EXIT_DONE;
}

static bool send_request(const struct client_request *q, int fd)
{
	json_t *question = json_pack("{s:i, s:s, s:O*}", "protocol", CONTROL_PROTOCOL, "command",
		q->command, "arguments", q->arguments);
	char *text = question ? json_dumps(question, JSON_COMPACT) : NULL;
	bool sent = text && send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text) &&
		    send(fd, "\n", 1, MSG_NOSIGNAL) == 1;

	free(text);
	json_decref(question);
	return sent;
}

/* Texts of the sensor are its site's and the network's: what is printed of them is plain. False: it
 * has keys that are not, which no sensor sends. */
static bool make_plain(json_t *json)
{
	bool is_plain = true;
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(json) && !text_is_plain(json_string_value(json))) {
		char *copy = heap_strdup(json_string_value(json));
		is_plain = copy && json_string_set_nocheck(json, plain_text(copy)) == 0;
		free(copy);
	}
	json_array_foreach(json, i, value) is_plain = make_plain(value) && is_plain;
	json_object_foreach(json, key, value) is_plain =
		text_is_plain(key) && make_plain(value) && is_plain;
	return is_plain;
}

static bool is_last(const json_t *line)
{
	return json_object_get(line, "done") && json_object_get(line, "protocol");
}

enum { MORE_FOLLOWS = -1, BROKEN = -2 };

/* Handles the last line: the result or an error. */
static int take_last(const struct client_request *q, json_t *line, json_t **result)
{
	const char *error = json_string_value(json_object_get(line, "error"));

	if (!json_is_true(json_object_get(line, "done")))
		return report_error(q, "refused", error ? error : "without a reason");
	if (!json_is_object(json_object_get(line, "result")))
		return BROKEN;
	if (result)
		*result = json_incref(json_object_get(line, "result"));
	return EXIT_DONE;
}

/* A line as it came, unless it is a refusal or no JSON. */
static void print_raw(const char *line, size_t length)
{
	json_t *item = json_loadb(line, length, 0, NULL);

	if (item && (!is_last(item) || json_is_true(json_object_get(item, "done"))))
		fwrite(line, 1, length, stdout);
	json_decref(item);
}

/* An exit status if it was the last line. */
static int take_line(
	const struct client_request *q, const char *line, size_t length, json_t **result)
{
	int status = MORE_FOLLOWS;
	json_t *item;

	if (q->raw)
		print_raw(line, length);
	item = json_loadb(line, length, 0, NULL);
	if (!item || !make_plain(item))
		status = BROKEN;
	else if (is_last(item))
		status = take_last(q, item, result);
	else if (q->item && !q->raw)
		q->item(q->context, item);
	json_decref(item);
	return status;
}

static int take_lines(const struct client_request *q, FILE *in, json_t **result)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	int status = MORE_FOLLOWS;

	while (status == MORE_FOLLOWS && (length = getline(&line, &room, in)) > 0)
		status = take_line(q, line, (size_t)length, result);
	free(line);
	return status >= 0 ? status
			   : report_error(q, "the sensor",
				     "the answer is not complete: has it "
				     "been stopped?");
}

int client_request(const struct client_request *q, json_t **result)
{
	const char *path = q->socket ? q->socket : CONTROL_SOCKET;
	FILE *in;
	int fd = -1, status;

	if (result)
		*result = NULL;
	status = connect_to(q, path, &fd);
	if (status != EXIT_DONE)
		return status;
	in = fdopen(fd, "r");
	if (!in) {
		close(fd);
		return report_error(q, path, strerror(errno));
	}
	if (send_request(q, fd))
		status = take_lines(q, in, result);
	else
		status = report_error(q, path, "the question could not be sent");
	fclose(in);
	return status;
}

/* --- members -------------------------------------------------------------------------------- */

static const json_t *member_at(const json_t *json, const char *path)
{
	char name[64];

	while (json && *path) {
		size_t length = strcspn(path, ".");
		if (length >= sizeof(name))
			return NULL;
		memcpy(name, path, length);
		name[length] = '\0';
		json = json_is_array(json) ? json_array_get(json, (size_t)atoi(name))
					   : json_object_get(json, name);
		path += length + (path[length] == '.');
	}
	return json;
}

const char *text_at(const json_t *json, const char *path)
{
	const char *text = json_string_value(member_at(json, path));

	return text ? text : "";
}

double number_at(const json_t *json, const char *path)
{
	return json_number_value(member_at(json, path));
}

uint64_t count_at(const json_t *json, const char *path)
{
	double n = number_at(json, path);

	if (n < 1)
		return 0;
	return n < 0x1p64 ? (uint64_t)n : UINT64_MAX;
}

bool truth_at(const json_t *json, const char *path)
{
	return json_is_true(member_at(json, path));
}

void when_at(const json_t *json, const char *path, char text[WHEN_BYTES])
{
	const char *when = text_at(json, path);

	if (strlen(when) < 19) {
		snprintf(text, WHEN_BYTES, "never");
		return;
	}
	snprintf(text, WHEN_BYTES, "%.10s %.8s", when, when + 11);
}
