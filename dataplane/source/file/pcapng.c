/* pcapng (draft-ietf-opsawg-pcapng): sections in either byte order, any number of interfaces,
 * each with a link type and a clock of its own. Blocks that carry no packet are passed over. */
#include "source/file/capture_reader.h"

#include <errno.h>
#include <stdlib.h>

#include "source/error.h"
#include "source/file/endian.h"
#include "source/link_type.h"

enum {
	BLOCK_HEADER = 8,
	BLOCK_SMALLEST = 12,
	SECTION = 0x0a0d0d0a,
	INTERFACE = 1,
	PACKET_OBSOLETE = 2,
	PACKET_SIMPLE = 3,
	PACKET_ENHANCED = 6,
};

#define SECTION_ORDER 0x1a2b3c4du
/* A packet block with its options; libpcap's bound is 16 MiB, ours is what the chunk holds. */
#define BLOCK_BYTES_MAX (CHUNK_BYTES - 4096u)
#define INTERFACES_MAX 65536u

struct port {
	uint64_t units_per_s;
	int64_t offset_s;
	uint32_t snaplen;
	uint16_t link;
};

struct pcapng_file {
	struct capture_reader reader;
	struct port *port; /* the section's interfaces */
	uint32_t ports, ports_max;
	uint64_t skip; /* bytes of a large block without packets that are still to come */
	int swapped;
};

static int broken(const struct pcapng_file *f, struct source *s, const char *what)
{
	return source_fail(s, -EIO, "broken at byte %llu: %s",
		(unsigned long long)f->reader.chunk.offset, what);
}

/* --- interfaces ---------------------------------------------------------------------- */

/* if_tsresol: a power of ten, or with the top bit of two; 0 if it cannot be said in 64 bits. */
static uint64_t units_of(uint8_t resolution)
{
	uint64_t units = 1;
	unsigned power = resolution & 0x7f;

	if (resolution & 0x80)
		return power < 64 ? (uint64_t)1 << power : 0;
	for (unsigned i = 0; i < power; i++)
		if (__builtin_mul_overflow(units, 10, &units))
			return 0;
	return units;
}

/* Options if_tsresol (9) and if_tsoffset (14); the others are passed over. */
static void read_options(struct port *p, const uint8_t *at, size_t bytes, int swapped)
{
	while (bytes >= 4) {
		uint16_t code = field16(at, swapped), length = field16(at + 2, swapped);
		size_t padded = 4 + (((size_t)length + 3) & ~(size_t)3);
		if (code == 0 || padded > bytes)
			return;
		if (code == 9 && length >= 1)
			p->units_per_s = units_of(at[4]);
		else if (code == 14 && length >= 8)
			p->offset_s = (int64_t)field64(at + 4, swapped);
		at += padded;
		bytes -= padded;
	}
}

static int add_interface(struct pcapng_file *f, struct source *s, const uint8_t *body, size_t bytes)
{
	struct port p = {.units_per_s = 1000000};
	uint32_t want = f->ports_max ? 2 * f->ports_max : 4;

	if (bytes < 8)
		return broken(f, s, "an interface without its link type");
	if (f->ports == INTERFACES_MAX)
		return broken(f, s, "more than 65536 interfaces");
	p.link = (uint16_t)link_of(field16(body, f->swapped));
	p.snaplen = field32(body + 4, f->swapped);
	read_options(&p, body + 8, bytes - 8, f->swapped);
	if (p.units_per_s == 0)
		return broken(f, s, "a time resolution finer than 64 bits can say");
	if (f->ports == f->ports_max) {
		struct port *bigger = reallocarray(f->port, want, sizeof(*bigger));
		if (!bigger)
			return source_fail(s, -ENOMEM, "%s", strerror(ENOMEM));
		f->port = bigger;
		f->ports_max = want;
	}
	f->port[f->ports++] = p;
	return 0;
}

/* --- packets ------------------------------------------------------------------------- */

