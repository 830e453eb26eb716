#include "base/signals.h"

#include <assert.h>
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* Read and cleared in one step: a signal that comes in between is not lost. */
static atomic_bool stop, reload, reopen;

static_assert(ATOMIC_BOOL_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
	"signal handlers may set these flags");

/* Of the stop signals: how many came, which came last, and who waits for them. sem_post(3) may be
 * called in a handler. */
static atomic_uint stops;
static atomic_int last_stop = SIGTERM;
static sem_t stops_come;

static void on_stop(int signal)
{
	atomic_store(&last_stop, signal);
	atomic_fetch_add(&stops, 1);
	atomic_store(&stop, true);
	sem_post(&stops_come);
}

static void handle_stops(int flags)
{
	struct sigaction action = {.sa_handler = on_stop, .sa_flags = flags};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void signals_watch_stop(void)
{
	sem_init(&stops_come, 0, 0);
	handle_stops((int)SA_RESETHAND);
}

/* After a first one the next ends the program. */
void signals_leave_stops(bool leaves)
{
	if (leaves || !atomic_load(&stop)) {
		handle_stops(leaves ? 0 : (int)SA_RESETHAND);
		return;
	}
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

unsigned signals_stop_wait(unsigned seen)
{
	unsigned so_far = atomic_load(&stops);

	while (so_far <= seen && (sem_wait(&stops_come) == 0 || errno == EINTR)) {
		if (atomic_load(&stops) <= so_far)
			break; /* woken, or a signal that was seen already */
		so_far = atomic_load(&stops);
	}
	return so_far;
}

void signals_stop_wake(void)
{
	sem_post(&stops_come);
}

void signals_end_by_stop(void)
{
	signal(atomic_load(&last_stop), SIG_DFL);
	kill(getpid(), atomic_load(&last_stop));
	for (;;)
		pause();
}

int signals_stop_requested(void)
{
	return atomic_load(&stop);
}

static void on_reload(int signal)
{
	(void)signal;
	atomic_store(&reload, true);
}

void signals_watch_reload(void)
{
	struct sigaction action = {.sa_handler = on_reload, .sa_flags = SA_RESTART};

	sigaction(SIGHUP, &action, NULL);
}

int signals_reload_requested(void)
{
	return atomic_exchange(&reload, false);
}

static void on_reopen(int signal)
{
	(void)signal;
	atomic_store(&reopen, true);
}

void signals_watch_reopen(void)
{
	struct sigaction action = {.sa_handler = on_reopen, .sa_flags = SA_RESTART};

	sigaction(SIGUSR1, &action, NULL);
}

int signals_reopen_requested(void)
{
	return atomic_exchange(&reopen, false);
}
