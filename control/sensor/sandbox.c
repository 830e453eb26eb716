#include "sensor/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sensor/threads.h"

/* What the headers of Debian 12 do not have yet (linux/landlock.h of later kernels). */
#define FS_REFER (1ull << 13)
#define FS_TRUNCATE (1ull << 14)
#define FS_IOCTL_DEV (1ull << 15)
#define NET_BIND_TCP (1ull << 0)
#define NET_CONNECT_TCP (1ull << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ull << 0)
#define RULE_NET_PORT 2

struct ruleset_attr {
	uint64_t fs, net, scoped;
};

struct net_port_attr {
	uint64_t access, port;
};

/* Rights of Landlock's first version (kernel 5.13), which later kernels have too. */
#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING                                                                                    \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                          \
		LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK)
#define NEVER                                                                                      \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                              \
		LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_CHAR |                       \
		LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |                     \
		LANDLOCK_ACCESS_FS_MAKE_SYM)

int sandbox_version(void)
{
	long version = syscall(
		SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);

	return version < 0 ? 0 : (int)version;
}

/* Everything that this version can restrict. */
static int create(int version, const struct sandbox *s)
{
	struct ruleset_attr attr = {.fs = READING | WRITING | NEVER};
	size_t bytes = sizeof(attr.fs);

	attr.fs |= version >= 2 ? FS_REFER : 0;
	attr.fs |= version >= 3 ? FS_TRUNCATE : 0;
	attr.fs |= version >= 5 ? FS_IOCTL_DEV : 0;
	if (version >= 4) {
		attr.net = NET_BIND_TCP | NET_CONNECT_TCP;
		bytes = sizeof(attr.fs) + sizeof(attr.net);
	}
	if (version >= 6 && !s->keeps_abstract_sockets) {
		attr.scoped = SCOPE_ABSTRACT_UNIX_SOCKET;
		bytes = sizeof(attr);
	}
	return (int)syscall(SYS_landlock_create_ruleset, &attr, bytes, 0);
}

static int allow_path(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = access};
	int error = 0;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		error = -errno;
	close(rule.parent_fd);
	return error;
}

static int allow_port(int ruleset, uint16_t port)
{
	const struct net_port_attr rule = {NET_CONNECT_TCP, port};

	return syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) < 0 ? -errno : 0;
}

static int allow(int ruleset, int version, const struct sandbox *s)
{
	const uint64_t writing = WRITING | (version >= 3 ? FS_TRUNCATE : 0);
	int error = allow_path(ruleset, "/", READING);

	if (error == 0)
		error = allow_path(ruleset, "/dev/null",
			LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
	for (size_t i = 0; i < s->directories && error == 0; i++)
		error = allow_path(ruleset, s->writable[i], READING | writing);
	for (size_t i = 0; version >= 4 && i < s->ports && error == 0; i++)
		error = allow_port(ruleset, s->port[i]);
	return error;
}

/* In a thread: the rules of its own. */
static int restrict_self(void *context)
{
	const int *ruleset = context;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		syscall(SYS_landlock_restrict_self, *ruleset, 0) < 0)
		return -errno;
	return 0;
}

int sandbox_enter(const struct sandbox *s)
{
	int version = sandbox_version(), ruleset, error;

	if (version == 0)
		return -ENOSYS;
	ruleset = create(version, s);
	if (ruleset < 0)
		return -errno;
	error = allow(ruleset, version, s);
	if (error == 0)
		error = threads_run(restrict_self, &ruleset);
	close(ruleset);
	return error;
}
