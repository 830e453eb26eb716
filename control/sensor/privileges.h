/* Rights that the sensor no longer needs once its sources are open are given up for good. */
#ifndef PORTOLAN_PRIVILEGES_H
#define PORTOLAN_PRIVILEGES_H

/* All capabilities go, from this thread and those it starts from now on, and no program that
 * is executed gets any back. With `user` the process becomes that user's first (from root
 * only). 0 or a negative errno. */
int privileges_drop(const char *user);

#endif
