/* Idle limits of flows, in nanoseconds of packet time (DESIGN 4). A flow ends when the gap
 * between two of its own packets is longer than the limit of the state it is in.
 */
#ifndef PORTOLAN_TIMEOUTS_H
#define PORTOLAN_TIMEOUTS_H

#include <stdint.h>

struct flow_timeouts {
	uint64_t tcp_attempt_ns;     /* site: tcp_attempt, 30s: TCP without a handshake */
	uint64_t tcp_established_ns; /* tcp_established, 3600s */
	uint64_t tcp_closed_ns;	     /* tcp_closed, 5s */
	uint64_t udp_one_way_ns;     /* udp_one_way, 60s */
	uint64_t udp_two_way_ns;     /* udp_two_way, 180s */
	uint64_t ike_ns;	     /* ike, 3600s: 500/udp and 4500/udp */
	uint64_t other_ns;	     /* other, 60s */
};

#endif
