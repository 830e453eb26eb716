#include "sensor/privileges.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sensor/threads.h"

int privileges_find(struct privileges *p, const char *user)
{
	const struct passwd *found = user ? getpwnam(user) : NULL;

	*p = (struct privileges){.user = geteuid(), .group = getegid()};
	if (!user)
		return 0;
	if (!found)
		return -ENOENT;
	if (found->pw_uid == geteuid())
		return 0;
	if (geteuid() != 0)
		return -EPERM;
	*p = (struct privileges){found->pw_uid, found->pw_gid, 1};
	if (initgroups(user, p->group) < 0 || setresgid(p->group, p->group, p->group) < 0)
		return -errno;
	return 0;
}

int privileges_act_as_user(const struct privileges *p)
{
	return p->is_changing && seteuid(p->user) < 0 ? -errno : 0;
}

int privileges_act_as_root(const struct privileges *p)
{
	return p->is_changing && seteuid(0) < 0 ? -errno : 0;
}

/* --- in a thread ------------------------------------------------------------------------- */

/* Clearing the bounding set requires CAP_SETPCAP; without it, no_new_privs makes the set harmless.
 */
static int clear_bounding_set(void *unused)
{
	(void)unused;
	for (unsigned long c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++)
		if (prctl(PR_CAPBSET_DROP, c, 0, 0, 0) < 0)
			return 0;
	return 0;
}

static int clear_capabilities(void *unused)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	(void)unused;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &head, none) < 0)
		return -errno;
	return 0;
}

int privileges_drop(const struct privileges *p)
{
	int error = privileges_act_as_root(p);

	if (error == 0)
		error = threads_run(clear_bounding_set, NULL);
	/* In all threads: glibc does so for calls that change the user. */
	if (error == 0 && p->is_changing && setresuid(p->user, p->user, p->user) < 0)
		error = -errno;
	return error < 0 ? error : threads_run(clear_capabilities, NULL);
}

/* --- check ------------------------------------------------------------------------------- */

/* A value of /proc/self/task/N/status (proc(5)), in base 16 as capabilities are. */
static bool is_line_fine(const char *line, int filtered)
{
	static const char *const zero[] = {"CapInh:", "CapPrm:", "CapEff:", "CapAmb:"};

	for (size_t i = 0; i < sizeof(zero) / sizeof(*zero); i++)
		if (strncmp(line, zero[i], strlen(zero[i])) == 0)
			return strtoull(line + strlen(zero[i]), NULL, 16) == 0;
	if (strncmp(line, "NoNewPrivs:", 11) == 0)
		return strtoul(line + 11, NULL, 10) == 1;
	if (filtered && strncmp(line, "Seccomp:", 8) == 0)
		return strtoul(line + 8, NULL, 10) == 2;
	return true;
}

static bool is_thread_fine(const char *thread, int filtered)
{
	char path[64], line[256];
	bool is_fine = true;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%.20s/status", thread);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT; /* it has ended */
	while (is_fine && fgets(line, sizeof(line), f))
		is_fine = is_line_fine(line, filtered);
	fclose(f);
	return is_fine;
}

int privileges_check(int filtered)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *task;
	bool is_fine = tasks;

	while (is_fine && (task = readdir(tasks)))
		is_fine = task->d_name[0] == '.' || is_thread_fine(task->d_name, filtered);
	if (tasks)
		closedir(tasks);
	return is_fine ? 0 : -EPERM;
}
