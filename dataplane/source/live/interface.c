#include "source/live/interface.h"

#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "source/link_type.h"
#include "source/live/fanout.h"

static int refuse(char error[SOURCE_ERROR_BYTES], int status, const char *name, const char *why)
{
	snprintf(error, SOURCE_ERROR_BYTES, "%s: %s", name, why);
	return status;
}

static int activate_failed(
	char error[SOURCE_ERROR_BYTES], const struct interface_capture *t, int status)
{
	const char *reason = pcap_geterr(t->pcap);

	if (status == PCAP_ERROR_NO_SUCH_DEVICE)
		return refuse(error, -ENODEV, t->name, "there is no such interface");
	if (status == PCAP_ERROR_PERM_DENIED)
		return refuse(error, -EPERM, t->name,
			"permission denied; want root, or the capability CAP_NET_RAW");
	if (status == PCAP_ERROR_IFACE_NOT_UP)
		return refuse(error, -ENETDOWN, t->name, "the interface is not up");
	return refuse(error, -EIO, t->name, *reason ? reason : pcap_statustostr(status));
}

static void configure(pcap_t *pcap, const struct interface_config *c)
{
	pcap_set_snaplen(pcap, (int)c->snaplen);
	pcap_set_buffer_size(pcap, (int)c->ring_bytes);
	pcap_set_timeout(pcap, TAP_BLOCK_TIMEOUT_MS);
	pcap_set_promisc(pcap, 1);
	/* The unit of what it gives; the kernel's software stamps have nanoseconds. */
	pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
}

int interface_open(struct interface_capture *t, const char *name, const struct interface_config *c,
	char error[SOURCE_ERROR_BYTES])
{
	char reason[PCAP_ERRBUF_SIZE] = "";
	int status;

	t->name = strdup(name);
	if (!t->name)
		return -ENOMEM;
	t->pcap = pcap_create(name, reason);
	if (!t->pcap)
		return refuse(error, -EIO, name, reason);
	configure(t->pcap, c);
	status = pcap_activate(t->pcap);
	if (status < 0)
		return activate_failed(error, t, status);
	status = fanout_filter(pcap_fileno(t->pcap), 0);
	if (status < 0)
		return refuse(error, status, name, strerror(-status));
	if (pcap_setnonblock(t->pcap, 1, reason) < 0)
		return refuse(error, -EIO, name, reason);
	t->link = link_of(pcap_datalink(t->pcap));
	if (strcmp(name, "any") != 0)
		t->index = if_nametoindex(name);
	return 0;
}

void interface_close(struct interface_capture *t)
{
	if (t->pcap)
		pcap_close(t->pcap);
	free(t->name);
	*t = (struct interface_capture){0};
}

static void discard(u_char *user, const struct pcap_pkthdr *h, const u_char *data)
{
	(void)user;
	(void)h;
	(void)data;
}

void interface_drain(struct interface_capture *t)
{
	while (pcap_dispatch(t->pcap, -1, discard, NULL) > 0)
		;
}

int interface_link_flags(const struct interface_capture *t, int socket)
{
	struct ifreq request = {0};

	if (t->index == 0)
		return IFF_UP | IFF_RUNNING;
	strncpy(request.ifr_name, t->name, IFNAMSIZ - 1);
	if (ioctl(socket, SIOCGIFINDEX, &request) < 0)
		return -errno;
	if ((unsigned)request.ifr_ifindex != t->index)
		return -ENODEV;
	return ioctl(socket, SIOCGIFFLAGS, &request) < 0 ? -errno
							 : (int)(uint16_t)request.ifr_flags;
}

int interface_count(struct interface_capture *t)
{
	struct pcap_stat now;
	uint32_t received, dropped;

	if (pcap_stats(t->pcap, &now) < 0)
		return -EIO;
	received = now.ps_recv - t->counted.ps_recv; /* the dropped ones too */
	dropped = now.ps_drop - t->counted.ps_drop;
	t->loss.received += received > dropped ? received - dropped : 0;
	t->loss.dropped_kernel += dropped;
	t->loss.dropped_interface += now.ps_ifdrop - t->counted.ps_ifdrop;
	t->counted = now;
	return 0;
}
