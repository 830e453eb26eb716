/* The bare loop that a reader of captures is held against: pcap_next_ex() over a file, which
 * counts packets and bytes and does nothing else. */
#include <pcap/pcap.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	char reason[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const unsigned char *data;
	unsigned long long packets = 0, bytes = 0;
	pcap_t *pcap;
	int got;

	if (argc != 2) {
		fprintf(stderr, "usage: %s CAPTURE\n", argv[0]);
		return 2;
	}
	pcap = pcap_open_offline(argv[1], reason);
	if (!pcap) {
		fprintf(stderr, "%s: %s: %s\n", argv[0], argv[1], reason);
		return 1;
	}
	while ((got = pcap_next_ex(pcap, &header, &data)) == 1) {
		packets++;
		bytes += header->len;
	}
	pcap_close(pcap);
	printf("%llu packets, %llu bytes\n", packets, bytes);
	return got == PCAP_ERROR_BREAK ? 0 : 1;
}
