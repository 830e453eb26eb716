#include "analysis/mirror_sum.h"

#include "analysis/mirror_report.h"

/* The same lane, a new one, or the overflow lane. */
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

/* Each worker sees some of a session's sequence numbers: only those that none saw are lost. */
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

struct mirror_lane mirror_all_lanes(const struct mirror_counters *f)
{
	struct mirror_lane all = {0};

	for (uint32_t i = 0; i < f->lanes; i++)
		add_lane(&all, &f->lane[i]);
	return all;
}
