/* The sensor's sandbox (Landlock): may read files as before, write only beneath the given
 * directories, and execute nothing. Open files stay open.
 */
#ifndef PORTOLAN_SANDBOX_H
#define PORTOLAN_SANDBOX_H

#include <stddef.h>

/* Applies to this thread and those it starts from now on. 0; -ENOSYS or -EOPNOTSUPP: no Landlock in
 * the kernel; another negative errno. Missing directories are skipped. */
int sandbox_enter(const char *const *writable, size_t directories);

#endif
