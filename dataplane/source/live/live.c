/* Live capture through libpcap. Its ring (TPACKET_V3) takes a block back as soon as its last
 * packet was handed out, so what a burst shows is copied once, into an arena of the source's
 * own, one for each interface; at the rates that packet sockets reach (a microsecond a packet) the
 * copy is not what costs. A blocking pcap_dispatch() never returns on an idle link: the handles do
 * not block, and an idle poll waits in poll(2).
 *
 * Several interfaces are merged by time (merge.h): a TAP delivers the two directions of a link on
 * two of them, and the kernel hands each over in blocks. */
#include "source_live.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "source/live/fanout.h"
#include "source/live/interface.h"
#include "source/live/merge.h"

#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull
/* The kernel looks once in TAP_BLOCK_TIMEOUT_MS whether a block has been open for so long, and its
 * timers go by ticks of up to as long again. */
#define HOLD_NS (2 * TAP_BLOCK_TIMEOUT_MS * NS_PER_MS)
#define SNAPLEN_MAX 262144u /* libpcap's */
#define ROUND_UP(n) (((size_t)(n) + 63) & ~(size_t)63)

struct live {
	struct source source; /* first: the operations get it */
	struct interface_capture *interface_capture;
	struct pollfd *ready; /* one for each tap */
	size_t interface_captures, arenas, next;
	unsigned worker;
	int wait_ms;
	int control; /* a socket for questions about interfaces, of the first source; else -1 */
	struct burst *burst; /* being filled, of a single interface */
	struct merge merge;  /* of several */
	uint8_t **arena;     /* one for each interface */
	size_t used;	     /* of the one that is being filled */
	int failure;	     /* to be told once the queues are empty */
	char description[SOURCE_ERROR_BYTES];
};

static int link_works(int flags)
{
	return flags > 0 && (flags & IFF_UP) && (flags & IFF_RUNNING);
}

static uint64_t time_of(const struct pcap_pkthdr *h)
{
	return (uint64_t)h->ts.tv_sec * NS_PER_S + (uint64_t)h->ts.tv_usec;
}

static void copy_packet(
	struct live *l, struct packet *p, const struct pcap_pkthdr *h, const u_char *data)
{
	uint8_t *copy = l->arena[l->next] + l->used;

	memcpy(copy, data, h->caplen);
	*p = (struct packet){
		.data = copy,
		.caplen = h->caplen,
		.wirelen = h->len < h->caplen ? h->caplen : h->len,
		.time_ns = time_of(h),
		.link = (uint16_t)l->interface_capture[l->next].link,
		.interface = (uint16_t)l->next,
	};
	l->used += ROUND_UP(h->caplen);
}

static void add_packet(u_char *user, const struct pcap_pkthdr *h, const u_char *data)
{
	struct live *l = (struct live *)(void *)user;
	struct packet *p = &l->burst->packet[l->burst->count++];

	copy_packet(l, p, h, data);
	source_stamp(&l->source, l->burst, p);
}

static void queue_packet(u_char *user, const struct pcap_pkthdr *h, const u_char *data)
{
	struct live *l = (struct live *)(void *)user;

	copy_packet(l, merge_queue_add(&l->merge.queue[l->next]), h, data);
}

/* Why a handle gave nothing. An interface that is only down comes back by itself, and its
 * socket, its place in the group and its promiscuous mode with it: that is what `watch` tells.
 * XXX: the group may then be in another order, and a pair go to another worker than before. */
static int check_interface(struct live *l, const struct interface_capture *t, const char *reason)
{
	int flags = interface_link_flags(t, pcap_fileno(t->pcap));

	if (flags == -ENODEV) {
		snprintf(l->source.error, sizeof(l->source.error),
			"%s: the interface has disappeared", t->name);
		return -ENODEV;
	}
	if (!reason || flags < 0 || !(flags & IFF_UP) || strstr(reason, "went down"))
		return 0;
	snprintf(l->source.error, sizeof(l->source.error), "%s: %s", t->name, reason);
	return -EIO;
}

/* An interface that has gone delivers nothing, no second error either: so a poll that waited
 * without result checks for it. */
static int wait_for_packets(struct live *l, int wait_ms)
{
	int error = 0;

	for (size_t i = 0; i < l->interface_captures; i++)
		l->ready[i].revents = 0;
	if (poll(l->ready, l->interface_captures, l->source.is_hurried ? 0 : wait_ms) > 0)
		return 0;
	for (size_t i = 0; i < l->interface_captures && !error; i++)
		error = check_interface(l, &l->interface_capture[i], NULL);
	return error;
}

