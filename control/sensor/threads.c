#include "sensor/threads.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 1024
#define STEP_NS 100000
#define STEPS 20000 /* two seconds */

/* The last signal is the least likely to be a library's. */
#define SIGNAL SIGRTMAX

/* What the threads are to run: the handler has no argument. */
static struct {
	thread_function *function;
	void *context;
	atomic_int error;
	atomic_bool is_done;
} job;

struct thread_list {
	pid_t thread[THREADS_MAX];
	size_t count;
};

static void on_signal(int number)
{
	int saved = errno, error;

	(void)number;
	error = job.function(job.context);
	if (error < 0)
		atomic_store(&job.error, error);
	errno = saved;
	atomic_store(&job.is_done, true);
}

static bool has_run(const struct thread_list *l, pid_t thread)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->thread[i] == thread)
			return true;
	return false;
}

/* 0 also if the thread has ended. */
static int interrupt(pid_t thread)
{
	const struct timespec step = {.tv_nsec = STEP_NS};

	atomic_store(&job.is_done, false);
	if (syscall(SYS_tgkill, getpid(), thread, SIGNAL) < 0)
		return errno == ESRCH ? 0 : -errno;
	for (unsigned i = 0; i < STEPS; i++) {
		if (atomic_load(&job.is_done))
			return atomic_load(&job.error);
		if (i % 64 == 0 && syscall(SYS_tgkill, getpid(), thread, 0) < 0 && errno == ESRCH)
			return 0;
		nanosleep(&step, NULL);
	}
	return IS_TSAN ? 0 : -ETIMEDOUT;
}

/* The number of threads that had not run it. */
static int run_in_new_threads(DIR *tasks, struct thread_list *l)
{
	const struct dirent *task;
	int found = 0, error = 0;

	rewinddir(tasks);
	while (error == 0 && (task = readdir(tasks))) {
		pid_t thread = (pid_t)atoi(task->d_name);
		if (thread <= 0 || has_run(l, thread))
			continue;
		if (l->count == THREADS_MAX)
			return -ENOSPC;
		error = interrupt(thread);
		l->thread[l->count++] = thread;
		found++;
	}
	return error < 0 ? error : found;
}

int threads_run(thread_function *function, void *context)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, before;
	struct thread_list *l = calloc(1, sizeof(*l));
	DIR *tasks = opendir("/proc/self/task");
	int found = 1;

	if (!l || !tasks) {
		found = l ? -errno : -ENOMEM;
		if (tasks)
			closedir(tasks);
		free(l);
		return found;
	}
	job.function = function;
	job.context = context;
	atomic_store(&job.error, 0);
	sigaction(SIGNAL, &action, &before);
	while (found > 0)
		found = run_in_new_threads(tasks, l);
	sigaction(SIGNAL, &before, NULL);
	closedir(tasks);
	free(l);
	return found;
}
