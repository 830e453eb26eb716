/* Where packets come from.
 *
 * A source fills bursts; the bytes stay its own until `release`, which follows every `poll`
 * that gave packets. One thread polls a source. It stamps packets with the stream's time
 * (packet.now_ns) so that workers behind it agree on it.
 */
#ifndef PORTOLAN_SOURCE_H
#define PORTOLAN_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "packet.h"

#define SOURCE_ERROR_BYTES 512

struct source;

/* How the sources of one capture share the traffic between them. */
enum steering {
	STEERING_SINGLE,   /* there is only one */
	STEERING_HARDWARE, /* the NIC's hash: an address pair comes to one source only */
	STEERING_KERNEL,   /* a program in the kernel: likewise */
	STEERING_SOFTWARE, /* the sources themselves: likewise */
	STEERING_FLOWS,	   /* by the 5-tuple: a pair's flows may come to several sources */
};

/* What came and what was lost before anyone could see it, since the source was opened. The
 * figures of all sources of one capture add up: what is known only of a whole interface or
 * port stands with the first source. */
struct source_loss {
	uint64_t received;	    /* frames, without those below */
	uint64_t bytes;		    /* of these, where the source is told; else 0 */
	uint64_t dropped_kernel;    /* no room in the kernel's ring: the reader is too slow */
	uint64_t dropped_interface; /* by the kernel's driver, before anyone was asked */
	uint64_t dropped_nic;	    /* no room in the NIC's ring (imissed) */
	uint64_t errors;	    /* broken on arrival (ierrors) */
	uint64_t no_buffer;	    /* no packet buffer left (rx_nombuf) */
};

struct source_operations {
	const char *name;
	/* Fills at most BURST_MAX packets: 1 with packets, 0 with none at the moment, or a
	 * negative errno with the reason in source.error: -ENODATA is the end. */
	int (*poll)(struct source *, struct burst *);
	void (*release)(struct source *, struct burst *);
	void (*close)(struct source *);

	/* From here on each may be NULL.
	 *
	 * By the thread that is going to poll, before its first and after its last poll: pins
	 * it and makes it known to its library, where these want that. 0 or a negative errno
	 * with the reason in source.error. */
	int (*enter)(struct source *);
	void (*leave)(struct source *);
	/* By one thread at a time, also while another one polls. 0 or a negative errno. */
	int (*loss)(struct source *, struct source_loss *);
	/* About once a second, by one thread, also while another one polls: 1 with one line of
	 * what has changed (a link went down, came back), to be called again; 0: nothing. */
	int (*watch)(struct source *, char text[SOURCE_ERROR_BYTES]);
	/* By the thread that watches: how many of its links carry nothing, as it last saw them, and
	 * one line about the first. */
	unsigned (*down)(struct source *, char text[SOURCE_ERROR_BYTES]);
	/* One line for people: what is read, and how it is shared between workers. */
	const char *(*describe)(struct source *);
};

/* The head of every source. */
struct source {
	const struct source_operations *operations;
	uint64_t start_ns, now_ns;	  /* of the stream: its first packet, its latest time */
	uint64_t bytes_read, bytes_total; /* of files, for a progress bar; total 0: not known */
	uint64_t leap_ns;     /* the last time far from the stream's, with `leaps` in a row */
	uint64_t earliest_ns; /* of a packet before the start; 0: there is none */
	uint64_t early_ns;    /* the last time far before the start, with `earlies` in a row */
	uint64_t left_ns; /* the start by the time that was left for this one, at the very start */
	uint32_t leaps, witnesses, earlies;
	int started;
	int is_idle;	/* a pipe has nothing at the moment: what is known should be told now */
	int is_hurried; /* set by the worker, which has work of its own: an idle poll waits for
			   nothing */
	enum steering steering;
	char error[SOURCE_ERROR_BYTES]; /* what: why */
};

/* Capture files, in their order, as one stream; "-" is standard input. What is wrong with a
 * file is known when its turn comes: `poll` says so, and goes on with the next file when
 * it is called again. 0 or -ENOMEM. */
int source_files_open(struct source **, const char *const *path, size_t paths);

/* What a NIC's receive buffer takes with its headroom and descriptor (DPDK's default mbuf). */
#define SOURCE_MBUF_STRIDE 2176

struct inventory;

struct source_memory_options {
	unsigned rounds;		   /* times over, packet times moving on */
	size_t stride;			   /* frames begin so many bytes apart: a multiple of 64 */
	unsigned share, shares;		   /* of several shares only this one; shares 0 or 1: all */
	const struct inventory *inventory; /* of several shares: which header counts */
};

/* Packets of a capture file held in memory. 0, or a negative errno with the reason in `error`. */
int source_memory_open(struct source **, const char *path, const struct source_memory_options *,
	char error[SOURCE_ERROR_BYTES]);

