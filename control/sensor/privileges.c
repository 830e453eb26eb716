#include "sensor/privileges.h"

#include <errno.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cap-ng.h>

/* Sets the supplementary groups along with the user. */
static int become(const char *user)
{
	const struct passwd *p = getpwnam(user);

	if (!p)
		return -ENOENT;
	if (geteuid() != 0)
		return p->pw_uid == geteuid() ? 0 : -EPERM;
	capng_clear(CAPNG_SELECT_BOTH);
	return capng_change_id((int)p->pw_uid, (int)p->pw_gid,
		       CAPNG_INIT_SUPP_GRP | CAPNG_CLEAR_BOUNDING) < 0
		       ? -EPERM
		       : 0;
}

int privileges_drop(const char *user)
{
	int error = user ? become(user) : 0;

	if (error)
		return error;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	capng_clear(CAPNG_SELECT_BOTH);
	/* Clearing the bounding set requires CAP_SETPCAP; without it, no_new_privs above makes the
	 * set harmless. */
	if (capng_apply(CAPNG_SELECT_BOTH) < 0 && capng_apply(CAPNG_SELECT_CAPS) < 0)
		return -EPERM;
	return 0;
}
