/* libpcap's link types in the core's words. */
#ifndef PORTOLAN_SOURCE_LINK_H
#define PORTOLAN_SOURCE_LINK_H

#include "packet.h"

/* Of a DLT_ number, as pcap_datalink() gives it. */
enum link link_of(int dlt);

#endif
