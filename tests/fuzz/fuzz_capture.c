/* Any bytes as a capture file, compressed or not: every packet that comes out lies inside what was
 * read, and the end is reached. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source.h"

#define POLLS_MAX 1000000
#define RECORD_BYTES_MAX 262144u

/* Reads each packet's first and last byte, which the sanitizer watches. */
static unsigned touch(const struct burst *b)
{
	unsigned sum = 0;

	for (uint32_t i = 0; i < b->count; i++) {
		const struct packet *p = &b->packet[i];
		if (p->caplen > RECORD_BYTES_MAX || p->wirelen < p->caplen ||
			p->link > LINK_UNSUPPORTED)
			abort();
		if (p->caplen > 0)
			sum += 1u + p->data[0] + p->data[p->caplen - 1];
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source *s;
	struct burst b;
	char path[64];
	const char *paths[1] = {path};
	int fd = memfd_create("capture", MFD_CLOEXEC), got = 0;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (source_files_open(&s, paths, 1) < 0)
		abort();
	for (unsigned i = 0; got != -ENODATA; i++) {
		got = s->operations->poll(s, &b);
		if (touch(&b) == 0 && b.count > 0 && b.packet[0].caplen > 0)
			abort();
		if (b.count > 0)
			s->operations->release(s, &b);
		if (i > POLLS_MAX)
			abort();
	}
	s->operations->close(s);
	close(fd);
	return 0;
}
