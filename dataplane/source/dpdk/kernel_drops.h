/* What Linux knows of a network interface that some driver reads on our behalf.
 *
 * For the drivers of virtual devices that lose packets without counting them. Asks the kernel
 * each time; holds nothing but the numbers of descriptors.
 */
#ifndef PORTOLAN_KERNEL_DROPS_H
#define PORTOLAN_KERNEL_DROPS_H

#include <stddef.h>
#include <stdint.h>

/* One of /sys/class/net/NAME/statistics, e.g. "rx_dropped"; 0 where there is none. */
uint64_t interface_counter(const char *name, const char *counter);

/* The interface's IFF_ flags, or a negative errno: -ENODEV once it has gone. */
int interface_flags(const char *name);

/* How many receive queues it spreads its traffic over; 0: not known. */
unsigned interface_queues(const char *name);

/* The packet sockets of this process that are bound to the interface, whoever opened them.
 * Returns how many were written to `fd`. */
size_t interface_sockets(unsigned index, int *fd, size_t max);

/* Frames that found no room in a packet socket's ring since last asked: the kernel forgets
 * the figure as it tells it, so there must be one asker only. */
uint32_t interface_socket_drops(int fd);

#endif
