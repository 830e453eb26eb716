#include "source/dpdk/buffers.h"

#include <errno.h>
#include <pcap/pcap.h>

int buffers_count(const char *path, struct buffers *out)
{
	char reason[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, reason);
	struct pcap_pkthdr *h;
	const u_char *data;

	*out = (struct buffers){0};
	if (!pcap)
		return -ENOENT;
	while (pcap_next_ex(pcap, &h, &data) == 1) {
		out->frames++;
		if (h->caplen > out->longest)
			out->longest = h->caplen;
	}
	pcap_close(pcap);
	return 0;
}
