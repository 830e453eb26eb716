/* What ethtool says of an interface: asked of this machine's kernel, or read in a recorded tree,
 * whose file `ethtool/NAME` has what `ethtool -k NAME` and `ethtool -g NAME` printed.
 */
#ifndef PORTOLAN_ETHTOOL_H
#define PORTOLAN_ETHTOOL_H

#include <stdint.h>

struct machine_files;

enum ethtool_switch { ETHTOOL_OFF, ETHTOOL_ON, ETHTOOL_FIXED_ON };

struct ethtool_offloads {
	enum ethtool_switch gro, lro;
};

struct ethtool_ring {
	uint32_t now, most; /* receive descriptors */
};

/* 0 or a negative errno: -EOPNOTSUPP, the driver does not say. */
int ethtool_offloads(
	const struct machine_files *, const char *interface, struct ethtool_offloads *);
int ethtool_ring(const struct machine_files *, const char *interface, struct ethtool_ring *);

/* The same of a text of ethtool's. 0; -ENODATA: it is not in there. */
int ethtool_parse_offloads(const char *text, struct ethtool_offloads *);
int ethtool_parse_ring(const char *text, struct ethtool_ring *);

#endif
