#include "base/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t stop, reload, reopen;

static void on_stop(int signal)
{
	(void)signal;
	stop = 1;
}

void signals_watch_stop(void)
{
	struct sigaction action = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int signals_stop_requested(void)
{
	return stop;
}

static void on_reload(int signal)
{
	(void)signal;
	reload = 1;
}

void signals_watch_reload(void)
{
	struct sigaction action = {.sa_handler = on_reload, .sa_flags = SA_RESTART};

	sigaction(SIGHUP, &action, NULL);
}

int signals_reload_requested(void)
{
	int was = reload;

	reload = 0;
	return was;
}

static void on_reopen(int signal)
{
	(void)signal;
	reopen = 1;
}

void signals_watch_reopen(void)
{
	struct sigaction action = {.sa_handler = on_reopen, .sa_flags = SA_RESTART};

	sigaction(SIGUSR1, &action, NULL);
}

int signals_reopen_requested(void)
{
	int was = reopen;

	reopen = 0;
	return was;
}
