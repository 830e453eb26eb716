/* The system calls that a running sensor may make (seccomp): those of reading packets, writing
 * files, answering sockets and managing memory and threads of its own. Any other kills the process,
 * by SIGSYS: no program is executed, no process made, no module loaded, no packet socket opened, no
 * memory made executable that was written to.
 */
#ifndef PORTOLAN_SYSCALLS_H
#define PORTOLAN_SYSCALLS_H

/* Applies to every thread, and those that are started from now on. 0; -EOPNOTSUPP: no seccomp in
 * the kernel; another negative errno. */
int syscalls_restrict(void);

#endif
