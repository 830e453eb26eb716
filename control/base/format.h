/* Formats addresses, times and numbers for people and programs. */
#ifndef PORTOLAN_FORMAT_H
#define PORTOLAN_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "address.h"

#define ADDRESS_TEXT_BYTES 46
#define TIME_TEXT_BYTES 40
#define ENDPOINT_TEXT_BYTES 64
#define FORMAT_NUMBER_BYTES 20

/* Decimal, "-" if negative; not terminated. Returns the length, at most FORMAT_NUMBER_BYTES. */
size_t format_integer(long long, char text[FORMAT_NUMBER_BYTES]);

/* Like inet_ntop(3), RFC 5952 for IPv6, but ten times as fast. Returns the length. */
size_t format_address(const struct address *, unsigned version, char text[ADDRESS_TEXT_BYTES]);

/* RFC 3339, UTC, with nine digits of a second. Returns the length. */
size_t format_time(uint64_t time_ns, char text[TIME_TEXT_BYTES]);

/* "2026-03-02 06:00:00", UTC. */
void format_time_short(uint64_t time_ns, char text[TIME_TEXT_BYTES]);

/* 1234567 as "1,234,567". */
void format_number(uint64_t n, char text[32]);

/* 1234567 as "1.2 MB". */
void format_bytes(uint64_t n, char text[32]);

/* 1234567 as "1.23M": three digits, and what a thousand times as much is called. */
void format_scaled(double n, char text[32]);

/* "740 ms", "45 s", "10 min", "2 h 5 min", "3 d 4 h": two units, without what is zero. */
void format_elapsed(uint64_t ns, char text[32]);

/* "443/tcp", "gre", "protocol 99". */
void format_port(uint8_t protocol, uint16_t port, char text[ENDPOINT_TEXT_BYTES]);

/* The IANA keyword, or the number where there is none. */
void format_protocol(uint8_t protocol, char text[ENDPOINT_TEXT_BYTES]);

#endif
