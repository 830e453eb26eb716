#include "analysis/mirror_report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/mirror_sum.h"
#include "base/format.h"
#include "base/heap.h"
#include "policy/ruleset.h"

/* Minimum counts below which a share means nothing. */
#define FLOWS_LEAST 20
#define PACKETS_LEAST 100
#define BYTES_LEAST 10000

/* Shares from which on a finding is reported. */
#define ONE_SIDED_SHARE 0.5
#define PARTLY_ONE_SIDED_SHARE 0.1
#define DUPLICATE_SHARE 0.05
#define TRUNCATED_SHARE 0.01
#define UNSEEN_SHARE 0.001
#define SESSION_LOSS_SHARE 0.001
#define BACKWARDS_SHARE 0.001
#define BACKWARDS_NS 1000000000ull /* or once by so much */
#define HANDSHAKE_RATIO 10

static const char *const finding_name[] = {
#define FINDING_TEXT(name, text) [MIRROR_FINDING_##name] = text,
	MIRROR_FINDING_LIST(FINDING_TEXT)
#undef FINDING_TEXT
};

static const char *const remedy[] = {
	[MIRROR_FINDING_ONE_SIDED] =
		"the mirror session probably copies rx only, or one of two paths: have it copy "
		"both directions (rx and tx), and mirror every path",
	[MIRROR_FINDING_PARTLY_ONE_SIDED] =
		"part of the traffic takes a path that is not mirrored in both directions: look "
		"for asymmetric routes, bundles of links and VLANs that one session lacks",
	[MIRROR_FINDING_HANDSHAKES] =
		"handshakes are seen from one side only: have the mirror copy both directions",
	[MIRROR_FINDING_DUPLICATES] =
		"the mirror copies what comes in and what goes out: copy one of them on each "
		"port; capture: {deduplicate: true} in the site drops the second ones",
	[MIRROR_FINDING_TRUNCATION] =
		"the mirror or the capture cuts frames: raise the snap length, switch "
		"truncation off; services cannot be told from what is cut",
	[MIRROR_FINDING_LOSS] =
		"packets are lost between the switch and here: look at drops of the mirror's "
		"port (is it oversubscribed?), of the NIC and of the kernel",
	[MIRROR_FINDING_SESSION_LOSS] =
		"the mirror's transport loses packets: look at drops on the way and at the "
		"switch's limit for mirrored traffic",
	[MIRROR_FINDING_TIME] =
		"time stamps run backwards: several clocks, a clock that was set, or captures "
		"out of order; when things happened is uncertain by as much",
	[MIRROR_FINDING_ABSENT] =
		"is the mirror where they are? no conclusions about appliances that are not seen",
};

const char *mirror_finding_name(enum mirror_finding_kind kind)
{
	return finding_name[kind];
}

int mirror_report_init(struct mirror_report *r, const struct ruleset *ruleset, bool deduplicates)
{
	*r = (struct mirror_report){.ruleset = ruleset, .deduplicates = deduplicates};
	r->sum.lanes = 1;
	r->sum.hosts = ruleset->appliances;
	r->sum.host = heap_calloc(ruleset->appliances + 1, sizeof(*r->sum.host));
	return r->sum.host ? 0 : -ENOMEM;
}

void mirror_report_clear(struct mirror_report *r)
{
	struct mirror_host *host = r->sum.host;
	size_t hosts = r->sum.hosts;

	memset(host, 0, hosts * sizeof(*host));
	memset(&r->sum, 0, sizeof(r->sum));
	r->sum.lanes = 1;
	r->sum.host = host;
	r->sum.hosts = hosts;
	r->is_known = false;
}

void mirror_report_add_live(struct mirror_report *r, const struct record *flow)
{
	for (unsigned end = 0; end < 2; end++) {
		struct mirror_host *h;
		if (flow->appliance[end] >= r->sum.hosts)
			continue;
		h = &r->sum.host[flow->appliance[end]];
		h->packets += flow->packets[0] + flow->packets[1];
		if (flow->end_ns > h->last_ns)
			h->last_ns = flow->end_ns;
	}
}

