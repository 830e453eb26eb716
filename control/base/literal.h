/* The small words of a profile or a site, as values: ports, durations, addresses.
 *
 * Every reader takes the whole text or nothing and leaves its result alone on failure.
 * None of them complains: the caller knows the file, the line and what would be right.
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

/* `0`, `500`, `10kB`, `100MB`, `2GB` in powers of ten, `10KiB`, `100MiB`, `2GiB` of two. 0;
 * -EINVAL; -ERANGE above 2^53. */
int literal_size_bytes(const char *text, uint64_t *bytes);

/* `500ms`, `60s`, `5m`, `1h`, `2d`; a bare `0` too. 0; -EINVAL; -ERANGE above 3650 days. */
int literal_duration_ns(const char *text, uint64_t *duration_ns);

/* `10.0.0.0/8`, `2001:db8::5`: a single address is a prefix of its full length. 0; -EINVAL;
 * -EDOM where bits beyond the length are set: the prefix is then the network around it. */
int literal_prefix(const char *text, struct prefix *);

/* `02:00:00:00:00:07`, `02-00-…` or `0200.0000.0007` as 48 bits, the first octet in the
 * highest of them. 0; -EINVAL. */
int literal_mac(const char *text, uint64_t *mac);

/* Lower-case letters, digits and single hyphens between them, at most 63. */
bool literal_is_word(const char *text);

/* `10.0.0.0/8`; without the length where it is the full one. */
void format_prefix(const struct prefix *, char text[PREFIX_TEXT_BYTES]);

/* `1h`, `90s`, `500ms`: in the largest unit that divides it. */
void format_duration(uint64_t duration_ns, char text[DURATION_TEXT_BYTES]);

#endif
