/* Values as a script writes them: numbers, times, addresses, flags.
 *
 * All functions are total: true and the value, or false and nothing.
 */
#ifndef GENERATE_VALUE_H
#define GENERATE_VALUE_H

#include "packet/endpoint.h"
#include "packet/hosts.h"

#define SECOND_NS 1000000000ull

/* Decimal or 0x…, at most `max`. */
bool value_number(const char *text, uint64_t max, uint64_t *);

/* `0.5`, `20ms`, `30s`, `5m`, `2h`, `07:30`, `07:30:12.5`: at most a hundred years. */
bool value_time(const char *text, uint64_t *ns);

/* `2026-01-01T00:00:00Z`, or seconds since the epoch. */
bool value_date(const char *text, uint64_t *ns);

/* `10.20.0.0/16`, `2001:db8::1`: host bits must be zero. */
bool value_prefix(const char *text, struct prefix *);

/* An address or a host's name (`fmc-1`, `fmc-1@6`), then `:PORT`, IPv6 in brackets. */
bool value_endpoint(const char *text, const struct hosts *, struct endpoint *, bool *has_port);

/* `02:00:00:00:00:07` */
bool value_mac(const char *text, uint8_t mac[static 6]);

/* `S`, `SA`, `FPA`, `none`: the letters FSRPAUEC. */
bool value_flags(const char *text, uint8_t *);

/* Pairs of hexadecimal digits; the count of bytes, or -1. */
int value_hex(const char *text, size_t length, uint8_t *to, size_t capacity);

#endif