void mirror_report_fini(struct mirror_report *r)
{
	free(r->sum.host);
	r->sum.host = NULL;
}

/* --- findings ------------------------------------------------------------------------ */

struct findings_list {
	struct mirror_finding *found;
	size_t count;
};

static void add_finding(struct findings_list *l, enum mirror_finding_kind kind, const char *format,
	...) __attribute__((format(printf, 3, 4)));

static void add_finding(
	struct findings_list *l, enum mirror_finding_kind kind, const char *format, ...)
{
	struct mirror_finding *f = &l->found[l->count++];
	va_list args;

	f->kind = kind;
	f->remedy = remedy[kind];
	va_start(args, format);
	vsnprintf(f->what, sizeof(f->what), format, args);
	va_end(args);
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static double percent(uint64_t part, uint64_t whole)
{
	return 100 * share(part, whole);
}

/* 1 if so much is one-sided that the other figures are meaningless. */
static int judge_sides(struct findings_list *l, const struct mirror_lane *all)
{
	uint64_t flows = all->flows.one + all->flows.both;

	if (flows < FLOWS_LEAST || share(all->flows.one, flows) < PARTLY_ONE_SIDED_SHARE)
		return 0;
	if (share(all->flows.one, flows) < ONE_SIDED_SHARE) {
		add_finding(l, MIRROR_FINDING_PARTLY_ONE_SIDED,
			"one direction is missing for %.0f %% of TCP flows with data (%llu of "
			"%llu)",
			percent(all->flows.one, flows), (unsigned long long)all->flows.one,
			(unsigned long long)flows);
		return 1;
	}
	add_finding(l, MIRROR_FINDING_ONE_SIDED,
		"one direction only: %.0f %% of TCP flows have a single side (%llu of %llu)",
		percent(all->flows.one, flows), (unsigned long long)all->flows.one,
		(unsigned long long)flows);
	return 1;
}

static void judge_handshakes(struct findings_list *l, const struct mirror_lane *all)
{
	if (all->syn_ack >= FLOWS_LEAST && all->syn < all->syn_ack / HANDSHAKE_RATIO)
		add_finding(l, MIRROR_FINDING_HANDSHAKES,
			"answers without questions: %llu flows with SYN+ACK, %llu with SYN",
			(unsigned long long)all->syn_ack, (unsigned long long)all->syn);
}

/* With deduplication duplicates are counted; else the sample is used. */
static void judge_duplicates(
	struct findings_list *l, const struct mirror_report *r, const struct counters *c)
{
	const struct mirror_counters *f = &r->sum;

