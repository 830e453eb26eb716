#include "base/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t asked, hung_up, reopen;

static void ask(int signal)
{
	(void)signal;
	asked = 1;
}

void signals_watch_stop(void)
{
	struct sigaction action = {.sa_handler = ask, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int signals_stop_requested(void)
{
	return asked;
}

static void hang_up(int signal)
{
	(void)signal;
	hung_up = 1;
}

void signals_watch_reload(void)
{
	struct sigaction action = {.sa_handler = hang_up, .sa_flags = SA_RESTART};

	sigaction(SIGHUP, &action, NULL);
}

int signals_reload_requested(void)
{
	int was = hung_up;

	hung_up = 0;
	return was;
}

static void want_reopen(int signal)
{
	(void)signal;
	reopen = 1;
}

void signals_watch_reopen(void)
{
	struct sigaction action = {.sa_handler = want_reopen, .sa_flags = SA_RESTART};

	sigaction(SIGUSR1, &action, NULL);
}

int signals_reopen_requested(void)
{
	int was = reopen;

	reopen = 0;
	return was;
}
