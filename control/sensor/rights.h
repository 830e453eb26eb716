/* The sensor's rights: what it has at its start, and what is left while it judges packets.
 *
 *   rights_begin()           core dumps off; acts as the user that it is to become
 *   (files, control socket)  made with that user's rights
 *   rights_act_as_root()     (sources, ports)
 *   rights_give_up()         user, capabilities, sandbox, system calls: in every thread, checked
 *
 * A thread that could keep a right is a reason not to start. What the kernel does not know (an old
 * one, without Landlock) is logged.
 */
#ifndef PORTOLAN_RIGHTS_H
#define PORTOLAN_RIGHTS_H

#include <stdbool.h>

#include "sensor/privileges.h"

struct collector_options;
struct settings;

struct rights {
	const char *user; /* to become, or NULL */
	bool dumps_core;  /* packets hold secrets: only if asked for */
	struct privileges privileges;
};

/* All return an exit status, with the reason logged. */
int rights_begin(struct rights *, const char *user, bool dumps_core);
int rights_act_as_root(const struct rights *);
int rights_give_up(
	const struct rights *, const struct collector_options *, const struct settings *);

#endif