static int poll_single(struct live *l, struct burst *b)
{
	struct interface_capture *t = &l->interface_capture[0];
	int got, error;

	l->burst = b;
	l->used = 0;
	got = pcap_dispatch(t->pcap, BURST_MAX, add_packet, (u_char *)l);
	error = got == PCAP_ERROR ? check_interface(l, t, pcap_geterr(t->pcap)) : 0;
	if (b->count > 0)
		return 1;
	return error ? error : wait_for_packets(l, l->wait_ms);
}

/* Only an empty queue's arena is shown by no burst and no queue. */
static void fill_queues(struct live *l)
{
	for (l->next = 0; l->next < l->interface_captures && !l->failure; l->next++) {
		struct interface_capture *t = &l->interface_capture[l->next];
		struct merge_queue *q = &l->merge.queue[l->next];
		int got;

		if (!merge_queue_is_empty(q))
			continue;
		merge_queue_clear(q);
		l->used = 0;
		got = pcap_dispatch(t->pcap, BURST_MAX, queue_packet, (u_char *)l);
		q->exhausted = q->count < BURST_MAX;
		if (got == PCAP_ERROR)
			l->failure = check_interface(l, t, pcap_geterr(t->pcap));
	}
}

static uint64_t clock_of_packets_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* Until the first packet has waited long enough, or an interface delivers that has nothing in its
 * queue: of the others it is known that they have more. */
static void wait_for_order(struct live *l)
{
	uint64_t held_ns = merge_held_ns(&l->merge);
	uint64_t wait_ms = held_ns == MERGE_NOTHING_HELD ? (uint64_t)l->wait_ms
							 : (held_ns + NS_PER_MS - 1) / NS_PER_MS;

	for (size_t i = 0; i < l->interface_captures; i++)
		l->ready[i].fd = merge_queue_is_empty(&l->merge.queue[i])
					 ? pcap_get_selectable_fd(l->interface_capture[i].pcap)
					 : -1;
	l->failure =
		wait_for_packets(l, wait_ms < (uint64_t)l->wait_ms ? (int)wait_ms : l->wait_ms);
}

static int poll_merged(struct live *l, struct burst *b)
{
	const struct packet *p;

	l->merge.now_ns = clock_of_packets_ns();
	fill_queues(l);
	if (l->failure)
		merge_end(&l->merge);
	while (b->count < BURST_MAX && (p = merge_take(&l->merge))) {
		b->packet[b->count] = *p;
		source_stamp(&l->source, b, &b->packet[b->count++]);
	}
	if (b->count > 0)
		return 1;
	if (l->failure)
		return l->failure;
	wait_for_order(l);
	return 0;
}

static int live_poll(struct source *s, struct burst *b)
{
	struct live *l = (struct live *)s;

	burst_clear(b);
	return l->interface_captures == 1 ? poll_single(l, b) : poll_merged(l, b);
}

static void live_release(struct source *s, struct burst *b)
{
	(void)s;
	burst_clear(b);
}

static void live_close(struct source *s)
{
	struct live *l = (struct live *)s;

	for (size_t i = 0; l->interface_capture && i < l->interface_captures; i++)
		interface_close(&l->interface_capture[i]);
	if (l->control >= 0)
		close(l->control);
	for (size_t i = 0; l->arena && i < l->arenas; i++)
		free(l->arena[i]);
	free(l->arena);
	free(l->merge.queue);
	free(l->ready);
	free(l->interface_capture);
	free(l);
}

/* A frame that found no room in this source's ring is this source's loss; what the interface
 * lost before is everybody's, and the first source's to tell. */
static int live_loss(struct source *s, struct source_loss *out)
{
	struct live *l = (struct live *)s;
	int error = 0;

	*out = (struct source_loss){0};
	for (size_t i = 0; i < l->interface_captures; i++) {
		struct interface_capture *t = &l->interface_capture[i];
		int failed = interface_count(t);

		error = error ? error : failed;
		out->received += t->loss.received;
		out->dropped_kernel += t->loss.dropped_kernel;
		if (l->worker == 0)
			out->dropped_interface += t->loss.dropped_interface;
	}
	return error;
}

static const char *link_text(int flags)
{
	if (flags < 0)
		return "the interface has disappeared";
	if (!(flags & IFF_UP))
		return "the link is down: the interface was taken down";
	return flags & IFF_RUNNING ? "the link is up" : "the link is down: no carrier";
}

/* Only the first source tells, since all read the same interfaces. */
static int live_watch(struct source *s, char text[SOURCE_ERROR_BYTES])
{
	struct live *l = (struct live *)s;

	for (size_t i = 0; l->control >= 0 && i < l->interface_captures; i++) {
		struct interface_capture *t = &l->interface_capture[i];
		int before = t->flags;

		t->flags = interface_link_flags(t, l->control);
		if (link_works(t->flags) == link_works(before))
			continue;
		snprintf(text, SOURCE_ERROR_BYTES, "%s: %s", t->name, link_text(t->flags));
		return 1;
	}
	return 0;
}

