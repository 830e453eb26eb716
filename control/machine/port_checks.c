#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/ethtool.h"
#include "machine/examination.h"

/* How DPDK spreads what a NIC receives. The key of a port is symmetric where the NIC can hash by
 * addresses alone: its driver offers RTE_ETH_RSS_IPV4 and RTE_ETH_RSS_IPV6. */
enum spread {
	SPREAD_BY_ADDRESSES,
	SPREAD_WITH_PORTS, /* types by protocol only */
	SPREAD_NONE,	   /* no types, or no table to spread by */
	SPREAD_BY_HOST,	   /* what a guest's host offers */
};

/* By the kernel's driver, and by vendor and devices where that has given the NIC away (no device:
 * all of this vendor; no vendor: by the driver only). Source: flow_type_rss_offloads and reta_size
 * that each driver of DPDK 22.11 sets in drivers/net, and the device ids there. Virtual functions
 * are left out, since they depend on what their physical function permits; so are enic and sfc,
 * which depend on the adapter's settings. */
struct hash_of {
	const char *driver, *vendor, *devices;
	enum spread spread;
};

static const struct hash_of hashes[] = {
	{"ixgbe", "0x8086",
		"0x10f7 0x10f8 0x10f9 0x10fb 0x10fc 0x1507 0x1514 0x1517 0x151c 0x1528 0x154a "
		"0x154d 0x1557 0x1558 0x1560 0x1563 0x15ab 0x15ac 0x15ad 0x15c2 0x15c4 0x15c8 "
		"0x15ce 0x15d1 0x15e4",
		SPREAD_BY_ADDRESSES},
	{"i40e", "0x8086",
		"0x101f 0x104e 0x104f 0x1572 0x1580 0x1581 0x1583 0x1584 0x1585 0x1586 0x1589 "
		"0x158a 0x158b 0x15ff 0x37ce 0x37cf 0x37d0 0x37d1 0x37d2 0x37d3",
		SPREAD_WITH_PORTS},
	{"ice", "0x8086",
		"0x124c 0x124d 0x124e 0x124f 0x151d 0x1591 0x1592 0x1593 0x1599 0x159a 0x159b "
		"0x188a 0x188b 0x188c 0x188d 0x188e 0x1890 0x1891 0x1892 0x1893 0x1897 0x1898 "
		"0x1899",
		SPREAD_BY_ADDRESSES},
	{"igb", "0x8086",
		"0x10c9 0x10e6 0x10e8 0x1526 0x150e 0x150f 0x1516 0x1521 0x1522 0x1523 0x1524 "
		"0x1533 0x1536 0x1537 0x1538 0x1539 0x157b 0x157c 0x1f40 0x1f41 0x1f45",
		SPREAD_BY_ADDRESSES},
	{"igc", "0x8086", "0x125b 0x125c 0x125d 0x15f2 0x15f3 0x15f8 0x3100 0x3102",
		SPREAD_BY_ADDRESSES},
	{"e1000e", "0x8086", "0x10d3", SPREAD_NONE},
	{"e1000", "0x8086", "0x100e 0x100f", SPREAD_NONE},
	{"mlx5_core", "0x15b3", "", SPREAD_BY_ADDRESSES},
	{"mlx4_core", "0x15b3", "", SPREAD_NONE},
	{"mana", "0x1414", "", SPREAD_BY_ADDRESSES},
	{"bnxt_en", "0x14e4", "0x16d6 0x16d7 0x16d8 0x16d9 0x16e2 0x16e3 0x1750 0x1751 0x1752",
		SPREAD_BY_ADDRESSES},
	{"cxgb4", "0x1425", "", SPREAD_BY_ADDRESSES},
	{"qede", "0x1077", "0x1634 0x1644 0x1654 0x1656 0x8070 0x8071 0x8072 0x8073",
		SPREAD_BY_ADDRESSES},
	{"nfp", "0x19ee", "0x3800 0x4000 0x6000", SPREAD_BY_ADDRESSES},
	{"atlantic", "0x1d6a", "", SPREAD_BY_ADDRESSES},
	{"ionic", "0x1dd8", "0x1002", SPREAD_BY_ADDRESSES},
	{"hns3", "", "", SPREAD_BY_ADDRESSES},
	{"hinic", "", "", SPREAD_BY_ADDRESSES},
	{"txgbe", "", "", SPREAD_BY_ADDRESSES},
	{"ngbe", "", "", SPREAD_BY_ADDRESSES},
	{"vmxnet3", "0x15ad", "0x07b0", SPREAD_BY_ADDRESSES},
	{"ena", "0x1d0f", "", SPREAD_WITH_PORTS},
	{"virtio-pci", "0x1af4", "0x1000 0x1041", SPREAD_BY_HOST},
};

static bool is_given_away(const struct machine_port *p)
{
	return strcmp(p->driver, "vfio-pci") == 0 || strcmp(p->driver, "uio_pci_generic") == 0 ||
	       strcmp(p->driver, "igb_uio") == 0;
}

static const struct hash_of *hash_of(const struct examination *x, const struct machine_port *p)
{
	char path[MACHINE_PATH_BYTES], vendor[16], device[16];

	machine_path(path, "sys/bus/pci/devices/%s/vendor", p->pci);
	machine_text(&x->files, path, vendor, sizeof(vendor));
	machine_path(path, "sys/bus/pci/devices/%s/device", p->pci);
	machine_text(&x->files, path, device, sizeof(device));
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		const struct hash_of *h = &hashes[i];
		bool is_device = strlen(device) == 6 && strstr(h->devices, device);

		if (is_given_away(p) ? strcmp(h->vendor, vendor) == 0 && (!*h->devices || is_device)
				     : strcmp(h->driver, p->driver) == 0)
			return h;
	}
	return NULL;
}

static void tell_spread(struct examination *x, const struct machine_port *p, enum spread spread)
{
	static const struct {
		enum advice_state state;
		const char *found;
	} said[] = {
		[SPREAD_BY_ADDRESSES] = {ADVICE_OK,
			"hashes by addresses alone: its key can be symmetric"},
		[SPREAD_WITH_PORTS] = {ADVICE_WARNING,
			"cannot hash by addresses alone: one queue is read, and its worker hands "
			"packets to the others"},
		[SPREAD_NONE] = {ADVICE_WARNING,
			"DPDK's driver has no hash: one queue is read, and its worker hands "
			"packets to the others"},
		[SPREAD_BY_HOST] = {ADVICE_UNKNOWN,
			"depends on whether the host offers RSS (QEMU: rss=on); the sensor's log "
			"says how packets are spread"},
	};

	tell(x, said[spread].state, "rss", p->name, "%s", said[spread].found);
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
	if (h)
		tell_spread(x, p, h->spread);
	else
		tell(x, ADVICE_UNKNOWN, "rss", p->name,
			"not known of this NIC; the sensor's log says how packets are spread");
}

static void check_dpdk_driver(struct examination *x, const struct machine_port *p)
{
	if (p->keeps_driver) {
		tell(x, ADVICE_OK, "driver", p->name,
			"%s: DPDK works beside it; the interface stays, and is not to be bound to "
			"vfio-pci",
			p->driver);
		return;
	}
	if (is_given_away(p)) {
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
