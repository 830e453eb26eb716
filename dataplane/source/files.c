/* Capture files through libpcap, one after the other. libpcap's bytes live until its next
 * call, so a burst's are copied into an arena of the source's own. */
#include "source.h"

#include <assert.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "link.h"

/* libpcap refuses records over 256 KiB; a burst of ordinary frames fits a few times over. */
#define ARENA_BYTES (1u << 20)

#define NS_PER_S 1000000000ull

struct files {
	struct source source; /* first: the operations get it */
	char **path;
	size_t paths, next;
	uint64_t bytes_before; /* of the files before this one */
	pcap_t *pcap;
	enum link link;
	/* A record that libpcap gave and the last burst had no room for. */
	const struct pcap_pkthdr *held;
	const uint8_t *held_data;
	uint8_t arena[ARENA_BYTES];
};

static int fail(struct files *f, int error, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static int fail(struct files *f, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(f->source.error, sizeof(f->source.error), format, args);
	va_end(args);
	return error;
}

/* What libpcap cannot say clearly. */
static int check_file(struct files *f, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return fail(f, -errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return fail(f, -EISDIR, "%s: is a directory; want a pcap or pcapng file", path);
	if (S_ISREG(st.st_mode) && st.st_size == 0)
		return fail(f, -EINVAL, "%s: is empty; want a pcap or pcapng file", path);
	return 0;
}

static int open_next(struct files *f)
{
	const char *path = f->path[f->next++];
	char reason[PCAP_ERRBUF_SIZE] = "";
	int error = strcmp(path, "-") == 0 ? 0 : check_file(f, path);

	if (error)
		return error;
	f->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, reason);
	if (!f->pcap)
		return fail(
		        f, -EINVAL, "%s: no capture: %s; want a pcap or pcapng file", path, reason);
	f->link = link_of(pcap_datalink(f->pcap));
	return 0;
}

static void close_current(struct files *f)
{
	long at = ftell(pcap_file(f->pcap));

	if (at > 0)
		f->bytes_before += (uint64_t)at;
	pcap_close(f->pcap);
	f->pcap = NULL;
	f->held = NULL;
}

static uint64_t time_of(const struct pcap_pkthdr *h)
{
	uint64_t seconds = h->ts.tv_sec < 0 ? 0 : (uint64_t)h->ts.tv_sec;

	if (seconds > UINT64_MAX / NS_PER_S - 1)
		seconds = UINT64_MAX / NS_PER_S - 1;
	return seconds * NS_PER_S + (uint64_t)h->ts.tv_usec % NS_PER_S;
}

static void add_packet(struct files *f, struct burst *b, size_t *used)
{
	const struct pcap_pkthdr *h = f->held;
	struct packet *p = &b->packet[b->count++];

	memcpy(f->arena + *used, f->held_data, h->caplen);
	*p = (struct packet){
	        .data = f->arena + *used,
	        .caplen = h->caplen,
	        .wirelen = h->len < h->caplen ? h->caplen : h->len,
	        .time_ns = time_of(h),
	        .link = (uint16_t)f->link,
	};
	source_stamp(&f->source, b, p);
	*used += (h->caplen + 63) & ~(size_t)63;
	f->held = NULL;
}

/* 1: a record is held; 0: the file has ended; negative: it is broken. */
static int hold_next(struct files *f)
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
	return fail(f, -EIO, "%s: broken after %llu bytes: %s; what was read before counts",
	        f->path[f->next - 1], (unsigned long long)ftell(pcap_file(f->pcap)),
	        pcap_geterr(f->pcap));
}

/* Fills the burst from the open file; a file that ends, ends the burst. */
static int fill(struct files *f, struct burst *b)
{
	size_t used = 0;
	int got = 1;

	while (b->count < BURST_MAX && (got = hold_next(f)) == 1) {
		if (used + f->held->caplen > ARENA_BYTES) {
			assert(b->count > 0);
			break;
		}
		add_packet(f, b, &used);
	}
	return got;
}

static void note_progress(struct files *f)
{
	long at = f->pcap ? ftell(pcap_file(f->pcap)) : 0;

	f->source.bytes_read = f->bytes_before + (at > 0 ? (uint64_t)at : 0);
}

static int files_poll(struct source *s, struct burst *b)
{
	struct files *f = (struct files *)s;
	int got = 0;

	b->count = 0;
	if (!f->pcap) {
		if (f->next == f->paths)
			return -ENODATA;
		got = open_next(f);
		if (got < 0)
			return got;
	}
	got = fill(f, b);
	if (got < 1)
		close_current(f);
	note_progress(f);
	return got < 0 ? got : b->count > 0;
}

static void files_release(struct source *s, struct burst *b)
{
	(void)s;
	b->count = 0;
}

static void files_close(struct source *s)
{
	struct files *f = (struct files *)s;

	if (f->pcap)
		pcap_close(f->pcap);
	for (size_t i = 0; i < f->paths; i++)
		free(f->path[i]);
	free(f->path);
	free(f);
}

static const struct source_operations files_operations = {
        .name = "files",
        .poll = files_poll,
        .release = files_release,
        .close = files_close,
};

/* The sum of all sizes, or 0 if one of them has none (a pipe). */
static uint64_t total_bytes(const char *const *path, size_t paths)
{
	uint64_t total = 0;
	struct stat st;

	for (size_t i = 0; i < paths; i++) {
		if (strcmp(path[i], "-") == 0 || stat(path[i], &st) < 0 || !S_ISREG(st.st_mode))
			return 0;
		total += (uint64_t)st.st_size;
	}
	return total;
}

int source_files_open(struct source **out, const char *const *path, size_t paths)
{
	struct files *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->source.operations = &files_operations;
	f->path = calloc(paths, sizeof(*f->path));
	for (size_t i = 0; f->path && i < paths; i++, f->paths++)
		if (!(f->path[i] = strdup(path[i])))
			break;
	if (!f->path || f->paths < paths) {
		files_close(&f->source);
		return -ENOMEM;
	}
	f->source.bytes_total = total_bytes(path, paths);
	*out = &f->source;
	return 0;
}
