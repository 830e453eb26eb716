#include "analysis/mirror_report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "policy/ruleset.h"

/* Below so many of a thing a share says nothing. */
#define FLOWS_LEAST 20
#define PACKETS_LEAST 100
#define BYTES_LEAST 10000

/* From which share on it is said. */
#define ONE_SIDED_SHARE 0.5
#define PARTLY_ONE_SIDED_SHARE 0.1
#define DUPLICATE_SHARE 0.05
#define TRUNCATED_SHARE 0.01
#define UNSEEN_SHARE 0.001
#define SESSION_LOSS_SHARE 0.001
#define BACKWARDS_SHARE 0.001
#define BACKWARDS_NS 1000000000ull /* or by so much, once */
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
		"is the mirror where they are? Of an appliance that is not seen nothing is said",
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
	r->sum.host = calloc(ruleset->appliances + 1, sizeof(*r->sum.host));
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

/* --- several workers' figures -------------------------------------------------------- */

/* Where the same lane is, or a new one, or the one for the rest. */
static struct mirror_lane *lane_like(struct mirror_counters *sum, const struct mirror_lane *l)
{
	for (uint32_t i = 1; i < sum->lanes; i++)
		if (sum->lane[i].interface == l->interface && sum->lane[i].vlan == l->vlan)
			return &sum->lane[i];
	if (sum->lanes == MIRROR_LANES)
		return &sum->lane[0];
	sum->lane[sum->lanes].interface = l->interface;
	sum->lane[sum->lanes].vlan = l->vlan;
	return &sum->lane[sum->lanes++];
}

static void add_lane(struct mirror_lane *to, const struct mirror_lane *l)
{
	to->frames += l->frames;
	to->truncated += l->truncated;
	to->duplicates += l->duplicates;
	to->flows.both += l->flows.both;
	to->flows.one += l->flows.one;
	to->syn += l->syn;
	to->syn_ack += l->syn_ack;
}

static int is_same_session(const struct mirror_session *a, const struct mirror_session *b)
{
	return a->session == b->session && a->version == b->version && a->leg == b->leg &&
	       address_equal(&a->source, &b->source);
}

/* Each worker has seen some of the numbers: together they lack only what nobody saw. */
static void add_session(struct mirror_counters *sum, const struct mirror_session *s)
{
	for (uint32_t i = 0; i < sum->sessions; i++) {
		struct mirror_session *to = &sum->session[i];
		if (!is_same_session(to, s))
			continue;
		to->packets += s->packets;
		if (s->first < to->first)
			to->first = s->first;
		if (s->last > to->last)
			to->last = s->last;
		return;
	}
	if (sum->sessions < MIRROR_SESSIONS)
		sum->session[sum->sessions++] = *s;
	else
		sum->unnumbered += s->packets;
}

static void add_host(struct mirror_host *to, const struct mirror_host *h)
{
	to->packets += h->packets;
	to->from_only += h->from_only;
	to->to_only += h->to_only;
	to->both += h->both;
	if (h->last_ns > to->last_ns)
		to->last_ns = h->last_ns;
}

void mirror_report_add(struct mirror_report *r, const struct mirror_counters *f)
{
	struct mirror_counters *sum = &r->sum;

	r->is_known = true;
	add_lane(&sum->lane[0], &f->lane[0]);
	for (uint32_t i = 1; i < f->lanes; i++)
		add_lane(lane_like(sum, &f->lane[i]), &f->lane[i]);
	for (uint32_t i = 0; i < f->sessions; i++)
		add_session(sum, &f->session[i]);
	for (size_t i = 0; i < f->hosts && i < sum->hosts; i++)
		add_host(&sum->host[i], &f->host[i]);
	sum->unnumbered += f->unnumbered;
	sum->watched += f->watched;
	sum->watched_packets += f->watched_packets;
	sum->watched_copies += f->watched_copies;
	sum->acknowledged_bytes += f->acknowledged_bytes;
	sum->unseen_bytes += f->unseen_bytes;
	sum->backwards += f->backwards;
	if (f->backwards_ns > sum->backwards_ns)
		sum->backwards_ns = f->backwards_ns;
}

static uint64_t expected_of(const struct mirror_session *s)
{
	uint64_t span = s->last - s->first + 1;

	return span > s->packets ? span : s->packets;
}

/* --- findings ------------------------------------------------------------------------ */

struct findings_list {
	struct mirror_finding *found;
	size_t count;
};

static void say(struct findings_list *l, enum mirror_finding_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct findings_list *l, enum mirror_finding_kind kind, const char *format, ...)
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

