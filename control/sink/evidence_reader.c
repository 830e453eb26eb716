#include "sink/evidence_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/heap.h"
#include "record/pcapng_writer.h"
#include "sink/evidence_files.h"
#include "sink/evidence_folder.h"

#define BLOCK_MAX 65536 /* of ours none is larger; what is, is passed over */
#define BLOCK_MIN 12
#define INTERFACES_MAX 256
#define NAME_BYTES 64

enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, PACKET = 6, MAGIC = 0x1a2b3c4d };
enum { COMMENT = 1, IF_NAME = 2, EPB_PACKETID = 5, IF_TSRESOL = 9 };

/* Of all files: the interfaces of the result. */
struct described {
	uint16_t link;
	char name[NAME_BYTES];
};

struct found_packet {
	uint64_t time_ns, offset;
	uint32_t length; /* of the block */
	uint32_t file;
	uint16_t interface; /* in the result */
};

struct extract {
	uint64_t packet_id;
	char told[48], also[48]; /* how comments name the finding */
	struct evidence_extracted *result;
	struct found_packet *found;
	size_t founds, room;
	struct described interface[INTERFACES_MAX];
	uint16_t interfaces;
	uint8_t block[BLOCK_MAX];
};

/* One file while it is gone through. */
struct scanned {
	const char *name;
	FILE *stream;
	uint64_t bytes, offset; /* where the block begins */
	uint32_t file;
	uint16_t interface[INTERFACES_MAX]; /* of the result, by the section's number */
	uint16_t interfaces;
	bool has_section;
};

/* Reads what is there: bytes, or nothing and 0. */
struct body {
	const uint8_t *at, *end;
};

static uint16_t u16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t u32(const uint8_t *p)
{
	return u16(p) | (uint32_t)u16(p + 2) << 16;
}

static int tell(struct extract *x, const char *name, const char *why, int error)
{
	snprintf(x->result->reason, sizeof(x->result->reason), "%s: %s", name, why);
	return error;
}

/* --- options ---------------------------------------------------------------------------------- */

struct option {
	uint16_t code, bytes;
	const uint8_t *value;
};

/* 1 with the next option, 0 at the end, -EBADMSG where one is longer than what is left. */
static int next_option(struct body *b, struct option *o)
{
	size_t left = (size_t)(b->end - b->at), padded;

	if (left < 4 || u16(b->at) == 0)
		return 0;
	o->code = u16(b->at);
	o->bytes = u16(b->at + 2);
	o->value = b->at + 4;
	padded = ((size_t)o->bytes + 3) & ~(size_t)3;
	if (padded > left - 4)
		return -EBADMSG;
	b->at += 4 + padded;
	return 1;
}

static bool is_text(const struct option *o, const char *text, bool whole)
{
	size_t bytes = strlen(text);

	return (whole ? o->bytes == bytes : o->bytes >= bytes) &&
	       memcmp(o->value, text, bytes) == 0;
}

static uint64_t id_of(const struct option *o)
{
	return o->bytes == 8 ? (uint64_t)u32(o->value + 4) << 32 | u32(o->value) : 0;
}

/* 1 if it is of the finding, 0 if not, -EBADMSG. */
static int is_of_finding(const struct extract *x, struct body options)
{
	struct option o;
	int more, is = 0;

	while ((more = next_option(&options, &o)) > 0) {
		if (o.code == EPB_PACKETID)
			is |= id_of(&o) >> 24 == x->packet_id >> 24;
		else if (o.code == COMMENT)
			is |= is_text(&o, x->told, false) || is_text(&o, x->also, true);
	}
	return more < 0 ? more : is;
}

/* --- blocks ----------------------------------------------------------------------------------- */

static int take_section(struct extract *x, struct scanned *s, struct body b)
{
	if (b.end - b.at < 16 || u32(b.at) != MAGIC || u16(b.at + 4) != 1)
		return tell(x, s->name, "is no pcapng file of this program", -EBADMSG);
	s->has_section = true;
	s->interfaces = 0;
	return 0;
}

static int same_interface(struct extract *x, const struct described *d)
{
	for (uint16_t i = 0; i < x->interfaces; i++)
		if (x->interface[i].link == d->link && strcmp(x->interface[i].name, d->name) == 0)
			return i;
	if (x->interfaces == INTERFACES_MAX)
		return -E2BIG;
	x->interface[x->interfaces] = *d;
	return x->interfaces++;
}

