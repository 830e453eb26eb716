/* What ^C means to a command that writes for long after its input has ended: the first one says
 * what is being done, the second one ends it at once, with nothing left half-written, by the signal
 * itself: the shell's status is 130.
 *
 * A thread waits for the signals, so that nothing else has to ask.
 */
#ifndef PORTOLAN_INTERRUPT_H
#define PORTOLAN_INTERRUPT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "store/store.h"

struct interrupt {
	const char *command;
	_Atomic(const char *) doing; /* NULL: reading, which ends by itself */
	struct store_progress progress;
	pthread_t thread;
	bool has_thread;
	atomic_bool is_over;
};

void interrupt_begin(struct interrupt *, const char *command);

/* `what` is lent: "writing the report". Told at once where ^C came before. */
void interrupt_doing(struct interrupt *, const char *what);

void interrupt_end(struct interrupt *);

#endif
