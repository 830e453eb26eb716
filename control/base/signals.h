/* Signals as questions: has somebody asked us to stop (SIGINT, SIGTERM), to read the site again
 * (SIGHUP), or to open the files anew that were moved away (SIGUSR1)?
 *
 * The flags are all that signal handlers set; everything in progress is then ended in order.
 * A second signal ends the program at once.
 */
#ifndef PORTOLAN_SIGNALS_H
#define PORTOLAN_SIGNALS_H

void interrupt_watch(void);
int interrupt_asked(void);

/* SIGHUP, for a program that stays: the same question, answered once a signal. */
void interrupt_watch_hangup(void);
int interrupt_hung_up(void);

/* SIGUSR1, likewise. */
void interrupt_watch_reopen(void);
int interrupt_wants_reopen(void);

#endif
