#include "base/signals.h"

#include <assert.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Read and cleared in one step: a signal that comes in between is not lost. */
static atomic_bool stop, reload, reopen;

static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "signal handlers may set these flags");

static void on_stop(int signal)
{
	(void)signal;
	atomic_store(&stop, true);
}

void signals_watch_stop(void)
{
	struct sigaction action = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
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
