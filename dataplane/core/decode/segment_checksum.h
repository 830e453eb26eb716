/* The checksum of TCP and UDP (RFC 9293 section 3.1, RFC 768): a segment whose checksum is wrong
 * never reached its receiver, so it is no evidence (DESIGN 4). Pure; reads the captured bytes only.
 */
#ifndef PORTOLAN_SEGMENT_CHECKSUM_H
#define PORTOLAN_SEGMENT_CHECKSUM_H

#include "core/decode/decoded.h"

enum checksum {
	/* Not all of the segment is at hand, there is none, or it is larger than what a link
	 * carries: the sensor's own host put it together, and left the checksum as it was. */
	CHECKSUM_UNKNOWN,
	CHECKSUM_GOOD,
	CHECKSUM_BAD,
};

enum checksum checksum_of(const struct decoded *);

#endif
