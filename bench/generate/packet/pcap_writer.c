#include "packet/pcap_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES (1u << 20)
#define PCAP_MAGIC_MICRO 0xa1b2c3d4u
#define PCAP_MAGIC_NANO 0xa1b23c4du
#define NG_SECTION 0x0a0d0d0au
#define NG_INTERFACE 1u
#define NG_PACKET 6u
#define NG_BYTE_ORDER 0x1a2b3c4du
#define NG_OPTION_TSRESOL 9u

struct capture {
	int fd;
	int error;
	struct capture_format format;
	uint32_t snaplen;
	size_t used;
	uint8_t buffer[BUFFER_BYTES];
};

static void flush(struct capture *c)
{
	const uint8_t *from = c->buffer;

	while (c->used && !c->error) {
		ssize_t done = write(c->fd, from, c->used);
		if (done >= 0) {
			from += done;
			c->used -= (size_t)done;
		} else if (errno != EINTR) {
			c->error = -errno;
		}
	}
	c->used = 0;
}

static void put(struct capture *c, const void *from, size_t length)
{
	const uint8_t *byte = from;

	while (length) {
		size_t room = BUFFER_BYTES - c->used;
		size_t part = length < room ? length : room;
		memcpy(c->buffer + c->used, byte, part);
		c->used += part;
		byte += part;
		length -= part;
		if (c->used == BUFFER_BYTES)
			flush(c);
	}
}

static void put_u32(struct capture *c, uint32_t value)
{
	const uint8_t byte[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
		(uint8_t)(value >> 24)};

	put(c, byte, sizeof(byte));
}

/* Two 16-bit numbers, the first one first in the file. */
static void put_u16s(struct capture *c, uint32_t first, uint32_t second)
{
	put_u32(c, first | second << 16);
}

static void pcap_header(struct capture *c, enum link link)
{
	put_u32(c, c->format.micro ? PCAP_MAGIC_MICRO : PCAP_MAGIC_NANO);
	put_u16s(c, 2, 4);
	put_u32(c, 0);
	put_u32(c, 0);
	put_u32(c, c->snaplen);
	put_u32(c, link_number(link));
}

static void pcap_packet(
	struct capture *c, uint64_t time_ns, const void *bytes, uint32_t caplen, uint32_t wirelen)
{
	uint32_t fraction = (uint32_t)(time_ns % 1000000000u);

	put_u32(c, (uint32_t)(time_ns / 1000000000u));
	put_u32(c, c->format.micro ? fraction / 1000 : fraction);
	put_u32(c, caplen);
	put_u32(c, wirelen);
	put(c, bytes, caplen);
}

static void pcapng_header(struct capture *c, enum link link)
{
	const uint32_t section_bytes = 28, interface_bytes = 32;

	put_u32(c, NG_SECTION);
	put_u32(c, section_bytes);
	put_u32(c, NG_BYTE_ORDER);
	put_u16s(c, 1, 0);
	put_u32(c, UINT32_MAX); /* section length unknown: 64 bits of -1 */
	put_u32(c, UINT32_MAX);
	put_u32(c, section_bytes);

	put_u32(c, NG_INTERFACE);
	put_u32(c, interface_bytes);
	put_u16s(c, link_number(link), 0);
	put_u32(c, c->snaplen);
	put_u16s(c, NG_OPTION_TSRESOL, 1);
	put_u32(c, c->format.micro ? 6 : 9);
	put_u32(c, 0); /* end of options */
	put_u32(c, interface_bytes);
}

static void pcapng_packet(
	struct capture *c, uint64_t time_ns, const void *bytes, uint32_t caplen, uint32_t wirelen)
{
	static const uint8_t padding[3];
	uint64_t stamp = c->format.micro ? time_ns / 1000 : time_ns;
	uint32_t padded = (caplen + 3) & ~3u;

	put_u32(c, NG_PACKET);
	put_u32(c, 32 + padded);
	put_u32(c, 0);
	put_u32(c, (uint32_t)(stamp >> 32));
	put_u32(c, (uint32_t)stamp);
	put_u32(c, caplen);
	put_u32(c, wirelen);
	put(c, bytes, caplen);
	put(c, padding, padded - caplen);
	put_u32(c, 32 + padded);
}

int capture_open(struct capture **capture, const char *path, struct capture_format format,
	enum link link, uint32_t snaplen)
{
	struct capture *c = malloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->error = 0;
	c->used = 0;
	c->format = format;
	c->snaplen = snaplen;
	c->fd = strcmp(path, "-") == 0 ? dup(STDOUT_FILENO)
				       : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (c->fd < 0) {
		int error = -errno;
		free(c);
		return error;
	}
	if (format.pcapng)
		pcapng_header(c, link);
	else
		pcap_header(c, link);
	*capture = c;
	return 0;
}

void capture_add(
	struct capture *c, uint64_t time_ns, const void *bytes, uint32_t caplen, uint32_t wirelen)
{
	if (caplen > c->snaplen)
		caplen = c->snaplen;
	if (c->format.pcapng)
		pcapng_packet(c, time_ns, bytes, caplen, wirelen);
	else
		pcap_packet(c, time_ns, bytes, caplen, wirelen);
}

int capture_close(struct capture *c)
{
	int error;

	flush(c);
	if (close(c->fd) < 0 && !c->error)
		c->error = -errno;
	error = c->error;
	free(c);
	return error;
}
