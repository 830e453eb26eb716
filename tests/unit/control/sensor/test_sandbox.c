#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensor/sandbox.h"

enum { NO_LANDLOCK = 77 };

/* What a child in the sandbox can do, one bit each; the sandbox cannot be left. */
enum { WRITES_INSIDE = 1, WRITES_OUTSIDE = 2, READS_OUTSIDE = 4, EXECUTES = 8 };

static int can_open(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int behind_the_fence(const char *inside, const char *outside)
{
	const char *const writable[] = {inside, "/there/is/no/such/directory"};
	char path[512];
	const struct sandbox s = {.writable = writable, .directories = 2};
	int can = 0, error = sandbox_enter(&s);

	if (error == -ENOSYS || error == -EOPNOTSUPP)
		return NO_LANDLOCK;
	if (error < 0)
		return 99;
	snprintf(path, sizeof(path), "%s/new", inside);
	can |= can_open(path, O_WRONLY | O_CREAT) ? WRITES_INSIDE : 0;
	snprintf(path, sizeof(path), "%s/new", outside);
	can |= can_open(path, O_WRONLY | O_CREAT) ? WRITES_OUTSIDE : 0;
	can |= can_open("/etc/passwd", O_RDONLY) ? READS_OUTSIDE : 0;
	execl("/bin/true", "true", (char *)NULL);
	can |= errno == EACCES ? 0 : EXECUTES;
	return can;
}

static void sandbox_allows_writing_only_in_the_given_folders(void **state)
{
	char inside[] = "/tmp/fence-inside-XXXXXX", outside[] = "/tmp/fence-outside-XXXXXX";
	char path[512];
	int status;
	pid_t child;

	(void)state;
	assert_non_null(mkdtemp(inside));
	assert_non_null(mkdtemp(outside));
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(behind_the_fence(inside, outside));
	assert_int_equal(waitpid(child, &status, 0), child);
	snprintf(path, sizeof(path), "%s/new", inside);
	unlink(path);
	rmdir(inside);
	snprintf(path, sizeof(path), "%s/new", outside);
	unlink(path);
	rmdir(outside);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_LANDLOCK)
		skip();
	assert_int_equal(WEXITSTATUS(status), WRITES_INSIDE | READS_OUTSIDE);
}

/* --- network ------------------------------------------------------------------------------- */

/* A listening socket on the loopback; its port. */
static int listen_somewhere(uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, bytes), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &bytes), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static int error_of_connecting(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ? errno : 0;
}

static void sandbox_connects_only_to_the_given_ports(void **state)
{
	struct sandbox s = {.ports = 1};
	uint16_t collector, other;
	int status;
	pid_t child;

	(void)state;
	if (sandbox_version() < 4)
		skip();
	listen_somewhere(&collector);
	listen_somewhere(&other);
	s.port = &collector;
	child = fork();
	if (child == 0) {
		if (sandbox_enter(&s) < 0 || error_of_connecting(collector) != 0)
			_exit(1);
		_exit(error_of_connecting(other) == EACCES ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- threads ------------------------------------------------------------------------------- */

static atomic_bool is_in_there;
static int error_of_thread;

static void *open_outside(void *path)
{
	int fd;

	while (!atomic_load(&is_in_there))
		usleep(1000);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	error_of_thread = fd < 0 ? errno : 0;
	return NULL;
}

static void sandbox_holds_in_threads_that_were_there_before(void **state)
{
	const struct sandbox s = {.directories = 0};
	char path[] = "/tmp/sandbox-thread";
	pthread_t thread;
	int status;
	pid_t child;

	(void)state;
	if (sandbox_version() == 0)
		skip();
	child = fork();
	if (child == 0) {
		pthread_create(&thread, NULL, open_outside, path);
		if (sandbox_enter(&s) < 0)
			_exit(1);
		atomic_store(&is_in_there, true);
		pthread_join(thread, NULL);
		_exit(error_of_thread == EACCES ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sandbox_allows_writing_only_in_the_given_folders),
		cmocka_unit_test(sandbox_connects_only_to_the_given_ports),
		cmocka_unit_test(sandbox_holds_in_threads_that_were_there_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
