/* SIGINT and SIGTERM as a question: has somebody asked us to stop?
 *
 * The one flag that a signal handler sets; everything in progress is then ended in order.
 * A second signal ends the program at once.
 */
#ifndef PORTOLAN_INTERRUPT_H
#define PORTOLAN_INTERRUPT_H

void interrupt_watch(void);
int interrupt_asked(void);

#endif
