#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/examination.h"

/* Of who asks: the unit's sensor has CAP_NET_RAW whoever that is. */
static int read_capabilities(const struct examination *x, uint64_t *held)
{
	char text[MACHINE_TEXT_BYTES];
	int error = machine_text(&x->files, "proc/self/status", text, sizeof(text));
	const char *line = error < 0 ? NULL : strstr(text, "\nCapEff:");
	char *end;

	if (!line)
		return error < 0 ? error : -EINVAL;
	errno = 0;
	*held = strtoull(line + strlen("\nCapEff:"), &end, 16);
	return errno || (*end != '\n' && *end != '\0') ? -EINVAL : 0;
}

static bool has(uint64_t held, unsigned capability)
{
	return held >> capability & 1;
}

static void check_raw(struct examination *x, uint64_t held)
{
	if (has(held, CAP_NET_RAW)) {
		tell(x, ADVICE_OK, "rights", "", "CAP_NET_RAW: interfaces can be read");
		return;
	}
	mend_with(x, "sudo setcap cap_net_raw=ep \"$(command -v portolan-sensor)\"");
	tell(x, ADVICE_WARNING, "rights", "",
		"no CAP_NET_RAW, which is all that reading interfaces takes; the unit has it");
}

/* VFIO locks the memory that devices write to; without an IOMMU, DPDK asks for physical addresses.
 */
static void check_dpdk(struct examination *x, uint64_t held)
{
	char limits[MACHINE_TEXT_BYTES];
	const char *line;

	machine_text(&x->files, "proc/self/limits", limits, sizeof(limits));
	line = strstr(limits, "Max locked memory");
	line = line ? line + strlen("Max locked memory") : "";
	if (has(held, CAP_IPC_LOCK) || strncmp(line + strspn(line, " "), "unlimited", 9) == 0) {
		tell(x, ADVICE_OK, "rights", "", "memory can be locked for DPDK%s",
			has(held, CAP_SYS_NICE)
				? ""
				: "; no CAP_SYS_NICE, which is not needed: workers have no "
				  "priority of their own");
		return;
	}
	mend_with(x, "sudo setcap cap_net_raw,cap_ipc_lock=ep \"$(command -v portolan-sensor)\"");
	tell(x, ADVICE_WARNING, "rights", "",
		"neither CAP_IPC_LOCK nor unlimited locked memory: DPDK cannot be used by who "
		"asks");
}

void check_rights(struct examination *x)
{
	uint64_t held;
	int error = read_capabilities(x, &held);

	if (error < 0) {
		tell_unread(x, "rights", "", "proc/self/status", error);
		return;
	}
	check_raw(x, held);
	if (x->wants_dpdk)
		check_dpdk(x, held);
}