static int take_interface(struct extract *x, struct scanned *s, struct body b)
{
	struct described d = {.link = 0};
	int more, number, nanoseconds = 0;
	struct option o;

	if (b.end - b.at < 8 || s->interfaces == INTERFACES_MAX)
		return tell(x, s->name, "has an interface that is none", -EBADMSG);
	d.link = u16(b.at);
	b.at += 8;
	while ((more = next_option(&b, &o)) > 0) {
		if (o.code == IF_NAME)
			memcpy(d.name, o.value, o.bytes < NAME_BYTES ? o.bytes : NAME_BYTES - 1);
		nanoseconds |= o.code == IF_TSRESOL && o.bytes == 1 && o.value[0] == 9;
	}
	if (more < 0 || !nanoseconds)
		return tell(x, s->name, "does not count in nanoseconds", -EBADMSG);
	number = same_interface(x, &d);
	if (number < 0)
		return tell(x, s->name, "too many interfaces", number);
	s->interface[s->interfaces++] = (uint16_t)number;
	return 0;
}

static int add_found(struct extract *x, const struct found_packet *f)
{
	if (x->founds == EVIDENCE_EXTRACT_MAX) {
		x->result->left_out++;
		return 0;
	}
	if (x->founds == x->room) {
		size_t room = x->room ? 2 * x->room : 256;
		void *grown = heap_reallocarray(x->found, room, sizeof(*x->found));
		if (!grown)
			return -ENOMEM;
		x->found = grown;
		x->room = room;
	}
	x->found[x->founds++] = *f;
	return 0;
}

static int take_packet(struct extract *x, struct scanned *s, struct body b, uint32_t length)
{
	struct found_packet f = {.offset = s->offset, .length = length, .file = s->file};
	size_t captured;
	int is;

	if (b.end - b.at < 20 || u32(b.at) >= s->interfaces)
		return tell(x, s->name, "has a packet of no interface", -EBADMSG);
	captured = ((size_t)u32(b.at + 12) + 3) & ~(size_t)3;
	if (captured > (size_t)(b.end - b.at) - 20)
		return tell(x, s->name, "has a packet that is longer than its block", -EBADMSG);
	f.interface = s->interface[u32(b.at)];
	f.time_ns = (uint64_t)u32(b.at + 4) << 32 | u32(b.at + 8);
	is = is_of_finding(x, (struct body){b.at + 20 + captured, b.end});
	if (is < 0)
		return tell(x, s->name, "has an option that is longer than its block", is);
	return is ? add_found(x, &f) : 0;
}

/* The bytes between the lengths of a block. */
static int take_block(struct extract *x, struct scanned *s, uint32_t type, uint32_t length)
{
	struct body b = {x->block + 8, x->block + length - 4};

	if (u32(b.end) != length)
		return tell(x, s->name, "has a block of two lengths", -EBADMSG);
	if (type == SECTION)
		return take_section(x, s, b);
	if (!s->has_section)
		return tell(x, s->name, "is no pcapng file", -EBADMSG);
	if (type == INTERFACE)
		return take_interface(x, s, b);
	return type == PACKET ? take_packet(x, s, b, length) : 0;
}

/* 1: goes on; 0: the end, or what is left is no whole block (which a writer may just be writing).
 */
static int next_block(struct extract *x, struct scanned *s)
{
	uint32_t type, length;
	int error = 0;

	if (s->bytes - s->offset < BLOCK_MIN || fread(x->block, 1, 8, s->stream) != 8) {
		x->result->torn += s->offset < s->bytes;
		return 0;
	}
	type = u32(x->block);
	length = u32(x->block + 4);
	if (!s->has_section && type != SECTION)
		return tell(x, s->name, "is no pcapng file", -EBADMSG);
	if (length < BLOCK_MIN || length % 4)
		return tell(x, s->name, "has a block of a length that no block has", -EBADMSG);
	if (length > s->bytes - s->offset) {
		x->result->torn++;
		return 0;
	}
	if (length <= BLOCK_MAX) {
		if (fread(x->block + 8, 1, length - 8, s->stream) != length - 8)
			return 0;
		error = take_block(x, s, type, length);
	} else if (fseeko(s->stream, (off_t)(s->offset + length), SEEK_SET) < 0) {
		return -errno;
	}
	s->offset += length;
	return error < 0 ? error : 1;
}

/* --- files ------------------------------------------------------------------------------------ */

