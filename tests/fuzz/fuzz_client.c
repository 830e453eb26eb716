/* Any bytes as a sensor's answer to a command of the client: printed or refused, an exit status,
 * and no control character reaches the terminal. The first byte chooses the command and whether
 * its answer is wanted as JSON.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/cli.h"
#include "holds.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A thread that answers each client once, with what the main thread has put here before. */
static struct sensor {
	struct sockaddr_un at;
	int fd;
	const uint8_t *answer;
	size_t bytes;
	sem_t done;
} sensor;

static void read_question(int fd)
{
	char question[256];
	ssize_t got;

	do
		got = recv(fd, question, sizeof(question), 0);
	while (got > 0 && !memchr(question, '\n', (size_t)got));
}

static void *answer_clients(void *unused)
{
	(void)unused;
	for (;;) {
		int fd = accept(sensor.fd, NULL, NULL);
		HOLDS(fd >= 0);
		read_question(fd);
		for (size_t sent = 0; sent < sensor.bytes;) {
			ssize_t n =
				send(fd, sensor.answer + sent, sensor.bytes - sent, MSG_NOSIGNAL);
			if (n <= 0)
				break; /* the client has heard enough */
			sent += (size_t)n;
		}
		close(fd);
		sem_post(&sensor.done);
	}
	return NULL;
}

static void remove_socket(void)
{
	unlink(sensor.at.sun_path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	pthread_t thread;

	(void)argc;
	(void)argv;
	sensor.at.sun_family = AF_UNIX;
	snprintf(sensor.at.sun_path, sizeof(sensor.at.sun_path), "/tmp/fuzz-client-%d.sock",
		(int)getpid());
	unlink(sensor.at.sun_path);
	sensor.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	HOLDS(bind(sensor.fd, (const struct sockaddr *)&sensor.at, sizeof(sensor.at)) == 0);
	HOLDS(listen(sensor.fd, 1) == 0 && sem_init(&sensor.done, 0, 0) == 0);
	HOLDS(pthread_create(&thread, NULL, answer_clients, NULL) == 0);
	atexit(remove_socket);
	return 0;
}

static size_t option_of(const struct cli_command *c, const char *name)
{
	size_t i = 0;

	while (strcmp(c->options[i].name, name) != 0)
		i++;
	return i;
}

static void check_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		HOLDS((uint8_t)text[i] >= ' ' || text[i] == '\n');
		HOLDS(text[i] != 0x7f);
		HOLDS((uint8_t)text[i] != 0xc2 || i + 1 == length || (uint8_t)text[i + 1] >= 0xa0);
	}
}

/* What it prints goes into memory. */
static void ask(const struct cli_command *c, const struct cli_request *r, bool is_json)
{
	FILE *out = stdout, *err = stderr;
	char *text[2] = {NULL, NULL};
	size_t length[2];
	int status;

	stdout = open_memstream(&text[0], &length[0]);
	stderr = open_memstream(&text[1], &length[1]);
	HOLDS(stdout && stderr);
	status = c->run(r);
	fclose(stdout);
	fclose(stderr);
	stdout = out;
	stderr = err;
	HOLDS(status == EXIT_DONE || status == EXIT_FAILED);
	HOLDS(status == EXIT_DONE || length[0] + length[1] > 0);
	if (!is_json)
		check_text(text[0], length[0]);
	check_text(text[1], length[1]);
	free(text[0]);
	free(text[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cli_command *const command[] = {&cli_status, &cli_health, &cli_channels,
		&cli_matrix, &cli_flows, &cli_reload, &cli_reload, &cli_flows};
	struct cli_request r = {.value = {NULL}};
	const struct cli_command *c;

	if (size == 0)
		return 0;
	c = command[data[0] & 7];
	r.value[option_of(c, "socket")] = sensor.at.sun_path;
	if (data[0] & 8)
		r.value[option_of(c, "json")] = "";
	if ((data[0] & 7) == 6)
		r.value[option_of(c, "dry-run")] = "";
	sensor.answer = data + 1;
	sensor.bytes = size - 1;
	ask(c, &r, data[0] & 8);
	while (sem_wait(&sensor.done) != 0)
		continue;
	return 0;
}
