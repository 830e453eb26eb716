/* Parses the literals of profiles and sites: ports, durations, sizes, addresses.
 *
 * Each parser accepts the whole text or nothing and leaves its result unchanged on failure. None
 * prints an error: the caller knows file, line and what is allowed.
 */
#ifndef PORTOLAN_LITERAL_H
#define PORTOLAN_LITERAL_H

#include <stdbool.h>
#include <stdint.h>

#include "address.h"
#include "verdict.h"

#define PREFIX_TEXT_BYTES 64
#define DURATION_TEXT_BYTES 32

/* Decimal digits only, no sign, no leading zero, at most `max`. 0; -EINVAL; -ERANGE. */
int literal_number(const char *text, uint64_t max, uint64_t *value);

/* 1 … 65535. 0; -EINVAL; -ERANGE. */
int literal_port(const char *text, uint16_t *port);

/* `8305/tcp`, in either case. 0; -EINVAL; -ERANGE for the port. */
int literal_port_transport(const char *text, uint16_t *port, enum transport *);

/* `0`, `500`, powers of ten (`10kB`, `100MB`, `2GB`) or of two (`10KiB`, `100MiB`, `2GiB`). 0;
 * -EINVAL; -ERANGE above 2^53. */
int literal_size_bytes(const char *text, uint64_t *bytes);

/* `500ms`, `60s`, `5m`, `1h`, `2d`; also a bare `0`. 0; -EINVAL; -ERANGE above 3650 days. */
int literal_duration_ns(const char *text, uint64_t *duration_ns);

/* The version of an address, 4 or 6; 0: it is none. `::ffff:10.0.0.1` is 10.0.0.1. */
unsigned literal_address(const char *text, struct address *);

/* `10.0.0.0/8`, `2001:db8::5`: a single address is a prefix of full length. 0; -EINVAL; -EDOM if
 * bits beyond the length are set: the result is then the network with these cleared. */
int literal_prefix(const char *text, struct prefix *);

/* `02:00:00:00:00:07`, `02-00-…` or `0200.0000.0007` as a 48-bit number, the first octet most
 * significant. 0; -EINVAL. */
int literal_mac(const char *text, uint64_t *mac);

/* Lower-case letters, digits and single hyphens between them, at most 63. */
bool literal_is_word(const char *text);

/* `10.0.0.0/8`; without the length if it is full. */
void format_prefix(const struct prefix *, char text[PREFIX_TEXT_BYTES]);

/* `1h`, `90s`, `500ms`: in the largest unit that divides it. */
void format_duration(uint64_t duration_ns, char text[DURATION_TEXT_BYTES]);

#endif