static uint64_t time_of(const struct port *p, uint64_t units)
{
	__extension__ typedef unsigned __int128 uint128;
	uint64_t seconds = units / p->units_per_s;
	uint64_t ns = (uint64_t)((uint128)(units % p->units_per_s) * NS_PER_S / p->units_per_s);

	if (p->offset_s >= 0)
		return time_from(seconds + (uint64_t)p->offset_s < seconds
					 ? UINT64_MAX
					 : seconds + (uint64_t)p->offset_s,
			ns);
	return time_from(
		seconds > 0 - (uint64_t)p->offset_s ? seconds + (uint64_t)p->offset_s : 0, ns);
}

struct found {
	uint32_t interface, caplen, wirelen;
	uint64_t units;
	int timed;
	const uint8_t *data;
	size_t room; /* bytes of the body from `data` on */
};

static int add_packet(
	struct pcapng_file *f, struct source *s, struct burst *b, const struct found *found)
{
	struct packet *p = &b->packet[b->count];

	if (found->interface >= f->ports)
		return broken(f, s, "a packet of an interface that was never described");
	if (found->caplen > found->room || found->caplen > RECORD_BYTES_MAX)
		return broken(f, s, "a packet that is longer than its block");
	b->count++;
	p->data = found->data;
	p->caplen = found->caplen;
	p->wirelen = found->wirelen < found->caplen ? found->caplen : found->wirelen;
	p->time_ns = found->timed ? time_of(&f->port[found->interface], found->units) : s->now_ns;
	p->link = f->port[found->interface].link;
	p->interface = (uint16_t)found->interface;
	source_stamp(s, b, p);
	return 0;
}

/* Enhanced, and the obsolete one, which has two bytes of interface and two of drops. */
static int timed_packet(struct pcapng_file *f, struct source *s, struct burst *b, uint32_t type,
	const uint8_t *body, size_t bytes)
{
	struct found found = {.timed = 1};

	if (bytes < 20)
		return broken(f, s, "a packet block that is too short");
	found.interface =
		type == PACKET_ENHANCED ? field32(body, f->swapped) : field16(body, f->swapped);
	found.units = (uint64_t)field32(body + 4, f->swapped) << 32 | field32(body + 8, f->swapped);
	found.caplen = field32(body + 12, f->swapped);
	found.wirelen = field32(body + 16, f->swapped);
	found.data = body + 20;
	found.room = bytes - 20;
	return add_packet(f, s, b, &found);
}

/* Of the first interface, without a time: it gets the stream's. */
static int simple_packet(
	struct pcapng_file *f, struct source *s, struct burst *b, const uint8_t *body, size_t bytes)
{
	struct found found = {0};

	if (bytes < 4)
		return broken(f, s, "a packet block that is too short");
	found.wirelen = field32(body, f->swapped);
	found.caplen = found.wirelen;
	if (f->ports > 0 && f->port[0].snaplen > 0 && found.caplen > f->port[0].snaplen)
		found.caplen = f->port[0].snaplen;
	found.data = body + 4;
	found.room = bytes - 4;
	return add_packet(f, s, b, &found);
}

/* --- blocks -------------------------------------------------------------------------- */

/* A section's length is in the byte order that its body declares. */
static int enter_section(struct pcapng_file *f, struct source *s)
{
	uint32_t order;

	if (chunk_left(&f->reader.chunk) < BLOCK_HEADER + 4)
		return broken(f, s, "cut in a section's header");
	order = field32(chunk_here(&f->reader.chunk) + BLOCK_HEADER, 0);
	if (order != SECTION_ORDER && order != __builtin_bswap32(SECTION_ORDER))
		return broken(f, s, "a section without the byte-order magic");
	f->swapped = order != SECTION_ORDER;
	f->ports = 0;
	return 0;
}

