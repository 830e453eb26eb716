#include <stdio.h>
#include <string.h>

#include "machine/examination.h"

#define GROUPS "sys/kernel/iommu_groups"
#define WITHOUT "sys/module/vfio/parameters/enable_unsafe_noiommu_mode"

static bool is_intel(const struct examination *x)
{
	char text[MACHINE_TEXT_BYTES];

	machine_text(&x->files, "proc/cpuinfo", text, sizeof(text));
	return strstr(text, "GenuineIntel") != NULL;
}

static void tell_guest(struct examination *x)
{
	char text[8];

	machine_text(&x->files, WITHOUT, text, sizeof(text));
	if (text[0] == 'Y') {
		tell(x, ADVICE_OK, "iommu", "", "none in this guest; VFIO does without");
		return;
	}
	mend_with(x, "sudo modprobe vfio && echo 1 | sudo tee /" WITHOUT);
	tell(x, ADVICE_PROBLEM, "iommu", "",
		"none in this guest: VFIO takes a device only in its mode without one");
}

static void tell_none(struct examination *x)
{
	if (is_guest(x)) {
		tell_guest(x);
		return;
	}
	mend_with(x,
		"sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&%siommu=pt /' /etc/default/grub && sudo "
		"update-grub && sudo reboot",
		is_intel(x) ? "intel_iommu=on " : "");
	tell(x, ADVICE_PROBLEM, "iommu", "",
		"off%s: VFIO needs it; the firmware may have a switch too (VT-d, AMD-Vi)",
		booted_with(x, "intel_iommu=off") || booted_with(x, "iommu=off")
			? ", by the kernel's command line"
			: "");
}

/* Some port of DPDK's is given away for it. */
static bool needs_vfio(const struct examination *x)
{
	bool needs = x->ports == 0;

	for (size_t i = 0; i < x->ports; i++)
		needs |= x->port[i].for_dpdk && !x->port[i].keeps_driver;
	return x->wants_dpdk && needs;
}

static void check_vfio(struct examination *x)
{
	if (!machine_has(&x->files, "sys/module"))
		tell(x, ADVICE_UNKNOWN, "vfio", "", "sys/module: No such file or directory");
	else if (machine_has(&x->files, "sys/module/vfio_pci"))
		tell(x, ADVICE_OK, "vfio", "", "vfio-pci is there");
	else if (!needs_vfio(x))
		tell(x, ADVICE_OK, "vfio", "", "vfio-pci is not loaded; nothing here needs it");
	else {
		mend_with(x, "sudo modprobe vfio-pci");
		tell(x, ADVICE_PROBLEM, "vfio", "", "vfio-pci is not loaded");
	}
}

void check_iommu(struct examination *x)
{
	struct machine_names groups;
	int error = machine_names(&x->files, GROUPS, "", &groups);

	if (error < 0)
		tell_unread(x, "iommu", "", GROUPS, error);
	else if (groups.count > 0)
		tell(x, ADVICE_OK, "iommu", "", "on, %zu groups", groups.count + groups.left_out);
	else if (!needs_vfio(x))
		tell(x, ADVICE_OK, "iommu", "", "off; nothing here needs it");
	else
		tell_none(x);
	check_vfio(x);
}
