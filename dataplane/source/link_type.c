#include "source/link_type.h"

#include <pcap/pcap.h>
#include <stddef.h>

enum link link_of(int dlt)
{
	static const struct {
		int dlt;
		enum link link;
	} known[] = {
		{DLT_EN10MB, LINK_ETHERNET}, {DLT_LINUX_SLL, LINK_SLL}, {DLT_LINUX_SLL2, LINK_SLL2},
		{DLT_RAW, LINK_RAW}, {101, LINK_RAW}, /* LINKTYPE_RAW, as files have it */
		{DLT_IPV4, LINK_RAW}, {DLT_IPV6, LINK_RAW}, {DLT_NULL, LINK_NULL},
		{DLT_LOOP, LINK_LOOP}, {DLT_PPP, LINK_PPP}, {DLT_PPP_SERIAL, LINK_PPP},
		{DLT_C_HDLC, LINK_CHDLC}, {DLT_FDDI, LINK_FDDI}, {DLT_ARCNET_LINUX, LINK_ARCNET},
		{242, LINK_IPOIB}, /* DLT_IPOIB */
		{DLT_NFLOG, LINK_NFLOG}, {DLT_PPI, LINK_PPI},
		{258, LINK_PKTAP}, /* LINKTYPE_PKTAP, as files have it */
		{149, LINK_PKTAP}, /* DLT_USER2, which Darwin used before */
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].dlt == dlt)
			return known[i].link;
	return LINK_UNSUPPORTED;
}
