/* Signals as flags: stop (SIGINT, SIGTERM), reload the site (SIGHUP), reopen output files
 * (SIGUSR1).
 *
 * Handlers only set flags; the program then shuts down in order. A second stop signal ends it at
 * once.
 */
#ifndef PORTOLAN_SIGNALS_H
#define PORTOLAN_SIGNALS_H

void signals_watch_stop(void);
int signals_stop_requested(void);

/* SIGHUP, for the sensor: true once per signal. */
void signals_watch_reload(void);
int signals_reload_requested(void);

/* SIGUSR1: true once per signal. */
void signals_watch_reopen(void);
int signals_reopen_requested(void);

#endif
