/* Signals as flags: stop (SIGINT, SIGTERM), reload the site (SIGHUP), reopen output files
 * (SIGUSR1).
 *
 * Handlers only set flags; the program then shuts down in order. A second stop signal ends it at
 * once, or is left to a thread that waits for it.
 */
#ifndef PORTOLAN_SIGNALS_H
#define PORTOLAN_SIGNALS_H

#include <stdbool.h>

void signals_watch_stop(void);
int signals_stop_requested(void);

/* Whether a second stop signal is left to who waits; else it ends the program. */
void signals_leave_stops(bool);
/* Waits for more stop signals than `seen`, or for signals_stop_wake(); how many came so far. */
unsigned signals_stop_wait(unsigned seen);
void signals_stop_wake(void);
/* Ends the program by the stop signal that came last, as if it had not been handled. */
void signals_end_by_stop(void);

/* SIGHUP, for the sensor: true once per signal. */
void signals_watch_reload(void);
int signals_reload_requested(void);

/* SIGUSR1: true once per signal. */
void signals_watch_reopen(void);
int signals_reopen_requested(void);

#endif
