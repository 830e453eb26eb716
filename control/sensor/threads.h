/* Runs a function once in every thread of the process.
 *
 * Capabilities, no_new_privs and Landlock belong to a thread, and libraries (DPDK's EAL) start
 * threads before a sensor can give its rights up. Each thread is interrupted by a signal, and runs
 * the function in the signal's handler: it may do only what is allowed there, see
 * signal-safety(7). Threads that are started meanwhile, by threads that have not run it yet, run it
 * too.
 */
#ifndef PORTOLAN_THREADS_H
#define PORTOLAN_THREADS_H

/* Returns 0 or a negative errno. */
typedef int thread_function(void *context);

/* 0; the first error of a thread; -ETIMEDOUT: a thread did not run it, since it blocks signals;
 * -ENOSPC: more than a thousand threads. For one caller at a time. */
int threads_run(thread_function *, void *context);

#endif
