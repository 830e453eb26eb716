#include "run/interrupt.h"

#include <stdio.h>

#include "base/errors.h"
#include "base/leftovers.h"
#include "base/signals.h"

static void tell(struct interrupt *i)
{
	unsigned sealed = atomic_load(&i->progress.sealed), all = atomic_load(&i->progress.to_seal);
	const char *doing = atomic_load(&i->doing);

	if (doing && sealed < all)
		errors_say("%s: sealing the store, %u of %u segments; ^C again ends it", i->command,
			sealed, all);
	else if (doing)
		errors_say("%s: %s; ^C again ends it", i->command, doing);
}

static void *work(void *context)
{
	struct interrupt *i = context;
	unsigned seen = 0;

	while (!atomic_load(&i->is_over)) {
		seen = signals_stop_wait(seen);
		if (seen >= 2) {
			leftovers_remove();
			signals_end_by_stop();
		}
		if (seen == 1 && !atomic_load(&i->is_over))
			tell(i);
	}
	return NULL;
}

void interrupt_begin(struct interrupt *i, const char *command)
{
	*i = (struct interrupt){.command = command};
	signals_leave_stops(true);
	i->has_thread = pthread_create(&i->thread, NULL, work, i) == 0;
	if (!i->has_thread)
		signals_leave_stops(false);
}

void interrupt_doing(struct interrupt *i, const char *what)
{
	atomic_store(&i->doing, what);
	if (signals_stop_requested())
		tell(i);
}

void interrupt_end(struct interrupt *i)
{
	if (!i->has_thread)
		return;
	atomic_store(&i->is_over, true);
	signals_stop_wake();
	pthread_join(i->thread, NULL);
	signals_leave_stops(false);
}
