/* The two hellos that TLS and DTLS share: RFC 5246 7.4.1, RFC 8446 4.1, RFC 6347 4.2.1.
 */
#ifndef PORTOLAN_TLS_HELLO_H
#define PORTOLAN_TLS_HELLO_H

#include "core/protocol/validator.h"

enum { HELLO_CLIENT = 1, HELLO_SERVER = 2 };

/* Reads the body of a hello, and notes what it tells as far as its bytes are at hand. 1 if its
 * head is one; where bytes lack, the reader says so. `cookie`: the DTLS client's has one. */
int hello_read(struct reader *, unsigned type, int cookie, struct facts *);

/* Major 3 and a known minor, or DTLS's complements of them. */
static inline int hello_version(unsigned version)
{
	return (version >= 0x0300 && version <= 0x0304) || version == 0xfeff || version == 0xfefd ||
	       version == 0xfefc || version == 0x0100;
}

#endif