	if (r->deduplicates) {
		uint64_t packets = c->ip + c->duplicate;
		if (packets >= PACKETS_LEAST && share(c->duplicate, packets) >= DUPLICATE_SHARE)
			add_finding(l, MIRROR_FINDING_DUPLICATES,
				"%.0f %% of packets were copies of one before, and were dropped",
				percent(c->duplicate, packets));
		return;
	}
	if (f->watched_packets >= PACKETS_LEAST &&
		share(f->watched_copies, f->watched_packets) >= DUPLICATE_SHARE)
		add_finding(l, MIRROR_FINDING_DUPLICATES,
			"%.0f %% of packets are copies of the one before (of a sample of %llu), "
			"and count twice",
			percent(f->watched_copies, f->watched_packets),
			(unsigned long long)f->watched_packets);
}

static void judge_truncation(struct findings_list *l, const struct counters *c)
{
	if (c->frames >= PACKETS_LEAST && share(c->truncated_frames, c->frames) >= TRUNCATED_SHARE)
		add_finding(l, MIRROR_FINDING_TRUNCATION,
			"%.0f %% of frames were captured shorter than they were, %llu of them too "
			"short to be read",
			percent(c->truncated_frames, c->frames),
			(unsigned long long)c->discarded[DISCARD_TRUNCATED]);
}

static void judge_loss(struct findings_list *l, const struct mirror_counters *f)
{
	if (f->acknowledged_bytes >= BYTES_LEAST &&
		share(f->unseen_bytes, f->acknowledged_bytes) >= UNSEEN_SHARE)
		add_finding(l, MIRROR_FINDING_LOSS,
			"%.1f %% of TCP bytes that were acknowledged never came (a sample of %llu "
			"connections)",
			percent(f->unseen_bytes, f->acknowledged_bytes),
			(unsigned long long)f->watched);
}

static void judge_session(struct findings_list *l, const struct mirror_session *s)
{
	uint64_t expected = mirror_session_expected(s), lost = expected - s->packets;
	char source[ADDRESS_TEXT_BYTES];

	if (expected < PACKETS_LEAST || share(lost, expected) < SESSION_LOSS_SHARE)
		return;
	format_address(&s->source, s->version, source);
	add_finding(l, MIRROR_FINDING_SESSION_LOSS,
		"the ERSPAN session %u of %s lost %llu of %llu packets on the way (%.1f %%)",
		s->session, source, (unsigned long long)lost, (unsigned long long)expected,
		percent(lost, expected));
}

static void judge_time(
	struct findings_list *l, const struct mirror_counters *f, const struct counters *c)
{
	if (f->backwards_ns < BACKWARDS_NS &&
		(f->backwards < PACKETS_LEAST ||
			share(f->backwards, c->monitored) < BACKWARDS_SHARE))
		return;
	add_finding(l, MIRROR_FINDING_TIME,
		"%llu packets are older than one before them, by up to %.3f s",
		(unsigned long long)f->backwards, (double)f->backwards_ns / 1e9);
}

static void judge_absence(struct findings_list *l, const struct mirror_report *r)
{
	char names[160] = "";
	size_t used = 0, absent = 0;

	for (size_t i = 0; i < r->sum.hosts; i++) {
		if (r->sum.host[i].packets > 0)
			continue;
		absent++;
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
				used ? ", " : "", r->ruleset->appliance[i].name);
	}
	if (absent > 0)
		add_finding(l, MIRROR_FINDING_ABSENT, "%zu of %zu appliances never seen: %s%s",
			absent, r->sum.hosts, names, used >= sizeof(names) ? " …" : "");
}

size_t mirror_report_find(const struct mirror_report *r, const struct counters *c,
	struct mirror_finding found[MIRROR_FINDINGS_MAX])
{
	struct findings_list l = {.found = found};
	struct mirror_lane all = mirror_all_lanes(&r->sum);

	if (!r->is_known)
		return 0;
	if (!judge_sides(&l, &all))
		judge_loss(&l, &r->sum);
	judge_handshakes(&l, &all);
	judge_duplicates(&l, r, c);
	judge_truncation(&l, c);
	for (uint32_t i = 0; i < r->sum.sessions; i++)
		judge_session(&l, &r->sum.session[i]);
	judge_time(&l, &r->sum, c);
	judge_absence(&l, r);
	return l.count;
}

/* Findings that mean missing packets; not duplicates, truncation or time. */
static bool means_missing_packets(enum mirror_finding_kind kind)
{
	switch (kind) {
	case MIRROR_FINDING_ONE_SIDED:
	case MIRROR_FINDING_PARTLY_ONE_SIDED:
	case MIRROR_FINDING_HANDSHAKES:
	case MIRROR_FINDING_LOSS:
	case MIRROR_FINDING_SESSION_LOSS:
		return true;
	default:
		return false;
	}
}

bool mirror_report_is_in_doubt(const struct mirror_report *r, const struct counters *c)
{
	struct mirror_finding found[MIRROR_FINDINGS_MAX];
	size_t count = mirror_report_find(r, c, found);

	for (size_t i = 0; i < count; i++)
		if (means_missing_packets(found[i].kind))
			return true;
	return c->frames == 0; /* nothing received at all */
}
