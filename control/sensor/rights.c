#include "sensor/rights.h"

#include <errno.h>
#include <libgen.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/exit_status.h"
#include "base/log.h"
#include "config/settings.h"
#include "run/collector.h"
#include "sensor/sandbox.h"
#include "sensor/syscalls.h"
#include "serve/control_protocol.h"

#define WRITABLE_MAX 80
#define PORTS_MAX 80

/* Names of collectors are looked up over TCP too, where an answer is long. */
#define DOMAIN_PORT 53

/* What a running sensor needs of files and network. */
struct needs {
	char *directory[WRITABLE_MAX];
	size_t directories;
	uint16_t port[PORTS_MAX];
	size_t ports;
};

static int fail(const char *what, const char *of, int error)
{
	log_say(LOG_LEVEL_ERROR, "%s%s%s: %s", what, of ? " " : "", of ? of : "", strerror(-error));
	return EXIT_FAILED;
}

/* --- core dumps ----------------------------------------------------------------------------- */

/* A change of user sets the kernel's flag back. A sanitizer's leak check attaches to the process,
 * as a debugger does. */
static void set_core_dumps(bool dumps_core)
{
	struct rlimit none = {.rlim_cur = 0};

	if (!dumps_core && !IS_SANITIZED) {
		getrlimit(RLIMIT_CORE, &none);
		none.rlim_cur = 0;
		setrlimit(RLIMIT_CORE, &none);
	}
	prctl(PR_SET_DUMPABLE, dumps_core || IS_SANITIZED ? 1 : 0, 0, 0, 0);
}

/* --- the user ------------------------------------------------------------------------------- */

int rights_begin(struct rights *r, const char *user, bool dumps_core)
{
	int error;

	*r = (struct rights){.user = user, .dumps_core = dumps_core};
	error = privileges_find(&r->privileges, user);
	if (error == -ENOENT) {
		log_say(LOG_LEVEL_ERROR, "--user: there is no user '%.100s'", user);
		return EXIT_MISUSED;
	}
	if (error == 0)
		error = privileges_act_as_user(&r->privileges);
	if (error < 0)
		return fail("cannot become user", user, error);
	set_core_dumps(dumps_core);
	return EXIT_DONE;
}

int rights_act_as_root(const struct rights *r)
{
	int error = privileges_act_as_root(&r->privileges);

	return error < 0 ? fail("cannot go on as root", NULL, error) : EXIT_DONE;
}

/* --- the sandbox ---------------------------------------------------------------------------- */

static void may_write(struct needs *n, const char *path)
{
	char *copy = path && strcmp(path, "-") != 0 ? strdup(path) : NULL;

	if (copy && n->directories < WRITABLE_MAX)
		n->directory[n->directories++] = strdup(dirname(copy));
	free(copy);
}

static void may_write_in(struct needs *n, const char *folder)
{
	if (folder && n->directories < WRITABLE_MAX)
		n->directory[n->directories++] = strdup(folder);
}

static void may_connect(struct needs *n, uint16_t port)
{
	if (port && n->ports < PORTS_MAX)
		n->port[n->ports++] = port;
}

/* Folders that this sensor writes to: its outputs, and the sockets of its libraries; ports of its
 * collectors. */
static void list_needs(
	const struct collector_options *files, const struct settings *settings, struct needs *n)
{
	const struct output_settings *o = &settings->outputs;

	may_write(n, files->flows);
	may_write(n, files->events);
	may_write(n, files->stats);
	may_write_in(n, files->store ? files->store : settings->store.path);
	may_write_in(n, settings->evidence.path);
	may_write(n, o->control_socket);
	may_write(n, CONTROL_SOCKET);
	may_write(n, "/var/run/dpdk/rte");
	for (size_t i = 0; i < o->sinks; i++) {
		may_write(n, sink_file(&o->sink[i]));
		may_connect(n, sink_tcp_port(&o->sink[i]));
	}
	may_connect(n, n->ports > 0 ? DOMAIN_PORT : 0);
}

/* systemd's socket may be an abstract one ("@…"), which a sandbox closes. */
static int tells_systemd_abstractly(void)
{
	const char *socket = getenv("NOTIFY_SOCKET");

	return socket && socket[0] == '@';
}

static int enter_sandbox(const struct collector_options *files, const struct settings *settings)
{
	struct needs n = {.directories = 0};
	struct sandbox s;
	int error;

	list_needs(files, settings, &n);
	s = (struct sandbox){(const char *const *)n.directory, n.directories, n.port, n.ports,
		tells_systemd_abstractly()};
	error = sandbox_enter(&s);
	for (size_t i = 0; i < n.directories; i++)
		free(n.directory[i]);
	if (error != -ENOSYS && error != -EOPNOTSUPP)
		return error < 0 ? fail("cannot enter the sandbox", NULL, error) : EXIT_DONE;
	log_say(LOG_LEVEL_NOTICE, "no sandbox: this kernel has no Landlock");
	return EXIT_DONE;
}

/* --- system calls --------------------------------------------------------------------------- */

/* `filtered`: out, whether a filter is in force. */
static int restrict_syscalls(int *filtered)
{
	int error = IS_SANITIZED ? -EOPNOTSUPP : syscalls_restrict();

	*filtered = error == 0;
	if (error == -EOPNOTSUPP)
		log_say(LOG_LEVEL_NOTICE, "no filter of system calls: %s",
			IS_SANITIZED ? "this is a build with a sanitizer"
				     : "this kernel has no seccomp");
	else if (error < 0)
		return fail("cannot filter system calls", NULL, error);
	return EXIT_DONE;
}

int rights_give_up(const struct rights *r, const struct collector_options *files,
	const struct settings *settings)
{
	int error = privileges_drop(&r->privileges), filtered = 0, status;

	if (error < 0)
		return fail("cannot give up privileges", r->user, error);
	set_core_dumps(r->dumps_core);
	status = enter_sandbox(files, settings);
	if (status == EXIT_DONE)
		status = restrict_syscalls(&filtered);
	if (status == EXIT_DONE && !IS_TSAN && privileges_check(filtered) < 0) {
		log_say(LOG_LEVEL_ERROR, "a thread of this process has kept rights: not started");
		status = EXIT_FAILED;
	}
	return status;
}
