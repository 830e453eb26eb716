/* Reduces the sensor's rights once its sources are open: user, capabilities, and a sandbox in which
 * only its outputs are writable. */
#ifndef PORTOLAN_RIGHTS_H
#define PORTOLAN_RIGHTS_H

struct collector_options;
struct output_settings;

/* Drops the rights to open raw sockets and run programs. `user`: user to become, or NULL. Returns
 * an exit status, with the reason logged; a kernel without Landlock is logged and not an error. */
int rights_give_up(
	const char *user, const struct collector_options *, const struct output_settings *);

#endif
