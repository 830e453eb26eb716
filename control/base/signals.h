/* Signals as questions: has somebody asked us to stop (SIGINT, SIGTERM), to read the site again
 * (SIGHUP), or to open the files anew that were moved away (SIGUSR1)?
 *
 * The flags are all that signal handlers set; everything in progress is then ended in order.
 * A second signal ends the program at once.
 */
#ifndef PORTOLAN_SIGNALS_H
#define PORTOLAN_SIGNALS_H

void signals_watch_stop(void);
int signals_stop_requested(void);

/* SIGHUP, for a program that stays: the same question, answered once a signal. */
void signals_watch_reload(void);
int signals_reload_requested(void);

/* SIGUSR1, likewise. */
void signals_watch_reopen(void);
int signals_reopen_requested(void);

#endif
