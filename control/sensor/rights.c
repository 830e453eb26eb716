#include "sensor/rights.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_status.h"
#include "base/log.h"
#include "config/settings.h"
#include "run/collector.h"
#include "sensor/privileges.h"
#include "sensor/sandbox.h"
#include "serve/control_protocol.h"

#define WRITABLE_MAX 80

struct writable {
	char *directory[WRITABLE_MAX];
	size_t count;
};

static void may_write(struct writable *w, const char *path)
{
	char *copy = path && strcmp(path, "-") != 0 ? strdup(path) : NULL;

	if (copy && w->count < WRITABLE_MAX)
		w->directory[w->count++] = strdup(dirname(copy));
	free(copy);
}

/* Lists the directories that this sensor writes to: its outputs, and the sockets of its
 * libraries. */
static void list_writable(
	const struct collector_options *files, const struct output_settings *o, struct writable *w)
{
	may_write(w, files->flows);
	may_write(w, files->events);
	may_write(w, files->stats);
	for (size_t i = 0; i < o->sinks; i++)
		may_write(w, sink_file(&o->sink[i]));
	may_write(w, o->control_socket);
	may_write(w, CONTROL_SOCKET);
	may_write(w, "/var/run/dpdk/rte");
}

int rights_give_up(const char *user, const struct collector_options *files,
	const struct output_settings *outputs)
{
	struct writable w = {.count = 0};
	int error = privileges_drop(user);

	if (error < 0) {
		log_say(LOG_LEVEL_ERROR, "cannot give up privileges%s%s: %s",
			user ? " as user " : "", user ? user : "", strerror(-error));
		return EXIT_FAILED;
	}
	list_writable(files, outputs, &w);
	error = sandbox_enter((const char *const *)w.directory, w.count);
	for (size_t i = 0; i < w.count; i++)
		free(w.directory[i]);
	if (error == -ENOSYS || error == -EOPNOTSUPP)
		log_say(LOG_LEVEL_NOTICE, "no fence: this kernel has no Landlock");
	else if (error < 0)
		log_say(LOG_LEVEL_WARNING, "no fence: %s", strerror(-error));
	return EXIT_DONE;
}
