#include "source/dpdk/kernel_drops.h"

#include <dirent.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

uint64_t interface_counter(const char *name, const char *counter)
{
	char path[128], text[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", name, counter);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	return strtoull(text, NULL, 10);
}

/* One question about an interface. */
static int ask(const char *name, unsigned long question, struct ifreq *request)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;

	if (fd < 0)
		return -errno;
	strncpy(request->ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, question, request) < 0)
		error = -errno;
	close(fd);
	return error;
}

int interface_flags(const char *name)
{
	struct ifreq request = {0};
	int error = ask(name, SIOCGIFFLAGS, &request);

	return error ? error : (int)(uint16_t)request.ifr_flags;
}

unsigned interface_queues(const char *name)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq request = {.ifr_data = (char *)&channels};

	if (ask(name, SIOCETHTOOL, &request) < 0)
		return 0;
	return channels.combined_count + channels.rx_count;
}

static int is_bound_to(int fd, unsigned index)
{
	struct sockaddr_ll address = {0};
	socklen_t length = sizeof(address);
	int domain = 0;
	socklen_t size = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_PACKET &&
	       getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
	       (unsigned)address.sll_ifindex == index;
}

size_t interface_sockets(unsigned index, int *fd, size_t max)
{
	DIR *all = opendir("/proc/self/fd");
	struct dirent *entry;
	size_t found = 0;

	while (all && found < max && (entry = readdir(all))) {
		int number = (int)strtol(entry->d_name, NULL, 10);

		if (entry->d_name[0] != '.' && is_bound_to(number, index))
			fd[found++] = number;
	}
	if (all)
		closedir(all);
	return found;
}

uint32_t interface_socket_drops(int fd)
{
	struct tpacket_stats_v3 stats = {0};
	socklen_t length = sizeof(stats);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length) < 0)
		return 0;
	return stats.tp_drops;
}
