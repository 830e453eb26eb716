/* Captures that libpcap reads for us: older and modified formats. It reads what the buffer has and
 * what comes behind it through a FILE of our own. Its bytes live until its next call, so a burst's
 * are copied into an arena of the reader's own. */
#include "source/file/capture_reader.h"

#include <assert.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>

#include "source/error.h"
#include "source/file/endian.h"
#include "source/link_type.h"

/* A burst of ordinary frames fits a few times over, and the largest record once. */
#define ARENA_BYTES (1u << 20)

static_assert(ARENA_BYTES > RECORD_BYTES_MAX, "any record fits");

struct libpcap_file {
	struct capture_reader reader;
	pcap_t *pcap;
	uint16_t link;
	/* A record that libpcap gave and the last burst had no room for. */
	const struct pcap_pkthdr *held;
	const uint8_t *held_data;
	int failed; /* libpcap gave up after packets that had to be handed over first */
	uint8_t arena[ARENA_BYTES];
};

static uint64_t time_of(const struct pcap_pkthdr *h)
{
	return time_from(h->ts.tv_sec < 0 ? 0 : (uint64_t)h->ts.tv_sec, (uint64_t)h->ts.tv_usec);
}

static void add_packet(struct libpcap_file *f, struct source *s, struct burst *b, size_t *used)
{
	const struct pcap_pkthdr *h = f->held;
	struct packet *p = &b->packet[b->count++];

	memcpy(f->arena + *used, f->held_data, h->caplen);
	*p = (struct packet){
		.data = f->arena + *used,
		.caplen = h->caplen,
		.wirelen = h->len < h->caplen ? h->caplen : h->len,
		.time_ns = time_of(h),
		.link = f->link,
	};
	source_stamp(s, b, p);
	*used += (h->caplen + 63) & ~(size_t)63;
	f->held = NULL;
}

/* 1: a record is held; 0: the file has ended; negative: it is broken. */
static int hold_next(struct libpcap_file *f, struct source *s)
{
	struct pcap_pkthdr *h;
	int got;

	if (f->held)
		return 1;
	got = pcap_next_ex(f->pcap, &h, &f->held_data);
	if (got == 1) {
		f->held = h;
		return 1;
	}
	if (got == PCAP_ERROR_BREAK)
		return 0;
	return source_fail(s, -EIO, "broken: %s", pcap_geterr(f->pcap));
}

static int fill(struct capture_reader *r, struct source *s, struct burst *b)
{
	struct libpcap_file *f = (struct libpcap_file *)r;
	size_t used = 0;
	int got = f->failed ? f->failed : 1;

	while (got == 1 && b->count < BURST_MAX && (got = hold_next(f, s)) == 1) {
		if (f->held->caplen > ARENA_BYTES)
			return source_fail(
				s, -EIO, "broken: a record of %u bytes", f->held->caplen);
		if (used + f->held->caplen > ARENA_BYTES)
			break;
		add_packet(f, s, b, &used);
	}
	if (got < 0)
		f->failed = got; /* what is broken stays so: a pipe would be waited for */
	return b->count > 0 ? 1 : got;
}

/* libpcap closes the FILE with itself. */
static void close_file(struct capture_reader *r)
{
	struct libpcap_file *f = (struct libpcap_file *)r;

	if (f->pcap)
		pcap_close(f->pcap);
	block_buffer_fini(&f->reader.chunk);
	free(f);
}

static const struct reader_operations operations = {
	.fill = fill,
	.close = close_file,
};

static ssize_t give_bytes(void *cookie, char *bytes, size_t count)
{
	struct block_buffer *c = &((struct libpcap_file *)cookie)->reader.chunk;
	size_t now;

	if (chunk_left(c) == 0 && block_buffer_refill(c) < 0) {
		errno = c->error;
		return -1;
	}
	now = chunk_left(c) < count ? chunk_left(c) : count;
	memcpy(bytes, chunk_here(c), now);
	chunk_skip(c, now);
	return (ssize_t)now;
}

static pcap_t *open_pcap(struct libpcap_file *f, char reason[PCAP_ERRBUF_SIZE])
{
	FILE *file = fopencookie(f, "r", (cookie_io_functions_t){.read = give_bytes});
	pcap_t *pcap;

	if (!file)
		return NULL;
	pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, reason);
	if (!pcap)
		fclose(file);
	return pcap;
}

int reader_libpcap_open(
	struct capture_reader **out, struct block_buffer *chunk, char error[SOURCE_ERROR_BYTES])
{
	char reason[PCAP_ERRBUF_SIZE] = "";
	struct libpcap_file *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->reader.chunk = *chunk;
	f->pcap = open_pcap(f, reason);
	if (!f->pcap) {
		snprintf(error, SOURCE_ERROR_BYTES,
			"not a capture file: %s; want a pcap or pcapng file", reason);
		*chunk = f->reader.chunk; /* stays the caller's */
		free(f);
		return -EINVAL;
	}
	f->link = (uint16_t)link_of(pcap_datalink(f->pcap));
	f->reader.operations = &operations;
	*out = &f->reader;
	return 0;
}
