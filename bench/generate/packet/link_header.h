/* The link layer's header, last before the wire. */
#ifndef GENERATE_LINK_HEADER_H
#define GENERATE_LINK_HEADER_H

#include "packet.h"
#include "packet/frame.h"
#include "packet/hosts.h"

#define ETHERNET_MIN 60 /* without the frame check sequence */

/* An Ethernet header with the MAC addresses that belong to the frame's from and to. */
void ethernet_prepend(struct frame *, const struct hosts *);

/* One 802.1Q-like tag: goes before the Ethernet header does. */
void tag_prepend(struct frame *, unsigned tpid, unsigned tci);

/* False where this link cannot carry what the frame begins with. */
bool link_header_prepend(struct frame *, enum link, const struct hosts *);

/* The link type of that name, LINK_UNSUPPORTED if there is none. */
enum link link_header_link(const char *name);

/* All names, for messages. */
const char *link_header_links(void);

#endif
