#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sensor/syscalls.h"

enum { NOT_SUPPORTED = 77, ENDED_WELL = 0 };

/* Does it in a child under the filter: its status as waitpid(2) has it. */
static int status_of(void (*it)(void))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		int error = syscalls_restrict();
		if (error < 0)
			_exit(error == -EOPNOTSUPP ? NOT_SUPPORTED : 1);
		it();
		_exit(ENDED_WELL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_SUPPORTED)
		skip();
	return status;
}

static void kills(void (*it)(void))
{
	int status = status_of(it);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void allows(void (*it)(void))
{
	int status = status_of(it);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ENDED_WELL);
}

/* --- what is not allowed --------------------------------------------------------------------- */

static void execute(void)
{
	execl("/bin/true", "true", (char *)NULL);
}

static void make_a_process(void)
{
	if (fork() == 0)
		_exit(0);
}

static void open_a_packet_socket(void)
{
	(void)!socket(AF_PACKET, SOCK_RAW, 0);
}

static void trace(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void make_code_of_data(void)
{
	(void)!mmap(
		NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void kill_another(void)
{
	kill(getppid(), 0);
}

static void become_root(void)
{
	(void)!setuid(0);
}

static void syscalls_of_an_intruder_kill(void **state)
{
	(void)state;
	kills(execute);
	kills(make_a_process);
	kills(open_a_packet_socket);
	kills(trace);
	kills(make_code_of_data);
	kills(kill_another);
	kills(become_root);
}

/* --- what is allowed ------------------------------------------------------------------------- */

static void *allocate(void *unused)
{
	void *p = malloc(1 << 20);

	free(p);
	return unused;
}

static void start_a_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, allocate, NULL) != 0 || pthread_join(thread, NULL) != 0)
		_exit(1);
}

static void look_a_name_up(void)
{
	struct addrinfo *list = NULL;

	if (getaddrinfo("localhost", "514", NULL, &list) == 0)
		freeaddrinfo(list);
}

static void write_a_file(void)
{
	FILE *f = fopen("/dev/null", "w");

	if (!f || fputs("text\n", f) == EOF || fclose(f) == EOF)
		_exit(1);
}

static void abort_after_all(void)
{
	signal(SIGABRT, SIG_IGN);
	raise(SIGABRT);
}

static void syscalls_of_a_sensor_are_allowed(void **state)
{
	(void)state;
	allows(start_a_thread);
	allows(look_a_name_up);
	allows(write_a_file);
	allows(abort_after_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syscalls_of_an_intruder_kill),
		cmocka_unit_test(syscalls_of_a_sensor_are_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
