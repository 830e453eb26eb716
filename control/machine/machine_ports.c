#include "machine/machine_ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/examination.h"

/* "0000:03:00.0", also without its domain, or with DPDK's arguments behind a comma. */
static bool read_pci(const char *text, char pci[16])
{
	unsigned domain = 0, bus, device, function;
	int end = 0;

	if (sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) != 4 ||
		(text[end] && text[end] != ',')) {
		domain = 0;
		end = 0;
		if (sscanf(text, "%2x:%2x.%1x%n", &bus, &device, &function, &end) != 3 ||
			(text[end] && text[end] != ','))
			return false;
	}
	snprintf(pci, 16, "%04x:%02x:%02x.%x", domain & 0xffff, bus & 0xff, device & 0xff,
		function & 0xf);
	return true;
}

static void read_last(const struct examination *x, const char *path, char name[MACHINE_NAME_BYTES])
{
	char target[MACHINE_PATH_BYTES];
	const char *last;

	name[0] = '\0';
	if (machine_link(&x->files, path, target, sizeof(target)) < 0)
		return;
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (strlen(last) < MACHINE_NAME_BYTES)
		memcpy(name, last, strlen(last) + 1);
}

/* A virtio device lies below its PCI device: ../../../0000:00:03.0/virtio0. */
static void read_bus(const struct examination *x, struct machine_port *p)
{
	char path[MACHINE_PATH_BYTES], device[MACHINE_NAME_BYTES], target[MACHINE_PATH_BYTES];
	char *slash;

	read_last(x, p->folder, device);
	if (read_pci(device, p->pci))
		return;
	machine_path(path, "sys/bus/virtio/devices/%s", device);
	if (!device[0] || machine_link(&x->files, path, target, sizeof(target)) < 0)
		return;
	slash = strrchr(target, '/');
	if (slash)
		*slash = '\0';
	slash = slash ? strrchr(target, '/') : NULL;
	if (slash)
		read_pci(slash + 1, p->pci);
}

static void read_driver(const struct examination *x, struct machine_port *p)
{
	char path[MACHINE_PATH_BYTES], text[16];

	read_last(x, machine_path(path, "%s/driver", p->folder), p->driver);
	p->node = -1;
	if (p->pci[0])
		machine_path(path, "sys/bus/pci/devices/%s/numa_node", p->pci);
	else
		machine_path(path, "%s/numa_node", p->folder);
	if (machine_text(&x->files, path, text, sizeof(text)) == 0 && *text)
		p->node = (int)strtol(text, NULL, 10);
	p->keeps_driver = strncmp(p->driver, "mlx", 3) == 0 || strcmp(p->driver, "mana") == 0;
}

/* The interface of a PCI device: in its folder, or in that of its virtio device. */
static void read_interface(const struct examination *x, struct machine_port *p)
{
	struct machine_names names;
	char path[MACHINE_PATH_BYTES];

	if (machine_names(&x->files, machine_path(path, "%s/net", p->folder), "", &names) < 0 &&
		machine_names(&x->files, p->folder, "virtio", &names) == 0 && names.count == 1) {
		machine_path(path, "%s/%s/net", p->folder, names.name[0]);
		machine_names(&x->files, path, "", &names);
	}
	if (names.count > 0)
		snprintf(p->interface, sizeof(p->interface), "%s", names.name[0]);
}

static void read_port(struct examination *x, const char *name)
{
	struct machine_port *p = &x->port[x->ports];
	char path[MACHINE_PATH_BYTES];

	if (x->ports == PORTS_MAX)
		return;
	*p = (struct machine_port){.node = -1};
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->for_dpdk = read_pci(name, p->pci);
	if (p->for_dpdk)
		machine_path(p->folder, "sys/bus/pci/devices/%s", p->pci);
	else if (!strchr(name, '/') && name[0] != '.')
		machine_path(path, "sys/class/net/%s", name);
	else
		path[0] = '\0';
	p->is_there = machine_has(&x->files, p->for_dpdk ? p->folder : path);
	x->ports++;
	if (p->for_dpdk) {
		read_interface(x, p);
	} else if (p->is_there) {
		snprintf(p->interface, sizeof(p->interface), "%s", name);
		machine_path(p->folder, "%s/device", path);
		if (machine_has(&x->files, p->folder))
			read_bus(x, p);
		else
			p->folder[0] = '\0';
	}
	if (p->folder[0])
		read_driver(x, p);
}

/* Interfaces with a device behind them: no loopback, bridge or tunnel. */
static void find_interfaces(struct examination *x)
{
	struct machine_names names;
	char path[MACHINE_PATH_BYTES];

	if (machine_names(&x->files, "sys/class/net", "", &names) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (machine_has(&x->files,
			    machine_path(path, "sys/class/net/%s/device", names.name[i])))
			read_port(x, names.name[i]);
}

/* NICs that the kernel has given away, to VFIO or UIO. */
static void find_given_away(struct examination *x)
{
	static const char *const drivers[] = {"vfio-pci", "uio_pci_generic", "igb_uio"};
	char path[MACHINE_PATH_BYTES], class[16], pci[16];
	struct machine_names names;

	for (size_t d = 0; d < sizeof(drivers) / sizeof(drivers[0]); d++) {
		machine_path(path, "sys/bus/pci/drivers/%s", drivers[d]);
		if (machine_names(&x->files, path, "", &names) < 0)
			continue;
		for (size_t i = 0; i < names.count; i++) {
			if (!read_pci(names.name[i], pci))
				continue;
			machine_path(path, "sys/bus/pci/devices/%s/class", pci);
			machine_text(&x->files, path, class, sizeof(class));
			if (strncmp(class, "0x02", 4) == 0) /* network controller */
				read_port(x, pci);
		}
	}
}

void machine_ports_find(struct examination *x)
{
	for (size_t i = 0; i < x->devices; i++)
		read_port(x, x->device[i]);
	if (x->devices == 0) {
		find_interfaces(x);
		find_given_away(x);
	}
	for (size_t i = 0; i < x->ports; i++)
		x->wants_dpdk |= x->port[i].for_dpdk;
}