static FILE *open_file(int folder, const char *name, uint64_t *bytes)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	FILE *stream = NULL;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*bytes = (uint64_t)st.st_size;
		stream = fdopen(fd, "rb");
	}
	if (fd >= 0 && !stream)
		close(fd);
	return stream;
}

/* What was found before a file turned out to be none of ours counts. */
static int scan_file(struct extract *x, int folder, const char *name, uint32_t number)
{
	struct scanned s = {.name = name, .file = number};
	int more;

	s.stream = open_file(folder, name, &s.bytes);
	if (!s.stream) {
		x->result->foreign++;
		tell(x, name, "cannot be read", 0);
		return 0;
	}
	do
		more = next_block(x, &s);
	while (more > 0);
	fclose(s.stream);
	x->result->files++;
	x->result->foreign += more == -EBADMSG;
	return more == -ENOMEM ? more : 0;
}

static int by_time(const void *a, const void *b)
{
	const struct found_packet *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* --- the result ------------------------------------------------------------------------------- */

static int write_head(const struct extract *x, FILE *out)
{
	struct buffer b = {.text = NULL};
	int error;

	pcapng_section(&b, &(struct pcapng_section){.application = "portolan " PORTOLAN_VERSION});
	for (uint16_t i = 0; i < x->interfaces; i++)
		pcapng_interface(&b, x->interface[i].link, EVIDENCE_FRAME_MAX,
			x->interface[i].name[0] ? x->interface[i].name : NULL);
	error = b.error ? b.error : fwrite(b.text, 1, b.length, out) == b.length ? 0 : -EIO;
	buffer_fini(&b);
	return error;
}

/* The block as it is, with the interface's number in the result. */
static int write_packet(struct extract *x, const struct found_packet *f, FILE *from, FILE *out)
{
	const uint8_t number[4] = {(uint8_t)f->interface, (uint8_t)(f->interface >> 8)};

	if (fseeko(from, (off_t)f->offset, SEEK_SET) < 0 ||
		fread(x->block, 1, f->length, from) != f->length || u32(x->block) != PACKET ||
		u32(x->block + 4) != f->length) {
		x->result->left_out++;
		return 0;
	}
	memcpy(x->block + 8, number, sizeof(number));
	if (fwrite(x->block, 1, f->length, out) != f->length)
		return -EIO;
	x->result->packets++;
	return 0;
}

static int write_all(struct extract *x, int folder, const struct evidence_file *file, FILE *out)
{
	FILE *from = NULL;
	uint32_t number = 0;
	uint64_t bytes;
	int error = write_head(x, out);

	for (size_t i = 0; i < x->founds && error == 0; i++) {
		const struct found_packet *f = &x->found[i];
		if (!from || f->file != number) {
			if (from)
				fclose(from);
			number = f->file;
			from = open_file(folder, file[number].name, &bytes);
		}
		if (from)
			error = write_packet(x, f, from, out);
		else
			x->result->left_out++;
	}
	if (from)
		fclose(from);
	if (error == 0 && fflush(out) != 0)
		error = -errno;
	return error;
}

static int extract(struct extract *x, int folder, FILE *out)
{
	struct evidence_file *file;
	size_t files;
	int error = evidence_folder_list(folder, &file, &files);

	for (size_t i = 0; i < files && error == 0; i++)
		error = scan_file(x, folder, file[i].name, (uint32_t)i);
	if (error == 0 && x->founds == 0)
		error = -ENOENT;
	if (error == 0) {
		qsort(x->found, x->founds, sizeof(*x->found), by_time);
		error = write_all(x, folder, file, out);
	}
	free(file);
	return error;
}

int evidence_extract(
	const char *folder, const char *finding_id, FILE *out, struct evidence_extracted *result)
{
	struct extract *x = heap_calloc(1, sizeof(*x));
	int fd, error;

	*result = (struct evidence_extracted){.packets = 0};
	if (!x)
		return -ENOMEM;
	x->packet_id = evidence_packet_id(finding_id);
	x->result = result;
	snprintf(x->told, sizeof(x->told), "finding %.31s:", finding_id);
	snprintf(x->also, sizeof(x->also), "also %.31s", finding_id);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = fd < 0 ? -errno : extract(x, fd, out);
	if (fd < 0)
		tell(x, folder, strerror(-error), error);
	else
		close(fd);
	free(x->found);
	free(x);
	return error;
}
