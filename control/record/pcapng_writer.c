#include "record/pcapng_writer.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/buffer.h"

enum block { SECTION = 0x0a0d0d0a, INTERFACE = 1, STATISTICS = 5, PACKET = 6 };
enum { BYTE_ORDER_MAGIC = 0x1a2b3c4d };

/* Options of every block, and of each kind (3.5.1 and the section of the block). */
enum { END_OF_OPTIONS = 0, COMMENT = 1 };
enum { SHB_HARDWARE = 2, SHB_OS = 3, SHB_USERAPPL = 4 };
enum { IF_NAME = 2, IF_TSRESOL = 9 };
enum { EPB_PACKETID = 5 };
enum { ISB_IFRECV = 4, ISB_IFDROP = 5, ISB_OSDROP = 7 };

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are written as they lie");

static void put_u16(struct buffer *b, uint16_t x)
{
	buffer_append(b, (const char *)&x, sizeof(x));
}

static void put_u32(struct buffer *b, uint32_t x)
{
	buffer_append(b, (const char *)&x, sizeof(x));
}

static void put_u64(struct buffer *b, uint64_t x)
{
	buffer_append(b, (const char *)&x, sizeof(x));
}

/* Everything is padded to 32 bits (3.1). */
static void put_padded(struct buffer *b, const void *data, size_t bytes)
{
	buffer_append(b, data, bytes);
	buffer_append(b, "\0\0\0", -bytes & 3);
}

/* The length is set by end(). Returns where the block begins. */
static size_t begin(struct buffer *b, enum block block)
{
	size_t start = b->length;

	put_u32(b, block);
	put_u32(b, 0);
	return start;
}

static void set_u32(struct buffer *b, size_t at, uint32_t x)
{
	memcpy(b->text + at, &x, sizeof(x));
}

/* A block that found no memory is taken back whole. */
static void end(struct buffer *b, size_t start)
{
	uint32_t length = (uint32_t)(b->length - start + 4);

	put_u32(b, length);
	if (b->error)
		b->length = start;
	else
		set_u32(b, start + 4, length);
}

static void put_option(struct buffer *b, uint16_t code, const void *value, size_t bytes)
{
	put_u16(b, code);
	put_u16(b, (uint16_t)bytes);
	put_padded(b, value, bytes);
}

/* Not cut inside of a character of UTF-8: its bytes after the first are 10xxxxxx. */
static size_t text_bytes(const char *text)
{
	size_t bytes = strnlen(text, PCAPNG_COMMENT_BYTES + 1);

	if (bytes <= PCAPNG_COMMENT_BYTES)
		return bytes;
	for (bytes = PCAPNG_COMMENT_BYTES; bytes > 0 && (text[bytes] & 0xc0) == 0x80; bytes--)
		;
	return bytes;
}

static void put_text(struct buffer *b, uint16_t code, const char *text)
{
	if (text)
		put_option(b, code, text, text_bytes(text));
}

static void put_number(struct buffer *b, uint16_t code, uint64_t x)
{
	put_u16(b, code);
	put_u16(b, sizeof(x));
	put_u64(b, x);
}

static void end_options(struct buffer *b)
{
	put_u32(b, END_OF_OPTIONS);
}

void pcapng_section(struct buffer *b, const struct pcapng_section *s)
{
	size_t start = begin(b, SECTION);

	put_u32(b, BYTE_ORDER_MAGIC);
	put_u16(b, 1); /* version 1.0 */
	put_u16(b, 0);
	put_u64(b, UINT64_MAX); /* length not known: the section grows */
	put_text(b, SHB_HARDWARE, s->hardware);
	put_text(b, SHB_OS, s->os);
	put_text(b, SHB_USERAPPL, s->application);
	end_options(b);
	end(b, start);
}

void pcapng_interface(struct buffer *b, uint16_t link_type, uint32_t snap_bytes, const char *name)
{
	static const uint8_t nanoseconds = 9;
	size_t start = begin(b, INTERFACE);

	put_u16(b, link_type);
	put_u16(b, 0);
	put_u32(b, snap_bytes);
	put_text(b, IF_NAME, name);
	put_option(b, IF_TSRESOL, &nanoseconds, sizeof(nanoseconds));
	end_options(b);
	end(b, start);
}

static void put_time(struct buffer *b, uint64_t time_ns)
{
	put_u32(b, (uint32_t)(time_ns >> 32));
	put_u32(b, (uint32_t)time_ns);
}

void pcapng_packet(struct buffer *b, const struct pcapng_packet *p)
{
	const uint32_t head[] = {p->interface, (uint32_t)(p->time_ns >> 32), (uint32_t)p->time_ns,
		p->caplen, p->wirelen};
	size_t start = begin(b, PACKET);

	buffer_append(b, (const char *)head, sizeof(head));
	put_padded(b, p->data, p->caplen);
	for (unsigned i = 0; i < PCAPNG_COMMENTS; i++)
		put_text(b, COMMENT, p->comment[i]);
	if (p->id)
		put_number(b, EPB_PACKETID, p->id);
	end_options(b);
	end(b, start);
}

static void put_known(struct buffer *b, uint16_t code, uint64_t x)
{
	if (x != UINT64_MAX)
		put_number(b, code, x);
}

void pcapng_statistics(
	struct buffer *b, uint32_t interface, uint64_t time_ns, const struct pcapng_loss *loss)
{
	size_t start = begin(b, STATISTICS);

	put_u32(b, interface);
	put_time(b, time_ns);
	put_known(b, ISB_IFRECV, loss->received);
	put_known(b, ISB_IFDROP, loss->dropped_interface);
	put_known(b, ISB_OSDROP, loss->dropped_os);
	end_options(b);
	end(b, start);
}
