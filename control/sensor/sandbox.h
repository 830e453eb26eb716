/* A sandbox around the running sensor (Landlock): it reads what it could read, writes beneath the
 * directories that it was given, and executes nothing. What was opened before stays open.
 */
#ifndef PORTOLAN_SANDBOX_H
#define PORTOLAN_SANDBOX_H

#include <stddef.h>

/* For this thread and those it starts from now on. 0; -ENOSYS or -EOPNOTSUPP where the kernel
 * has no Landlock; another negative errno. Directories that are not there are passed over. */
int sandbox_enter(const char *const *writable, size_t directories);

#endif
