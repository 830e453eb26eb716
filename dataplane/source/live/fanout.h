/* Sharing one interface between several packet sockets, in the kernel (packet(7)).
 *
 * The sockets must be bound to the same interface. A socket leaves its group when closed.
 */
#ifndef PORTOLAN_FANOUT_H
#define PORTOLAN_FANOUT_H

#include <stddef.h>
#include <stdint.h>

enum fanout {
	FANOUT_PAIRS, /* a program hashes the two addresses, whichever comes first:
			 PACKET_FANOUT_CBPF */
	FANOUT_FLOWS, /* the kernel's symmetric hash of the 5-tuple, IPv4 fragments put together
		       * before: PACKET_FANOUT_HASH with PACKET_FANOUT_FLAG_DEFRAG */
};

/* Makes one group of the sockets. 0 or a negative errno; what has joined then stays. */
int fanout_join(const int *fd, size_t fds, enum fanout);

/* A socket that is closed lets nothing pass, one that is opened everything. */
int fanout_filter(int fd, int open);

#endif
