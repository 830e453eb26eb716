/* The user and the capabilities of the sensor.
 *
 * A sensor that is started by root and is to become another user opens its files as that user from
 * the start, so that nothing of root's is made, followed or truncated in places of that user; only
 * opening sources and ports is done as root in between. Then everything is given up, for good and
 * in every thread.
 */
#ifndef PORTOLAN_PRIVILEGES_H
#define PORTOLAN_PRIVILEGES_H

#include <sys/types.h>

struct privileges {
	uid_t user;
	gid_t group;
	int is_changing; /* root is to become the user */
};

/* Looks the user up; NULL: the user of this process. 0; -ENOENT; -EPERM: it is another one, and
 * this process is not root. */
int privileges_find(struct privileges *, const char *user);

/* From now on files are opened and made with the user's rights. 0 or a negative errno. */
int privileges_act_as_user(const struct privileges *);

/* From now on as root again, where root has started the sensor. */
int privileges_act_as_root(const struct privileges *);

/* Becomes the user in every thread and drops all capabilities, the bounding set (where that is
 * allowed) and the right to gain any (no_new_privs) in each. 0 or a negative errno. */
int privileges_drop(const struct privileges *);

/* Reads back from the kernel that no thread of the process has a capability or may gain one, and
 * that all run under a system call filter if `filtered`. 0, or -EPERM. */
int privileges_check(int filtered);

#endif
