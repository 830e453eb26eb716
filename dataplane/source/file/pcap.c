/* Plain pcap (draft-ietf-opsawg-pcap), version 2.4, either byte order, micro- or nanoseconds. */
#include "source/file/capture_reader.h"

#include <errno.h>
#include <stdlib.h>

#include "source/error.h"
#include "source/file/endian.h"
#include "source/link_type.h"

enum { FILE_HEADER = 24, RECORD_HEADER = 16 };

#define MAGIC_MICROSECONDS 0xa1b2c3d4u
#define MAGIC_NANOSECONDS 0xa1b23c4du

struct pcap_file {
	struct capture_reader reader;
	uint32_t ns_per_unit;
	int swapped;
	uint16_t link;
};

/* 0; -EMSGSIZE: the length is broken; -ENODATA: the record is not all there. */
static int record_at(const struct pcap_file *f, uint32_t *caplen)
{
	if (chunk_left(&f->reader.chunk) < RECORD_HEADER)
		return -ENODATA;
	*caplen = field32(chunk_here(&f->reader.chunk) + 8, f->swapped);
	if (*caplen > RECORD_BYTES_MAX)
		return -EMSGSIZE;
	return chunk_left(&f->reader.chunk) - RECORD_HEADER < *caplen ? -ENODATA : 0;
}

static void add_packet(struct pcap_file *f, struct source *s, struct burst *b, uint32_t caplen)
{
	const uint8_t *h = chunk_here(&f->reader.chunk);
	uint32_t wirelen = field32(h + 12, f->swapped);
	uint64_t fraction = (uint64_t)field32(h + 4, f->swapped) * f->ns_per_unit;
	struct packet *p = &b->packet[b->count++];

	p->data = h + RECORD_HEADER;
	p->caplen = caplen;
	p->wirelen = wirelen < caplen ? caplen : wirelen;
	p->time_ns = (uint64_t)field32(h, f->swapped) * NS_PER_S + fraction % NS_PER_S;
	p->link = f->link;
	p->interface = 0;
	source_stamp(s, b, p);
	chunk_skip(&f->reader.chunk, RECORD_HEADER + caplen);
}

static int report_broken(const struct pcap_file *f, struct source *s, int why, uint32_t caplen)
{
	unsigned long long offset = f->reader.chunk.offset;

	if (why == -EMSGSIZE)
		return source_fail(s, -EIO,
			"broken at byte %llu: a record of %u bytes; want at most %u", offset,
			caplen, RECORD_BYTES_MAX);
	return source_fail(s, -EIO, "cut at byte %llu, in the middle of a record", offset);
}

/* Records are taken as long as they lie whole in the chunk; the next call refills it. */
static int fill(struct capture_reader *r, struct source *s, struct burst *b)
{
	struct pcap_file *f = (struct pcap_file *)r;
	uint32_t caplen = 0;
	int whole = 0;

	while (record_at(f, &caplen) == -ENODATA && !f->reader.chunk.ended)
		if (block_buffer_refill(&f->reader.chunk) < 0)
			return source_fail(s, -f->reader.chunk.error, "%s",
				block_buffer_why(&f->reader.chunk));
	while (b->count < BURST_MAX && (whole = record_at(f, &caplen)) == 0)
		add_packet(f, s, b, caplen);
	if (b->count > 0 || whole == 0)
		return 1;
	if (whole == -ENODATA && chunk_left(&f->reader.chunk) == 0)
		return 0;
	return report_broken(f, s, whole, caplen);
}

static void close_file(struct capture_reader *r)
{
	struct pcap_file *f = (struct pcap_file *)r;

	block_buffer_fini(&f->reader.chunk);
	free(f);
}

static const struct reader_operations operations = {
	.fill = fill,
	.close = close_file,
};

/* 0 or -ENOTSUP: then libpcap may know better (older versions, modified formats). */
static int read_header(struct pcap_file *f)
{
	const uint8_t *h = chunk_here(&f->reader.chunk);
	uint32_t magic;

	if (chunk_left(&f->reader.chunk) < FILE_HEADER)
		return -ENOTSUP;
	magic = field32(h, 0);
	f->swapped = magic == __builtin_bswap32(MAGIC_MICROSECONDS) ||
		     magic == __builtin_bswap32(MAGIC_NANOSECONDS);
	magic = field32(h, f->swapped);
	if (magic != MAGIC_MICROSECONDS && magic != MAGIC_NANOSECONDS)
		return -ENOTSUP;
	if (field16(h + 4, f->swapped) != 2 || field16(h + 6, f->swapped) != 4)
		return -ENOTSUP;
	f->ns_per_unit = magic == MAGIC_MICROSECONDS ? 1000 : 1;
	f->link = (uint16_t)link_of((int)(field32(h + 20, f->swapped) & 0xffff));
	chunk_skip(&f->reader.chunk, FILE_HEADER);
	return 0;
}

int reader_pcap_open(struct capture_reader **out, struct block_buffer *chunk)
{
	struct pcap_file *f = calloc(1, sizeof(*f));
	int error;

	if (!f)
		return -ENOMEM;
	f->reader.chunk = *chunk;
	error = read_header(f);
	if (error < 0) {
		free(f);
		return error;
	}
	f->reader.operations = &operations;
	f->reader.is_plain = 1;
	*out = &f->reader;
	return 0;
}
