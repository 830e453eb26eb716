#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/ethtool.h"
#include "machine/examination.h"

/* Whether DPDK 22.11 can hash by addresses alone (RTE_ETH_RSS_IPV4 and _IPV6), which is what the
 * symmetric key of a port needs, by the kernel's driver and by vendor and device. */
struct hash_of {
	const char *driver, *vendor, *device; /* device "": all of this vendor that are not above */
	bool is_symmetric;
};

static const struct hash_of hashes[] = {
	{"ixgbe", "0x8086", "0x10fb", true},
	{"ixgbe", "0x8086", "0x1528", true},
	{"ixgbe", "0x8086", "0x1563", true},
	{"i40e", "0x8086", "0x1572", false},
	{"i40e", "0x8086", "0x1583", false},
	{"i40e", "0x8086", "0x158b", false},
	{"ice", "0x8086", "0x1592", true},
	{"ice", "0x8086", "0x1593", true},
	{"ice", "0x8086", "0x159b", true},
	{"igb", "0x8086", "0x1521", true},
	{"igb", "0x8086", "0x1533", true},
	{"igc", "0x8086", "0x15f2", true},
	{"igc", "0x8086", "0x15f3", true},
	{"e1000e", "0x8086", "0x10d3", false},
	{"mlx5_core", "0x15b3", "", true},
	{"bnxt_en", "0x14e4", "", true},
	{"vmxnet3", "0x15ad", "0x07b0", true},
	{"ena", "0x1d0f", "", false},
};

static const struct hash_of *hash_of(const struct examination *x, const struct machine_port *p)
{
	char path[MACHINE_PATH_BYTES], vendor[16], device[16];

	machine_path(path, "sys/bus/pci/devices/%s/vendor", p->pci);
	machine_text(&x->files, path, vendor, sizeof(vendor));
	machine_path(path, "sys/bus/pci/devices/%s/device", p->pci);
	machine_text(&x->files, path, device, sizeof(device));
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		const struct hash_of *h = &hashes[i];
		bool is_device = !*h->device || strcmp(h->device, device) == 0;

		if (strcmp(h->driver, p->driver) == 0 ||
			(strcmp(h->vendor, vendor) == 0 && is_device))
			return h;
	}
	return NULL;
}

static void check_hash(struct examination *x, const struct machine_port *p)
{
	const struct hash_of *h;

	if (!p->for_dpdk) {
		tell(x, ADVICE_OK, "rss", p->name,
			"both directions of a pair reach one worker, whatever the NIC hashes");
		return;
	}
	h = hash_of(x, p);
	if (!h)
		tell(x, ADVICE_UNKNOWN, "rss", p->name,
			"not known of this NIC; the sensor's log says how packets are spread");
	else if (h->is_symmetric)
		tell(x, ADVICE_OK, "rss", p->name,
			"hashes by addresses alone: its key can be symmetric");
	else
		tell(x, ADVICE_WARNING, "rss", p->name,
			"cannot hash by addresses alone: one queue is read, and its worker hands "
			"packets to the others");
}

static bool is_given_away(const struct machine_port *p)
{
	return strcmp(p->driver, "vfio-pci") == 0 || strcmp(p->driver, "uio_pci_generic") == 0 ||
	       strcmp(p->driver, "igb_uio") == 0;
}

static void check_dpdk_driver(struct examination *x, const struct machine_port *p)
{
	if (is_given_away(p) || p->keeps_driver) {
		tell(x, ADVICE_OK, "driver", p->name, "%s", p->driver);
		return;
	}
	mend_with(x, "sudo modprobe vfio-pci && sudo dpdk-devbind.py --bind=vfio-pci %s", p->pci);
	if (p->interface[0])
		tell(x, ADVICE_PROBLEM, "driver", p->name,
			"%s holds it as %s, so DPDK cannot; bound to vfio-pci, the interface is "
			"gone",
			p->driver, p->interface);
	else
		tell(x, ADVICE_PROBLEM, "driver", p->name, "%s%s: DPDK cannot have it",
			p->driver[0] ? "bound to " : "bound to no driver", p->driver);
}

static void check_link(struct examination *x, const struct machine_port *p)
{
	char path[MACHINE_PATH_BYTES], text[32], word[QUOTED_BYTES];
	uint64_t carrier;
	int error = machine_text(&x->files,
		machine_path(path, "sys/class/net/%s/flags", p->interface), text, sizeof(text));

	if (error < 0) {
		tell_unread(x, "link", p->name, path, error);
		return;
	}
	if (!(strtoul(text, NULL, 16) & 1)) { /* IFF_UP */
		mend_with(x, "sudo ip link set dev %s up", shell_word(p->interface, word));
		tell(x, ADVICE_PROBLEM, "link", p->name, "the interface is down");
		return;
	}
	machine_path(path, "sys/class/net/%s/carrier", p->interface);
	error = machine_number(&x->files, path, &carrier);
	if (error < 0)
		tell_unread(x, "link", p->name, path, error);
	else if (carrier)
		tell(x, ADVICE_OK, "link", p->name, "up");
	else {
		mend_with(x, "ethtool %s", shell_word(p->interface, word));
		tell(x, ADVICE_PROBLEM, "link", p->name,
			"up without a carrier: the cable, or the mirror's session");
	}
}