static struct mirror_lane all_lanes(const struct mirror_counters *f)
{
	struct mirror_lane all = {0};

	for (uint32_t i = 0; i < f->lanes; i++)
		add_lane(&all, &f->lane[i]);
	return all;
}

/* 1 if so much is one-sided that other figures mean nothing beside it. */
static int judge_sides(struct findings_list *l, const struct mirror_lane *all)
{
	uint64_t flows = all->flows.one + all->flows.both;

	if (flows < FLOWS_LEAST || share(all->flows.one, flows) < PARTLY_ONE_SIDED_SHARE)
		return 0;
	if (share(all->flows.one, flows) < ONE_SIDED_SHARE) {
		say(l, MIRROR_FINDING_PARTLY_ONE_SIDED,
			"one direction is missing for %.0f %% of TCP flows with data (%llu of "
			"%llu)",
			percent(all->flows.one, flows), (unsigned long long)all->flows.one,
			(unsigned long long)flows);
		return 1;
	}
	say(l, MIRROR_FINDING_ONE_SIDED,
		"one direction only: %.0f %% of TCP flows have a single side (%llu of %llu)",
		percent(all->flows.one, flows), (unsigned long long)all->flows.one,
		(unsigned long long)flows);
	return 1;
}

static void judge_handshakes(struct findings_list *l, const struct mirror_lane *all)
{
	if (all->syn_ack >= FLOWS_LEAST && all->syn < all->syn_ack / HANDSHAKE_RATIO)
		say(l, MIRROR_FINDING_HANDSHAKES,
			"answers without questions: %llu flows with SYN+ACK, %llu with SYN",
			(unsigned long long)all->syn_ack, (unsigned long long)all->syn);
}

/* Where copies are dropped they are counted; else the sample tells. */
static void judge_duplicates(
	struct findings_list *l, const struct mirror_report *r, const struct counters *c)
{
	const struct mirror_counters *f = &r->sum;

	if (r->deduplicates) {
		uint64_t packets = c->ip + c->duplicate;
		if (packets >= PACKETS_LEAST && share(c->duplicate, packets) >= DUPLICATE_SHARE)
			say(l, MIRROR_FINDING_DUPLICATES,
				"%.0f %% of packets came twice; the second ones were dropped",
				percent(2 * c->duplicate, packets));
		return;
	}
	if (f->watched_packets >= PACKETS_LEAST &&
		share(f->watched_copies, f->watched_packets) >= DUPLICATE_SHARE)
		say(l, MIRROR_FINDING_DUPLICATES,
			"packets come twice (%.0f %% of a sample), and count twice",
			percent(2 * f->watched_copies, f->watched_packets));
}

static void judge_truncation(struct findings_list *l, const struct counters *c)
{
	if (c->frames >= PACKETS_LEAST && share(c->truncated_frames, c->frames) >= TRUNCATED_SHARE)
		say(l, MIRROR_FINDING_TRUNCATION,
			"%.0f %% of frames were captured shorter than they were, %llu of them too "
			"short to be read",
			percent(c->truncated_frames, c->frames),
			(unsigned long long)c->discarded[DISCARD_TRUNCATED]);
}

static void judge_loss(struct findings_list *l, const struct mirror_counters *f)
{
	if (f->acknowledged_bytes >= BYTES_LEAST &&
		share(f->unseen_bytes, f->acknowledged_bytes) >= UNSEEN_SHARE)
		say(l, MIRROR_FINDING_LOSS,
			"%.1f %% of TCP bytes that were acknowledged never came (a sample of %llu "
			"connections)",
			percent(f->unseen_bytes, f->acknowledged_bytes),
			(unsigned long long)f->watched);
}

