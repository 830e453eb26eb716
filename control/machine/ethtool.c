#include "machine/ethtool.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "machine/machine_files.h"

/* One question; these need no right. `question` begins with its command. */
static int ask(const char *interface, void *question)
{
	struct ifreq request = {.ifr_data = question};
	int fd, error = 0;

	if (strlen(interface) >= IFNAMSIZ)
		return -ENODEV;
	memcpy(request.ifr_name, interface, strlen(interface));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCETHTOOL, &request) < 0)
		error = -errno;
	close(fd);
	return error;
}

static int ask_offloads(const char *interface, struct ethtool_offloads *o)
{
	struct ethtool_value gro = {.cmd = ETHTOOL_GGRO}, flags = {.cmd = ETHTOOL_GFLAGS};
	int error = ask(interface, &gro);

	if (error == 0)
		error = ask(interface, &flags);
	if (error < 0)
		return error;
	o->gro = gro.data ? ETHTOOL_ON : ETHTOOL_OFF;
	o->lro = flags.data & ETH_FLAG_LRO ? ETHTOOL_ON : ETHTOOL_OFF;
	return 0;
}

static int ask_ring(const char *interface, struct ethtool_ring *r)
{
	struct ethtool_ringparam ring = {.cmd = ETHTOOL_GRINGPARAM};
	int error = ask(interface, &ring);

	if (error < 0)
		return error;
	*r = (struct ethtool_ring){.now = ring.rx_pending, .most = ring.rx_max_pending};
	return ring.rx_max_pending ? 0 : -EOPNOTSUPP;
}

/* What stands behind `key` at the beginning of a line; NULL: no line has it. */
static const char *value_of(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0)
			return line + length + strspn(line + length, " \t");
	}
	return NULL;
}

static int read_switch(const char *text, const char *key, enum ethtool_switch *is)
{
	const char *value = value_of(text, key);

	if (!value)
		return -ENODATA;
	if (strncmp(value, "off", 3) == 0)
		*is = ETHTOOL_OFF;
	else if (strncmp(value, "on [fixed]", 10) == 0)
		*is = ETHTOOL_FIXED_ON;
	else if (strncmp(value, "on", 2) == 0)
		*is = ETHTOOL_ON;
	else
		return -ENODATA;
	return 0;
}

int ethtool_parse_offloads(const char *text, struct ethtool_offloads *o)
{
	int error = read_switch(text, "generic-receive-offload:", &o->gro);

	return error < 0 ? error : read_switch(text, "large-receive-offload:", &o->lro);
}

static int read_size(const char *text, const char *heading, uint32_t *size)
{
	const char *part = strstr(text, heading);
	const char *value = part ? value_of(part, "RX:") : NULL;
	unsigned long n = value ? strtoul(value, NULL, 10) : 0;

	if (n == 0 || n > UINT32_MAX) /* "n/a": the driver does not say */
		return -ENODATA;
	*size = (uint32_t)n;
	return 0;
}

int ethtool_parse_ring(const char *text, struct ethtool_ring *r)
{
	int error = read_size(text, "Pre-set maximums:", &r->most);

	return error < 0 ? error : read_size(text, "Current hardware settings:", &r->now);
}

static int recorded(const struct machine_files *m, const char *interface, char *text, size_t bytes)
{
	char path[MACHINE_PATH_BYTES];

	return machine_text(m, machine_path(path, "ethtool/%s", interface), text, bytes);
}

int ethtool_offloads(
	const struct machine_files *m, const char *interface, struct ethtool_offloads *o)
{
	char text[MACHINE_TEXT_BYTES];
	int error;

	if (m->is_live)
		return ask_offloads(interface, o);
	error = recorded(m, interface, text, sizeof(text));
	return error < 0 ? error : ethtool_parse_offloads(text, o);
}

int ethtool_ring(const struct machine_files *m, const char *interface, struct ethtool_ring *r)
{
	char text[MACHINE_TEXT_BYTES];
	int error;

	if (m->is_live)
		return ask_ring(interface, r);
	error = recorded(m, interface, text, sizeof(text));
	return error < 0 ? error : ethtool_parse_ring(text, r);
}