static unsigned live_down(struct source *s, char text[SOURCE_ERROR_BYTES])
{
	struct live *l = (struct live *)s;
	unsigned down = 0;

	for (size_t i = 0; l->control >= 0 && i < l->interface_captures; i++) {
		const struct interface_capture *t = &l->interface_capture[i];
		if (!link_works(t->flags) && down++ == 0)
			snprintf(text, SOURCE_ERROR_BYTES, "%s: %s", t->name, link_text(t->flags));
	}
	return down;
}

static const char *live_describe(struct source *s)
{
	return ((struct live *)s)->description;
}

static const struct source_operations live_operations = {
	.name = "live",
	.poll = live_poll,
	.release = live_release,
	.close = live_close,
	.loss = live_loss,
	.watch = live_watch,
	.down = live_down,
	.describe = live_describe,
};

/* --- opening: all sources of a capture at once --- */

static int refuse(char error[SOURCE_ERROR_BYTES], int status, const char *name, const char *why)
{
	if (!error[0])
		snprintf(error, SOURCE_ERROR_BYTES, "%s: %s", name, why);
	return status;
}

static int arenas_new(struct live *l, const struct source_live_config *c)
{
	int complete;

	l->merge.hold_ns = HOLD_NS;
	l->merge.queues = c->interfaces;
	l->merge.queue = calloc(c->interfaces, sizeof(*l->merge.queue));
	l->arena = calloc(c->interfaces, sizeof(*l->arena));
	complete = l->merge.queue && l->arena;
	for (; complete && l->arenas < c->interfaces; l->arenas++) {
		l->arena[l->arenas] = malloc(BURST_MAX * ROUND_UP(c->snaplen));
		complete = l->arena[l->arenas] != NULL;
	}
	return complete ? 0 : -ENOMEM;
}

static int live_new(struct live **out, const struct source_live_config *c, unsigned worker)
{
	struct live *l = calloc(1, sizeof(*l));

	*out = l;
	if (!l)
		return -ENOMEM;
	l->source.operations = &live_operations;
	l->worker = worker;
	l->wait_ms = (int)c->wait_ms;
	l->control = -1;
	l->interface_capture = calloc(c->interfaces, sizeof(*l->interface_capture));
	l->ready = calloc(c->interfaces, sizeof(*l->ready));
	return l->interface_capture && l->ready ? arenas_new(l, c) : -ENOMEM;
}

static int open_interfaces(struct live *l, const struct source_live_config *c, char *error)
{
	struct interface_config config = {.snaplen = c->snaplen, .ring_bytes = c->ring_bytes};
	int status = 0;

	while (l->interface_captures < c->interfaces && status == 0) {
		struct interface_capture *t = &l->interface_capture[l->interface_captures];

		status = interface_open(t, c->interface[l->interface_captures], &config, error);
		if (status == 0)
			l->ready[l->interface_captures] = (struct pollfd){
				.fd = pcap_get_selectable_fd(t->pcap), .events = POLLIN};
		l->interface_captures++;
	}
	return status;
}

static int open_all(struct source *source[], const struct source_live_config *c, char *error)
{
	int status = 0;

	for (unsigned i = 0; i < c->workers && status == 0; i++) {
		struct live *l;

		status = live_new(&l, c, i);
		source[i] = l ? &l->source : NULL;
		if (status == 0)
			status = open_interfaces(l, c, error);
	}
	return status;
}

static void close_all(struct source *source[], unsigned workers)
{
	for (unsigned i = 0; i < workers; i++) {
		if (source[i])
			live_close(source[i]);
		source[i] = NULL;
	}
}

static struct interface_capture *interface_of(struct source *s, size_t i)
{
	return &((struct live *)s)->interface_capture[i];
}

static int join_interface(
	struct source *source[], unsigned workers, size_t interface_capture, enum fanout kind)
{
	int *fd = calloc(workers, sizeof(*fd));
	int status = -ENOMEM;

	for (unsigned i = 0; fd && i < workers; i++)
		fd[i] = pcap_fileno(interface_of(source[i], interface_capture)->pcap);
	if (fd)
		status = fanout_join(fd, workers, kind);
	free(fd);
	return status;
}

static int join_all(
	struct source *source[], const struct source_live_config *c, enum fanout kind, char *error)
{
	int status = 0;