static void judge_session(struct findings_list *l, const struct mirror_session *s)
{
	uint64_t expected = expected_of(s), lost = expected - s->packets;
	char source[ADDRESS_TEXT_BYTES];

	if (expected < PACKETS_LEAST || share(lost, expected) < SESSION_LOSS_SHARE)
		return;
	format_address(&s->source, s->version, source);
	say(l, MIRROR_FINDING_SESSION_LOSS,
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
	say(l, MIRROR_FINDING_TIME, "%llu packets are older than one before them, by up to %.3f s",
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
		say(l, MIRROR_FINDING_ABSENT, "%zu of %zu appliances never seen: %s%s", absent,
			r->sum.hosts, names, used >= sizeof(names) ? " …" : "");
}

size_t mirror_report_find(const struct mirror_report *r, const struct counters *c,
	struct mirror_finding found[MIRROR_FINDINGS_MAX])
{
	struct findings_list l = {.found = found};
	struct mirror_lane all = all_lanes(&r->sum);

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

/* Those that say that packets are missing; of copies, short frames and clocks nothing is. */
static bool hides(enum mirror_finding_kind kind)
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
		if (hides(found[i].kind))
			return true;
	return c->frames == 0; /* a dead mirror shows nothing at all */
}

/* --- JSON ---------------------------------------------------------------------------- */

static json_t *sides_json(uint64_t one, uint64_t both)
{
	return json_pack("{s:I, s:I}", "one_side", (json_int_t)one, "both_sides", (json_int_t)both);
}

static json_t *lane_json(const struct mirror_lane *l)
{
	return json_pack("{s:I, s:I, s:I, s:o, s:I, s:I}", "frames", (json_int_t)l->frames,
		"truncated", (json_int_t)l->truncated, "duplicates", (json_int_t)l->duplicates,
		"tcp_flows", sides_json(l->flows.one, l->flows.both), "syn", (json_int_t)l->syn,
		"syn_ack", (json_int_t)l->syn_ack);
}

static json_t *lanes_json(const struct mirror_report *r)
{
	json_t *lanes = json_array();

	for (uint32_t i = 1; i < r->sum.lanes; i++) {
		const struct mirror_lane *l = &r->sum.lane[i];
		json_t *lane;
		if (l->frames == 0 && l->flows.one + l->flows.both == 0)
			continue;
		lane = lane_json(l);
		json_object_set_new(lane, "interface", json_integer(l->interface));
		if (l->interface < r->interfaces)
			json_object_set_new(lane, "name", json_string(r->interface[l->interface]));
		json_object_set_new(lane, "vlan", json_integer(l->vlan));
		json_array_append_new(lanes, lane);
	}
	return lanes;
}

static json_t *host_json(const char *name, const struct mirror_host *h)
{
	char last[TIME_TEXT_BYTES];

	format_time(h->last_ns, last);
	return json_pack("{s:s, s:I, s:o, s:{s:I, s:I, s:I}}", "appliance", name, "packets",
		(json_int_t)h->packets, "last_seen", h->last_ns ? json_string(last) : json_null(),
		"tcp_flows", "from_only", (json_int_t)h->from_only, "to_only",
		(json_int_t)h->to_only, "both_sides", (json_int_t)h->both);
}

static json_t *hosts_json(const struct mirror_report *r)
{
	json_t *hosts = json_array();

	for (size_t i = 0; i < r->sum.hosts; i++)
		json_array_append_new(
			hosts, host_json(r->ruleset->appliance[i].name, &r->sum.host[i]));
	return hosts;
}

static json_t *sessions_json(const struct mirror_counters *f)
{
	json_t *sessions = json_array();

	for (uint32_t i = 0; i < f->sessions; i++) {
		const struct mirror_session *s = &f->session[i];
		char source[ADDRESS_TEXT_BYTES];
		format_address(&s->source, s->version, source);
		json_array_append_new(sessions,
			json_pack("{s:s, s:i, s:I, s:I, s:I, s:I}", "source", source, "session",
				s->session, "leg", (json_int_t)s->leg, "packets",
				(json_int_t)s->packets, "expected", (json_int_t)expected_of(s),
				"lost", (json_int_t)(expected_of(s) - s->packets)));
	}
	return sessions;
}

static json_t *findings_json(const struct mirror_report *r, const struct counters *c)
{
	struct mirror_finding found[MIRROR_FINDINGS_MAX];
	size_t count = mirror_report_find(r, c, found);
	json_t *findings = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(findings,
			json_pack("{s:s, s:s, s:s}", "finding", finding_name[found[i].kind], "what",
				found[i].what, "remedy", found[i].remedy));
	return findings;
}

json_t *mirror_report_json(const struct mirror_report *r, const struct counters *c)
{
	const struct mirror_counters *f = &r->sum;

	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:I, s:{s:I, s:I, s:I, s:I, s:I}, s:{s:I, s:I}}",
		"findings", findings_json(r, c), "lanes", lanes_json(r), "other_lanes",
		lane_json(&f->lane[0]), "appliances", hosts_json(r), "sessions", sessions_json(f),
		"unnumbered", (json_int_t)f->unnumbered, "sample", "connections",
		(json_int_t)f->watched, "packets", (json_int_t)f->watched_packets, "copies",
		(json_int_t)f->watched_copies, "acknowledged_bytes",
		(json_int_t)f->acknowledged_bytes, "unseen_bytes", (json_int_t)f->unseen_bytes,
		"time", "backwards", (json_int_t)f->backwards, "largest_ns",
		(json_int_t)f->backwards_ns);
}
