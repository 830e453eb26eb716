/* An examination of a machine: what keeps it from capturing well, each finding with the command
 * that mends it. Reads, and changes nothing.
 *
 * What cannot be read is told as that, never as well. Texts of a finding are plain (plain_text),
 * but for the command of one about a name that a shell would not take as it is: that is quoted.
 */
#ifndef PORTOLAN_EXAMINATION_H
#define PORTOLAN_EXAMINATION_H

#include <stdbool.h>
#include <stddef.h>

#include "machine/cpu_set.h"
#include "machine/machine_files.h"

#define ADVICE_STATE_LIST(X)                                                                       \
	X(OK, "ok")                                                                                \
	X(WARNING, "warning")                                                                      \
	X(PROBLEM, "problem")                                                                      \
	X(UNKNOWN, "cannot tell")

#define ADVICE_STATE_MEMBER(name, text) ADVICE_##name,
enum advice_state { ADVICE_STATE_LIST(ADVICE_STATE_MEMBER) ADVICE_STATES };

const char *advice_state_name(enum advice_state);

struct advice {
	enum advice_state state;
	const char *check;   /* "hugepages" */
	const char *subject; /* a port, a node; "": the machine */
	const char *found;
	const char *command; /* that mends it; "": none */
};

#define PORTS_MAX 64
#define ADVICE_FOUND_BYTES 512
#define ADVICE_COMMAND_BYTES 512

/* A port to capture from. */
struct machine_port {
	char name[MACHINE_NAME_BYTES];	    /* as asked for */
	char interface[MACHINE_NAME_BYTES]; /* the kernel's; "": it has none */
	char pci[16];			    /* "0000:03:00.0"; "": it is none */
	char folder[MACHINE_PATH_BYTES];    /* of its device in the tree; "": it has none */
	char driver[MACHINE_NAME_BYTES];    /* "": none */
	int node;			    /* NUMA; -1: not told */
	bool is_there, for_dpdk;
	bool keeps_driver; /* DPDK's works beside the kernel's: nothing is to be bound */
};

struct examination {
	/* Asked for; all may be left out. */
	const char *const *device; /* names of interfaces, PCI addresses */
	size_t devices;
	const char *site;   /* that has the lcores */
	const char *lcores; /* DPDK's, as in a site */
	bool wants_dpdk;    /* whatever the devices are */
	void (*tell)(void *context, const struct advice *);
	void *context;
	/* What it is about; made by examination_run(). */
	struct machine_files files;
	struct machine_port port[PORTS_MAX];
	size_t ports;
	struct cpu_set cores; /* of `lcores` */
	bool has_cores;
	char command[ADVICE_COMMAND_BYTES]; /* for the next finding */
	unsigned told[ADVICE_STATES];
};

/* `root` NULL: this machine, else a recorded tree. 0, or a negative errno if there is none. */
int examination_run(struct examination *, const char *root);

/* --- for checks ----------------------------------------------------------------------- */

/* The command that mends what is told next. */
void mend_with(struct examination *, const char *format, ...) __attribute__((format(printf, 2, 3)));

void tell(struct examination *, enum advice_state, const char *check, const char *subject,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Tells that something cannot be told, and why: a negative errno. */
void tell_unread(
	struct examination *, const char *check, const char *subject, const char *what, int error);

#define QUOTED_BYTES (MACHINE_NAME_BYTES * 4 + 3)
/* A name as a word of a shell's line. */
const char *shell_word(const char *name, char word[QUOTED_BYTES]);

/* Whether the kernel's command line has a word that begins so. */
bool booted_with(const struct examination *, const char *word);

bool is_guest(const struct examination *);

#define CHECK_LIST(X)                                                                              \
	X(ports)                                                                                   \
	X(offloads)                                                                                \
	X(rings)                                                                                   \
	X(hugepages)                                                                               \
	X(iommu)                                                                                   \
	X(cores)                                                                                   \
	X(rights)                                                                                  \
	X(kernel)                                                                                  \
	X(clock)

#define CHECK_DECLARATION(name) void check_##name(struct examination *);
CHECK_LIST(CHECK_DECLARATION)

#endif
