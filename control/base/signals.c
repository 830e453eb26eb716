#include "base/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t asked, hung_up, reopen;

static void ask(int signal)
{
	(void)signal;
	asked = 1;
}

void interrupt_watch(void)
{
	struct sigaction action = {.sa_handler = ask, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int interrupt_asked(void)
{
	return asked;
}

static void hang_up(int signal)
{
	(void)signal;
	hung_up = 1;
}

void interrupt_watch_hangup(void)
{
	struct sigaction action = {.sa_handler = hang_up, .sa_flags = SA_RESTART};

	sigaction(SIGHUP, &action, NULL);
}

int interrupt_hung_up(void)
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

void interrupt_watch_reopen(void)
{
	struct sigaction action = {.sa_handler = want_reopen, .sa_flags = SA_RESTART};

	sigaction(SIGUSR1, &action, NULL);
}

int interrupt_wants_reopen(void)
{
	int was = reopen;

	reopen = 0;
	return was;
}
