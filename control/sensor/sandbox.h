/* The sensor's sandbox (Landlock): may read files as before, write only beneath the given
 * directories, connect over TCP only to the given ports, listen at none, and execute nothing. Open
 * files and sockets stay open. What of this the kernel knows depends on its version of Landlock:
 * connecting from the fourth on, devices from the fifth, abstract Unix sockets from the sixth.
 */
#ifndef PORTOLAN_SANDBOX_H
#define PORTOLAN_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

struct sandbox {
	const char *const *writable; /* directories; missing ones are skipped */
	size_t directories;
	const uint16_t *port; /* TCP ports to connect to */
	size_t ports;
	int keeps_abstract_sockets; /* systemd is told through one */
};

/* Applies to every thread, and those that are started from now on. 0; -ENOSYS or -EOPNOTSUPP: no
 * Landlock in the kernel; another negative errno. */
int sandbox_enter(const struct sandbox *);

/* The kernel's version of Landlock, 0: none. */
int sandbox_version(void);

#endif
