/* libpcap's link types in the core's words. */
#ifndef PORTOLAN_LINK_TYPE_H
#define PORTOLAN_LINK_TYPE_H

#include "packet.h"

/* Of a DLT_ number, as pcap_datalink() gives it. */
enum link link_of(int dlt);

#endif