	for (size_t i = 0; i < c->interfaces && status == 0; i++) {
		status = join_interface(source, c->workers, i, kind);
		if (status < 0)
			refuse(error, status, c->interface[i],
				kind == FANOUT_PAIRS
					? "the kernel does not take the fan-out program"
					: "the kernel does not share the interface");
	}
	return status;
}

/* Between bind and its filter being closed, a socket receives what the others receive, too:
 * that is dropped. From here on nothing comes in until the filters open, one right after the
 * other, and losses count from there. */
static void begin_together(struct source *source[], const struct source_live_config *c)
{
	usleep(3 * TAP_BLOCK_TIMEOUT_MS * 1000);
	for (unsigned w = 0; w < c->workers; w++)
		for (size_t i = 0; i < c->interfaces; i++) {
			struct interface_capture *t = interface_of(source[w], i);

			interface_drain(t);
			interface_count(t);
			t->loss = (struct source_loss){0};
		}
	for (size_t i = 0; i < c->interfaces; i++)
		for (unsigned w = 0; w < c->workers; w++)
			fanout_filter(pcap_fileno(interface_of(source[w], i)->pcap), 1);
}

static const char *steering_text(enum steering s)
{
	if (s == STEERING_KERNEL)
		return "each address pair to one of them, by a program in the kernel (tunnels by "
		       "their outer addresses)";
	if (s == STEERING_FLOWS)
		return "each flow to one of them, by the kernel's hash: ICMP errors and other "
		       "flows of a pair may come to another one";
	return "which sees everything";
}

static void describe(struct source *s, const struct source_live_config *c)
{
	struct live *l = (struct live *)s;

	snprintf(l->description, sizeof(l->description),
		"%s%s through libpcap, ring of %u MiB, snaplen %u; %u worker%s, %s",
		l->interface_capture[0].name, l->interface_captures > 1 ? " and others" : "",
		c->ring_bytes >> 20, c->snaplen, c->workers, c->workers > 1 ? "s" : "",
		steering_text(s->steering));
}

/* What the watch starts from. */
static int begin_watch(struct live *first, char *error)
{
	first->control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (first->control < 0)
		return refuse(error, -errno, first->interface_capture[0].name, strerror(errno));
	for (size_t i = 0; i < first->interface_captures; i++)
		first->interface_capture[i].flags =
			interface_link_flags(&first->interface_capture[i], first->control);
	return 0;
}

static int open_shared(
	struct source *source[], const struct source_live_config *c, enum fanout kind, char *error)
{
	enum steering steering = c->workers == 1	? STEERING_SINGLE
				 : kind == FANOUT_PAIRS ? STEERING_KERNEL
							: STEERING_FLOWS;
	int status = open_all(source, c, error);

	if (status == 0 && c->workers > 1)
		status = join_all(source, c, kind, error);
	if (status == 0)
		status = begin_watch((struct live *)source[0], error);
	if (status < 0) {
		close_all(source, c->workers);
		return refuse(error, status, c->interface[0], strerror(-status));
	}
	for (unsigned w = 0; w < c->workers; w++) {
		source[w]->steering = steering;
		describe(source[w], c);
	}
	begin_together(source, c);
	return 0;
}

static int check(const struct source_live_config *c, char *error)
{
	if (c->interfaces == 0 || c->workers == 0)
		return refuse(error, -EINVAL, "capture", "no interface or no worker");
	if (c->snaplen > SNAPLEN_MAX)
		return refuse(error, -EINVAL, c->interface[0], "snaplen is over 262144");
	if (c->ring_bytes > INT32_MAX)
		return refuse(error, -EINVAL, c->interface[0], "a ring is at most 2 GiB");
	return 0;
}

int source_live_open(struct source *source[], const struct source_live_config *config,
	char error[SOURCE_ERROR_BYTES])
{
	struct source_live_config c = *config;
	int status;

	c.ring_bytes = c.ring_bytes ? c.ring_bytes : SOURCE_LIVE_RING_BYTES;
	c.snaplen = c.snaplen ? c.snaplen : SOURCE_LIVE_SNAPLEN;
	c.wait_ms = c.wait_ms ? c.wait_ms : SOURCE_LIVE_WAIT_MS;
	error[0] = '\0';
	memset(source, 0, c.workers * sizeof(struct source *));
	status = check(&c, error);
	if (status < 0)
		return status;
	if (c.spread == SOURCE_LIVE_SPREAD_FLOWS)
		return open_shared(source, &c, FANOUT_FLOWS, error);
	status = open_shared(source, &c, FANOUT_PAIRS, error);
	if (status == -EINVAL && c.spread == SOURCE_LIVE_SPREAD_AUTO && c.workers > 1) {
		error[0] = '\0';
		status = open_shared(source, &c, FANOUT_FLOWS, error);
	}
	return status;
}