/* A port that DPDK is not for: what is read is the interface, whose driver matters little. */
static void check_interface(struct examination *x, const struct machine_port *p)
{
	if (!p->folder[0])
		tell(x, ADVICE_OK, "driver", p->name, "no device: a virtual interface");
	else if (p->driver[0])
		tell(x, ADVICE_OK, "driver", p->name, "%s%s%s", p->driver,
			p->pci[0] ? ", PCI " : "", p->pci);
	else
		tell(x, ADVICE_UNKNOWN, "driver", p->name, "its device names none");
	check_link(x, p);
}

static void check_is_there(struct examination *x, const struct machine_port *p)
{
	const char *folder = p->for_dpdk ? "sys/bus/pci/devices" : "sys/class/net";

	if (!machine_has(&x->files, folder)) {
		tell_unread(x, "driver", p->name, folder, -ENOENT);
		return;
	}
	mend_with(x, "%s", p->for_dpdk ? "dpdk-devbind.py --status-dev net" : "ip -br link");
	tell(x, ADVICE_PROBLEM, "driver", p->name, "there is no such %s; those that are there:",
		p->for_dpdk ? "PCI device" : "interface");
}

void check_ports(struct examination *x)
{
	if (x->ports == 0)
		tell(x, ADVICE_UNKNOWN, "driver", "",
			"no NIC is found; --device or --site names a port");
	for (size_t i = 0; i < x->ports; i++) {
		const struct machine_port *p = &x->port[i];

		if (!p->is_there) {
			check_is_there(x, p);
			continue;
		}
		if (p->for_dpdk)
			check_dpdk_driver(x, p);
		else
			check_interface(x, p);
		check_hash(x, p);
	}
}

static void judge_offloads(
	struct examination *x, const struct machine_port *p, const struct ethtool_offloads *o)
{
	char word[QUOTED_BYTES];
	const char *gro = o->gro ? " gro off" : "", *lro = o->lro ? " lro off" : "";

	if (!o->gro && !o->lro) {
		tell(x, ADVICE_OK, "offloads", p->name, "GRO and LRO are off");
		return;
	}
	if (o->lro != ETHTOOL_FIXED_ON && o->gro != ETHTOOL_FIXED_ON)
		mend_with(x, "sudo ethtool -K %s%s%s", shell_word(p->interface, word), gro, lro);
	if (o->lro)
		tell(x, ADVICE_PROBLEM, "offloads", p->name,
			"LRO%s on%s: segments are merged and their headers made up, before they "
			"are seen",
			o->gro ? " and GRO are" : " is",
			o->lro == ETHTOOL_FIXED_ON ? " for good" : "");
	else
		tell(x, ADVICE_WARNING, "offloads", p->name,
			"GRO is on: segments are merged before they are seen, so packets are "
			"fewer and longer than on the wire");
}

void check_offloads(struct examination *x)
{
	for (size_t i = 0; i < x->ports; i++) {
		const struct machine_port *p = &x->port[i];
		struct ethtool_offloads o = {0};
		int error;

		if (!p->is_there || p->for_dpdk)
			continue;
		error = ethtool_offloads(&x->files, p->interface, &o);
		if (error < 0)
			tell_unread(x, "offloads", p->name, "ethtool -k", error);
		else
			judge_offloads(x, p, &o);
	}
}

static void judge_ring(
	struct examination *x, const struct machine_port *p, const struct ethtool_ring *r)
{
	char word[QUOTED_BYTES];

	if (r->now >= r->most) {
		tell(x, ADVICE_OK, "ring", p->name, "%u descriptors, the most it can have", r->now);
		return;
	}
	mend_with(x, "sudo ethtool -G %s rx %u", shell_word(p->interface, word), r->most);
	tell(x, ADVICE_WARNING, "ring", p->name, "%u descriptors of %u: bursts overflow it sooner",
		r->now, r->most);
}

void check_rings(struct examination *x)
{
	for (size_t i = 0; i < x->ports; i++) {
		const struct machine_port *p = &x->port[i];
		struct ethtool_ring r;
		int error;

		if (!p->is_there || p->for_dpdk)
			continue;
		error = ethtool_ring(&x->files, p->interface, &r);
		if (error == -EOPNOTSUPP && !p->folder[0])
			tell(x, ADVICE_OK, "ring", p->name, "none: a virtual interface");
		else if (error < 0)
			tell_unread(x, "ring", p->name, "ethtool -g", error);
		else
			judge_ring(x, p, &r);
	}
}
