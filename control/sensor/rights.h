/* What a sensor may still do once its sources are open: become another user, and write only where
 * its outputs are. */
#ifndef PORTOLAN_RIGHTS_H
#define PORTOLAN_RIGHTS_H

struct collector_options;
struct output_settings;

/* From here on nobody needs to open a raw socket or run a program. `user`: to become, or NULL. An
 * exit status, with the reason logged; a kernel without Landlock is logged and no failure. */
int rights_give_up(
	const char *user, const struct collector_options *, const struct output_settings *);

#endif
