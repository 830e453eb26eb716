/* How a packet came to us: over which interface, in which VLANs, out of which tunnel.
 *
 * Recorded, never part of a flow's key: a mirror tags the two directions differently.
 */
#ifndef PORTOLAN_ENCAP_H
#define PORTOLAN_ENCAP_H

#include <stdint.h>

#include "verdict.h"

/* The names are an interface: they appear in records. */
#define TUNNEL_LIST(X)                                                                             \
	X(NONE, "none")                                                                            \
	X(GRE, "gre")                                                                              \
	X(ERSPAN, "erspan")                                                                        \
	X(VXLAN, "vxlan")                                                                          \
	X(GENEVE, "geneve")                                                                        \
	X(IP, "ip-in-ip")                                                                          \
	X(GTP_U, "gtp-u")

#define TUNNEL_MEMBER(name, text) TUNNEL_##name,
enum tunnel { TUNNEL_LIST(TUNNEL_MEMBER) TUNNEL_COUNT };

static inline const char *tunnel_name(enum tunnel t)
{
	static const char *const name[] = {TUNNEL_LIST(LIST_NAME)};
	return name[t];
}

struct encap {
	uint32_t tunnel_id; /* GRE's key, ERSPAN's session, VNI, TEID; 0 where there is none */
	uint16_t vlan[2];   /* the first two tags, the outer one first; 0: none */
	uint16_t interface;
	uint8_t tunnel; /* enum tunnel: the one directly around what was judged */
	uint8_t is_known;
};

#endif
