#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
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
	int can = 0, error = sandbox_enter(writable, 2);

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sandbox_allows_writing_only_in_the_given_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