/* The next block's type and length. 1; 0 if it is not all in the chunk; negative: broken. */
static int block_at(struct pcapng_file *f, struct source *s, uint32_t *type, uint32_t *length)
{
	const uint8_t *h = chunk_here(&f->reader.chunk);
	int error;

	if (chunk_left(&f->reader.chunk) < BLOCK_SMALLEST)
		return 0;
	*type = field32(h, 0);
	if (*type == SECTION) {
		error = enter_section(f, s);
		if (error < 0)
			return error;
	}
	*type = field32(h, f->swapped);
	*length = field32(h + 4, f->swapped);
	if (*length < BLOCK_SMALLEST || *length % 4 != 0)
		return broken(f, s, "a block whose length cannot be");
	if (*length > BLOCK_BYTES_MAX) {
		if (*type == INTERFACE || *type == PACKET_ENHANCED || *type == PACKET_SIMPLE ||
			*type == PACKET_OBSOLETE)
			return broken(f, s, "a packet block of more than a mebibyte");
		f->skip = *length;
		return 1;
	}
	return chunk_left(&f->reader.chunk) >= *length;
}

static int take_block(
	struct pcapng_file *f, struct source *s, struct burst *b, uint32_t type, uint32_t length)
{
	const uint8_t *body = chunk_here(&f->reader.chunk) + BLOCK_HEADER;
	size_t bytes = length - BLOCK_SMALLEST;
	int error = 0;

	if (type == PACKET_ENHANCED || type == PACKET_OBSOLETE)
		error = timed_packet(f, s, b, type, body, bytes);
	else if (type == PACKET_SIMPLE)
		error = simple_packet(f, s, b, body, bytes);
	else if (type == INTERFACE)
		error = add_interface(f, s, body, bytes);
	if (error == 0)
		chunk_skip(&f->reader.chunk, length);
	return error;
}

/* Passes over what is left of a large block; 0 where the chunk holds no more of it. */
static int skip_on(struct pcapng_file *f)
{
	size_t left = chunk_left(&f->reader.chunk);
	size_t now = f->skip < left ? (size_t)f->skip : left;

	chunk_skip(&f->reader.chunk, now);
	f->skip -= now;
	return f->skip == 0;
}

/* 1: went on; 0: the chunk holds no whole block; negative: broken. */
static int take_next(struct pcapng_file *f, struct source *s, struct burst *b)
{
	uint32_t type = 0, length = 0;
	int whole = f->skip > 0 ? 1 : block_at(f, s, &type, &length);
	int error;

	if (whole < 1)
		return whole;
	if (f->skip > 0)
		return skip_on(f);
	error = take_block(f, s, b, type, length);
	return error < 0 ? error : 1;
}

static int fill(struct capture_reader *r, struct source *s, struct burst *b)
{
	struct pcapng_file *f = (struct pcapng_file *)r;
	int went = 1;

	/* What is broken is said when nothing is left to be handed over. */
	while (b->count < BURST_MAX) {
		went = take_next(f, s, b);
		if (went == 0 && b->count == 0 && !f->reader.chunk.ended) {
			if (block_buffer_refill(&f->reader.chunk) < 0)
				return source_fail(s, -f->reader.chunk.error, "%s",
					block_buffer_why(&f->reader.chunk));
			continue;
		}
		if (went < 1)
			break;
	}
	if (b->count > 0)
		return 1;
	if (went < 0)
		return went;
	if (chunk_left(&f->reader.chunk) == 0 && f->skip == 0)
		return 0;
	return source_fail(s, -EIO, "cut at byte %llu, in the middle of a block",
		(unsigned long long)f->reader.chunk.offset);
}

static void close_file(struct capture_reader *r)
{
	struct pcapng_file *f = (struct pcapng_file *)r;

	block_buffer_fini(&f->reader.chunk);
	free(f->port);
	free(f);
}

static const struct reader_operations operations = {
	.fill = fill,
	.close = close_file,
};

int reader_pcapng_open(struct capture_reader **out, struct block_buffer *chunk)
{
	struct pcapng_file *f;

	if (chunk_left(chunk) < BLOCK_SMALLEST || field32(chunk_here(chunk), 0) != SECTION)
		return -ENOTSUP;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->reader.chunk = *chunk;
	f->reader.operations = &operations;
	f->reader.is_plain = 1;
	*out = &f->reader;
	return 0;
}
