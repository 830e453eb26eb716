#include "finding.h"

#include <stdlib.h>
#include <string.h>

#include "ecs.h"
#include "heirs.h"

struct finding_key finding_key_of(const struct record *r)
{
	unsigned end = record_judged_end(r);
	struct finding_key k;

	memset(&k, 0, sizeof(k));
	k.peer = r->address[1 - end];
	k.appliance = r->appliance[end];
	k.port = r->port[1];
	k.version = r->version;
	k.protocol = r->protocol;
	k.direction = (uint8_t)(end == 0 ? DIRECTION_OUTBOUND : DIRECTION_INBOUND);
	k.verdict = r->verdict;
	return k;
}

struct finding_key finding_key_without_port(struct finding_key k)
{
	k.port = 0;
	return k;
}

struct finding_key finding_key_without_peer(struct finding_key k)
{
	memset(&k.peer, 0, sizeof(k.peer));
	return k;
}

struct finding *findings_find(const struct findings *all, const struct finding_key *k)
{
	struct finding *f;

	HASH_FIND(hh, all->first, k, sizeof(*k), f);
	return f;
}

static struct finding *finding_new(
	struct findings *all, const struct finding_key *k, const struct record *r)
{
	struct finding *f = all->count < all->max ? calloc(1, sizeof(*f)) : NULL;

	if (!f)
		return NULL;
	f->key = *k;
	f->first_ns = r->start_ns;
	f->last_ns = r->end_ns;
	f->port_low = f->port_high = r->port[1];
	f->members = 1;
	f->worst = *r;
	HASH_ADD(hh, all->first, key, sizeof(f->key), f);
	all->count++;
	return f;
}

static void widen(struct finding *f, uint64_t first_ns, uint64_t last_ns)
{
	if (first_ns < f->first_ns)
		f->first_ns = first_ns;
	if (last_ns > f->last_ns)
		f->last_ns = last_ns;
}

struct finding *findings_add(
	struct findings *all, const struct finding_key *k, const struct record *r)
{
	struct finding *f = findings_find(all, k);

	if (!f)
		f = finding_new(all, k, r);
	if (!f) {
		all->overflowed++;
		return NULL;
	}
	f->flows++;
	f->packets += r->packets[0] + r->packets[1];
	f->bytes += r->bytes[0] + r->bytes[1];
	widen(f, r->start_ns, r->end_ns);
	if (r->severity > f->worst.severity)
		f->worst = *r;
	return f;
}

void finding_absorb(struct finding *f, const struct finding *other)
{
	f->flows += other->flows;
	f->packets += other->packets;
	f->bytes += other->bytes;
	f->members += other->members;
	f->several_ports |= other->key.port != f->key.port;
	f->several_peers |= !address_equal(&other->key.peer, &f->key.peer);
	if (other->port_low < f->port_low)
		f->port_low = other->port_low;
	if (other->port_high > f->port_high)
		f->port_high = other->port_high;
	widen(f, other->first_ns, other->last_ns);
	if (other->worst.severity > f->worst.severity)
		f->worst = other->worst;
}

static void count_members(const struct findings *all, finding_wider *wider, struct findings *wide)
{
	for (struct finding *f = all->first; f; f = f->hh.next) {
		struct finding_key k = wider(f->key);
		struct finding *w = findings_find(wide, &k);
		if (w)
			w->members++;
		else
			findings_add(wide, &k, &f->worst);
	}
}

void findings_fold(struct findings *all, finding_wider *wider, uint32_t more_than)
{
	struct findings wide = {.max = all->max};
	struct finding *f, *next;

	count_members(all, wider, &wide);
	HASH_ITER(hh, all->first, f, next)
	{
		struct finding_key k = wider(f->key);
		struct finding *w = findings_find(&wide, &k);
		if (f->members > 1 || !w || w->members <= more_than)
			continue;
		if (!w->head) {
			w->head = f;
			continue;
		}
		finding_absorb(w->head, f);
		HASH_DEL(all->first, f);
		free(f);
		all->count--;
	}
	findings_clear(&wide);
}

static void keep_or_absorb(struct findings *all, struct finding *f)
{
	struct finding *same = findings_find(all, &f->key);

	if (same) {
		finding_absorb(same, f);
		free(f);
		return;
	}
	HASH_ADD(hh, all->first, key, sizeof(f->key), f);
	all->count++;
}

size_t findings_translate(struct findings *all, const struct heirs *heirs)
{
	struct finding *f, *next;
	struct findings old = *all;
	size_t dropped = 0;

	all->first = NULL;
	all->count = 0;
	HASH_ITER(hh, old.first, f, next)
	{
		HASH_DEL(old.first, f);
		if (heirs_translate(heirs, &f->worst)) {
			f->key = finding_key_of(&f->worst);
			keep_or_absorb(all, f);
		} else {
			free(f);
			dropped++;
		}
	}
	return dropped;
}

void findings_clear(struct findings *all)
{
	struct finding *f, *next;

	HASH_ITER(hh, all->first, f, next)
	{
		HASH_DEL(all->first, f);
		free(f);
	}
	all->count = 0;
	all->overflowed = 0;
}