/* A time so far from the stream's is believed when as many packets in a row agree on it as have
 * agreed on the stream's own, three at most: one frame with a wrong time would end every flow. Once
 * the stream's time has as many witnesses, nothing leads back behind it. */
#define SOURCE_LEAP_NS 21600000000000ull /* six hours */
#define SOURCE_WITNESSES 3u

/* Whether two times are less than a leap apart. */
static inline int source_times_agree(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns - b_ns + SOURCE_LEAP_NS <= 2 * SOURCE_LEAP_NS;
}

/* The stream began with its first packet whose time was not left behind. */
static inline void source_turn_start(struct source *s, uint64_t time_ns)
{
	uint64_t left_ns = s->start_ns;

	s->start_ns = source_times_agree(s->left_ns, time_ns) ? s->left_ns : time_ns;
	s->left_ns = left_ns;
}

/* A time that is far from the stream's: the stream's time after it. */
static inline uint64_t source_leap(struct source *s, uint64_t now_ns, uint64_t time_ns)
{
	if (time_ns < now_ns && s->witnesses >= SOURCE_WITNESSES)
		return now_ns;
	s->leaps = s->leaps && source_times_agree(s->leap_ns, time_ns) ? s->leaps + 1 : 1;
	s->leap_ns = time_ns;
	if (s->leaps < s->witnesses)
		return now_ns;
	if (s->witnesses < SOURCE_WITNESSES)
		source_turn_start(s, time_ns);
	s->witnesses = s->leaps;
	s->leaps = 0;
	return time_ns;
}

/* The stream's time after a packet of this time: never less than before, but at the very start. */
static inline uint64_t source_advance(struct source *s, uint64_t now_ns, uint64_t time_ns)
{
	if (__builtin_expect(!source_times_agree(time_ns, now_ns), 0))
		return source_leap(s, now_ns, time_ns);
	s->leaps = 0;
	s->witnesses += s->witnesses < SOURCE_WITNESSES;
	return time_ns > now_ns ? time_ns : now_ns;
}

static inline uint64_t source_start(struct source *s, uint64_t time_ns)
{
	if (!s->started) {
		s->started = 1;
		s->start_ns = s->left_ns = s->now_ns = time_ns;
	}
	return s->now_ns;
}

static inline void source_set_now(struct source *s, struct burst *b, uint64_t now_ns)
{
	s->now_ns = now_ns;
	b->start_ns = s->start_ns;
}

/* A packet from before the start: captures were given in another order. A time that is far away
 * counts when as many in a row agree as would move the stream. */
static inline void source_note_early(struct source *s, uint64_t time_ns)
{
	uint64_t earliest_ns = s->earliest_ns ? s->earliest_ns : s->start_ns;

	if (time_ns >= earliest_ns)
		return;
	if (!source_times_agree(time_ns, earliest_ns)) {
		s->earlies = source_times_agree(s->early_ns, time_ns) ? s->earlies + 1 : 1;
		s->early_ns = s->earlies == 1 || time_ns < s->early_ns ? time_ns : s->early_ns;
		if (s->earlies < SOURCE_WITNESSES)
			return;
		time_ns = s->early_ns;
	}
	s->earliest_ns = time_ns;
}

/* Stamps a packet with the stream's time. */
static inline void source_stamp(struct source *s, struct burst *b, struct packet *p)
{
	p->now_ns = source_advance(s, source_start(s, p->time_ns), p->time_ns);
	source_set_now(s, b, p->now_ns);
	if (p->time_ns < s->start_ns)
		source_note_early(s, p->time_ns);
}

/* Stamps a burst whose packets all came at `time_ns`; what it returns is their now_ns. */
static inline uint64_t source_stamp_arrival(struct source *s, struct burst *b, uint64_t time_ns)
{
	uint64_t now_ns = source_advance(s, source_start(s, time_ns), time_ns);

	source_set_now(s, b, now_ns);
	return now_ns;
}

/* Stamps a whole burst, whose packets have their own times. */
static inline void source_stamp_burst(struct source *s, struct burst *b)
{
	uint64_t now_ns = b->count > 0 ? source_start(s, b->packet[0].time_ns) : s->now_ns;
	const uint64_t limit_ns = now_ns + SOURCE_LEAP_NS;
	uint32_t i = 0;

	/* Nearly always: no time is far ahead of the burst's begin. */
	if (s->leaps == 0 && s->witnesses == SOURCE_WITNESSES) {
		for (; i < b->count; i++) {
			uint64_t time_ns = b->packet[i].time_ns;
			if (__builtin_expect(time_ns > limit_ns, 0))
				break;
			now_ns = time_ns > now_ns ? time_ns : now_ns;
			b->packet[i].now_ns = now_ns;
		}
	}
	for (; i < b->count; i++) {
		now_ns = source_advance(s, now_ns, b->packet[i].time_ns);
		b->packet[i].now_ns = now_ns;
	}
	source_set_now(s, b, now_ns);
}

#endif
