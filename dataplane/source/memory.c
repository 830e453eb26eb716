/* A capture held in memory, over and over: for benchmarks, where reading must cost nothing.
 * Frames lie as in a NIC's buffers, a buffer apart, so that no hardware prefetcher guesses the
 * next one. */
#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pair_hash.h"

#define ROUND_GAP_NS 1000000ull /* between the last packet of a round and the first of the next */

struct memory {
	struct source source;
	struct packet *packet;
	size_t packets, packets_max;
	size_t at;
	unsigned round, rounds;
	uint64_t shift_ns, span_ns;
	uint8_t *bytes;
	size_t used, mapped, stride;
};

static void memory_close(struct source *s)
{
	struct memory *m = (struct memory *)s;

	if (m->bytes)
		munmap(m->bytes, m->mapped);
	free(m->packet);
	free(m);
}

static int next_round(struct memory *m)
{
	if (m->at < m->packets)
		return 1;
	if (++m->round >= m->rounds)
		return 0;
	m->at = 0;
	m->shift_ns += m->span_ns;
	return 1;
}

static int memory_poll(struct source *s, struct burst *b)
{
	struct memory *m = (struct memory *)s;
	size_t n, left;

	burst_clear(b);
	if (m->packets == 0 || !next_round(m))
		return -ENODATA;
	n = m->packets - m->at < BURST_MAX ? m->packets - m->at : BURST_MAX;
	memcpy(b->packet, m->packet + m->at, n * sizeof(*b->packet));
	b->count = (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		b->packet[i].time_ns += m->shift_ns;
	source_stamp_burst(s, b);
	m->at += n;
	left = m->packets - m->at;
	b->ahead = m->packet + m->at;
	b->ahead_count = left < BURST_MAX ? (uint32_t)left : BURST_MAX;
	return 1;
}

static void memory_release(struct source *s, struct burst *b)
{
	(void)s;
	burst_clear(b);
}

static const struct source_operations memory_operations = {
	.name = "memory",
	.poll = memory_poll,
	.release = memory_release,
	.close = memory_close,
};

static int grow_packets(struct memory *m)
{
	size_t want = m->packets_max ? 2 * m->packets_max : 65536;
	struct packet *bigger = reallocarray(m->packet, want, sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	m->packet = bigger;
	m->packets_max = want;
	return 0;
}

static int keep(struct memory *m, const struct packet *p)
{
	size_t room = (p->caplen + m->stride - 1) / m->stride * m->stride;

	if (m->packets == m->packets_max && grow_packets(m) < 0)
		return -ENOMEM;
	if (m->used + room > m->mapped)
		return -ENOMEM;
	memcpy(m->bytes + m->used, p->data, p->caplen);
	m->packet[m->packets] = *p;
	m->packet[m->packets].data = m->bytes + m->used;
	m->packets++;
	m->used += room;
	return 0;
}

/* Of several shares each takes the address pairs that a worker would. */
static int is_ours(const struct source_memory_options *o, const struct packet *p)
{
	return o->shares < 2 || pair_hash_of(p, o->inventory) % o->shares == o->share;
}

static int load(struct memory *m, struct source *files, const struct source_memory_options *o)
{
	struct burst b;
	int got, error = 0;

	while ((got = files->operations->poll(files, &b)) >= 0 && !error)
		for (uint32_t i = 0; i < b.count && !error; i++)
			if (is_ours(o, &b.packet[i]))
				error = keep(m, &b.packet[i]);
	if (error)
		return error;
	return got == -ENODATA ? 0 : got;
}

/* Address space for the worst case: nothing but the smallest records (16 bytes of header), and
 * what the file's bytes fill. Pages that are not used cost nothing. */
static int map_arena(struct memory *m, uint64_t file_bytes)
{
	m->mapped = (size_t)(file_bytes / 16 * m->stride + file_bytes + (1u << 21));
	m->bytes = mmap(NULL, m->mapped, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->bytes == MAP_FAILED) {
		m->bytes = NULL;
		return -ENOMEM;
	}
	madvise(m->bytes, m->mapped, MADV_HUGEPAGE);
	return 0;
}

static uint64_t span_of(const struct memory *m)
{
	uint64_t first = m->packet[0].time_ns, last = first;

	for (size_t i = 0; i < m->packets; i++)
		if (m->packet[i].time_ns > last)
			last = m->packet[i].time_ns;
	return last - first + ROUND_GAP_NS;
}

int source_memory_open(struct source **out, const char *path, const struct source_memory_options *o,
	char error[SOURCE_ERROR_BYTES])
{
	struct memory *m = calloc(1, sizeof(*m));
	struct source *files = NULL;
	int status = m ? source_files_open(&files, &path, 1) : -ENOMEM;

	error[0] = '\0';
	if (m)
		m->stride = o->stride;
	if (status == 0 && files->bytes_total == 0)
		status = files->operations->poll(files, &(struct burst){0}) < 0 ? -EINVAL : -ESPIPE;
	if (status == 0)
		status = map_arena(m, files->bytes_total);
	if (status == 0)
		status = load(m, files, o);
	if (status < 0 && files)
		memcpy(error, files->error, SOURCE_ERROR_BYTES);
	if (files)
		files->operations->close(files);
	if (status < 0) {
		if (m)
			memory_close(&m->source);
		return status;
	}
	m->source.operations = &memory_operations;
	m->rounds = o->rounds;
	if (m->packets > 0)
		m->span_ns = span_of(m);
	*out = &m->source;
	return 0;
}
