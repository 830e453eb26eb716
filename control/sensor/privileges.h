/* Drops privileges for good once the sources are open. */
#ifndef PORTOLAN_PRIVILEGES_H
#define PORTOLAN_PRIVILEGES_H

/* Drops all capabilities of this thread and those it starts from now on; executed programs get
 * none. With `user` the process first becomes that user (from root only). 0 or a negative errno. */
int privileges_drop(const char *user);

#endif
