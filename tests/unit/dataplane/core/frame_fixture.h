/* Frames by hand, for the tests of the core: every function appends one layer, the outermost
 * first, and `frame_close` sets the length of the IP header that was opened last.
 */
#ifndef PORTOLAN_FRAME_FIXTURE_H
#define PORTOLAN_FRAME_FIXTURE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "address.h"
#include "packet.h"

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32 };

struct frame {
	uint8_t byte[10000];
	size_t size;
	size_t ip; /* where the last IP header begins */
};

static inline void put8(struct frame *f, unsigned n)
{
	assert_true(f->size < sizeof(f->byte));
	f->byte[f->size++] = (uint8_t)n;
}

static inline void put16(struct frame *f, unsigned n)
{
	put8(f, n >> 8 & 255);
	put8(f, n & 255);
}

static inline void put32(struct frame *f, uint32_t n)
{
	put16(f, n >> 16);
	put16(f, n & 0xffff);
}

static inline void put_fill(struct frame *f, unsigned value, size_t count)
{
	while (count-- > 0)
		put8(f, value);
}

static inline void put_bytes(struct frame *f, const void *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put8(f, ((const uint8_t *)bytes)[i]);
}

/* "10.20.0.1" or "2001:db8::1"; the version, if asked for. */
static inline struct address address_at(const char *text, unsigned *version)
{
	struct address a = {0};
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	assert_int_equal(inet_pton(family, text, a.byte + (family == AF_INET ? 12 : 0)), 1);
	if (version)
		*version = family == AF_INET ? 4 : 6;
	return a;
}

/* From 02:00:00:00:00:02. */
static inline void put_ethernet(struct frame *f, unsigned type)
{
	const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

	put_bytes(f, macs, sizeof(macs));
	put16(f, type);
}

static inline void put_vlan(struct frame *f, unsigned id, unsigned type)
{
	put16(f, id);
	put16(f, type);
}

/* `options` bytes of them, filled with no-operations. */
static inline void put_ipv4(struct frame *f, const char *source, const char *destination,
	unsigned protocol, size_t options)
{
	struct address s = address_at(source, NULL), d = address_at(destination, NULL);

	f->ip = f->size;
	put8(f, 0x40 | (unsigned)(5 + options / 4));
	put8(f, 0);
	put16(f, 0);
	put16(f, 0x1234);
	put16(f, 0);
	put8(f, 64);
	put8(f, protocol);
	put16(f, 0);
	put_bytes(f, s.byte + 12, 4);
	put_bytes(f, d.byte + 12, 4);
	put_fill(f, 1, options);
}

static inline void put_ipv6(
	struct frame *f, const char *source, const char *destination, unsigned next)
{
	struct address s = address_at(source, NULL), d = address_at(destination, NULL);

	f->ip = f->size;
	put32(f, 0x60000000);
	put16(f, 0);
	put8(f, next);
	put8(f, 64);
	put_bytes(f, s.byte, 16);
	put_bytes(f, d.byte, 16);
}

/* An extension header of 8 * (1 + more) bytes. */
static inline void put_extension(struct frame *f, unsigned next, unsigned more)
{
	put8(f, next);
	put8(f, more);
	put_fill(f, 0, 6 + 8 * (size_t)more);
}

static inline void put_ipv6_fragment(struct frame *f, unsigned next, unsigned offset_and_more)
{
	put8(f, next);
	put8(f, 0);
	put16(f, offset_and_more);
	put32(f, 0xabcd1234);
}

static inline void put_tcp(
	struct frame *f, unsigned source, unsigned destination, unsigned flags, size_t payload)
{
	put16(f, source);
	put16(f, destination);
	put32(f, flags & 0x02 ? 0x01020304 : 0x01020305); /* both sides' SYN has the same number */
	put32(f, flags & 0x10 ? 0x01020305 : 0);
	put8(f, 0x50);
	put8(f, flags);
	put16(f, 1024);
	put32(f, 0);
	put_fill(f, 0x5a, payload);
}

static inline void put_udp(struct frame *f, unsigned source, unsigned destination, size_t payload)
{
	put16(f, source);
	put16(f, destination);
	put16(f, (unsigned)(8 + payload));
	put16(f, 0);
	put_fill(f, 0x5a, payload);
}

static inline void set16(struct frame *f, size_t at, unsigned n)
{
	f->byte[at] = (uint8_t)(n >> 8);
	f->byte[at + 1] = (uint8_t)n;
}

/* The length of the last IP header is what has been put so far. */
static inline void frame_close(struct frame *f)
{
	size_t length = f->size - f->ip;

	if (f->byte[f->ip] >> 4 == 4)
		set16(f, f->ip + 2, (unsigned)length);
	else
		set16(f, f->ip + 4, (unsigned)length - 40);
}

/* A deterministic stream of numbers; the seed is printed by whoever starts one. */
struct dice {
	uint64_t state;
};

static inline struct dice dice_cast(uint64_t seed)
{
	printf("# seed %llu\n", (unsigned long long)seed);
	return (struct dice){seed};
}

/* SplitMix64. */
static inline uint64_t dice_next(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 … n - 1. */
static inline unsigned dice_below(struct dice *d, unsigned n)
{
	return (unsigned)(dice_next(d) % n);
}

#endif
