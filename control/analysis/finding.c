#include "analysis/finding.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/heap.h"
#include "base/text_hash.h"
#include "policy/remap.h"
#include "record/ecs.h"

#define CAPACITY_MIN 64
#define SLOTS_PER_FINDING 2

/* Number of the finding (from 1; 0: free) and part of its hash, to skip most comparisons. */
struct finding_slot {
	uint32_t hash, number;
};

/* ---- keys ---- */

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
	k.verdict = r->kind == RECORD_EVASION ? (uint8_t)(FINDING_EVASION | r->evasion_reason)
					      : r->verdict;
	return k;
}

const char *finding_name(const struct finding_key *k)
{
	return finding_is_evasion(k) ? evasion_name(finding_evasion(k))
				     : verdict_name((enum verdict)k->verdict);
}

/* Two digits; behind them. In a flood ids are made once a packet: printf() and strftime() take ten
 * times as long. */
static char *put_two(char *at, unsigned number)
{
	at[0] = (char)('0' + number / 10 % 10);
	at[1] = (char)('0' + number % 10);
	return at + 2;
}

static char *put_hex(char *at, uint64_t number)
{
	for (unsigned i = 0; i < 16; i++)
		at[i] = "0123456789abcdef"[number >> (60 - 4 * i) & 15];
	return at + 16;
}

void finding_id(const struct finding *f, const char *appliance, char id[FINDING_ID_BYTES])
{
	const struct finding_key *k = &f->key;
	const uint8_t number[] = {(uint8_t)(k->port >> 8), (uint8_t)k->port, k->version,
		k->protocol, k->direction, f->several_ports, f->several_peers};
	const char *name = finding_name(k);
	uint64_t hash = text_hash(TEXT_HASH_START, appliance, strlen(appliance) + 1);
	time_t second = (time_t)(f->born_ns / 1000000000);
	struct tm tm;

	hash = text_hash(hash, name, strlen(name) + 1);
	hash = text_hash(hash, k->peer.byte, sizeof(k->peer.byte));
	hash = text_hash(hash, number, sizeof(number));
	gmtime_r(&second, &tm);
	id = put_two(id, ((unsigned)tm.tm_year + 1900) / 100);
	id = put_two(id, (unsigned)tm.tm_year + 1900);
	id = put_two(id, (unsigned)tm.tm_mon + 1);
	id = put_two(id, (unsigned)tm.tm_mday);
	*id++ = 'T';
	id = put_two(id, (unsigned)tm.tm_hour);
	*id++ = '-';
	*put_hex(id, hash) = '\0';
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

/* ---- the index ---- */

static uint64_t fold(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 uint128;
	uint128 product = (uint128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Senders choose addresses and ports: the seed keeps them from causing collisions. */
static uint32_t hash_of(const struct findings *all, const struct finding_key *k)
{
	uint64_t word[3];

	memcpy(word, k, sizeof(word));
	word[0] = fold(word[0] ^ all->seed, word[1] ^ 0x9e3779b97f4a7c15);
	return (uint32_t)fold(word[0] ^ all->seed, word[2] ^ 0xd1b54a32d192ed03);
}

/* The slot of the key, or the free slot where the search ended; NULL: no index yet. */
static struct finding_slot *slot_of(
	const struct findings *all, const struct finding_key *k, uint32_t hash)
{
	for (size_t i = hash; all->slots; i++) {
		struct finding_slot *s = &all->slot[i & (all->slots - 1)];
		if (s->number == 0 || (s->hash == hash && memcmp(&all->finding[s->number - 1].key,
								  k, sizeof(*k)) == 0))
			return s;
	}
	return NULL;
}

static void index_all(struct findings *all)
{
	memset(all->slot, 0, all->slots * sizeof(*all->slot));
	for (size_t i = 0; i < all->count; i++) {
		uint32_t hash = hash_of(all, &all->finding[i].key);
		*slot_of(all, &all->finding[i].key, hash) =
			(struct finding_slot){hash, (uint32_t)i + 1};
	}
}

/* Doubles the array; keeps the index at most half full. 0 or -1. */
static int grow(struct findings *all)
{
	size_t room = all->room ? 2 * all->room : CAPACITY_MIN;
	struct finding *finding = heap_realloc(all->finding, room * sizeof(*finding));
	struct finding_slot *slot;

	if (!finding)
		return -1;
	all->finding = finding;
	slot = heap_realloc(all->slot, room * SLOTS_PER_FINDING * sizeof(*slot));
	if (!slot)
		return -1;
	all->slot = slot;
	all->slots = room * SLOTS_PER_FINDING;
	all->room = room;
	index_all(all);
	return 0;
}

/* Adds an empty finding for a key that is not there yet; NULL: no room. */
static struct finding *place(struct findings *all, const struct finding_key *k)
{
	uint32_t hash = hash_of(all, k);
	struct finding *f;

	if (all->count == all->max || (all->count == all->room && grow(all) < 0))
		return NULL;
	assert(all->finding);
	*slot_of(all, k, hash) = (struct finding_slot){hash, (uint32_t)all->count + 1};
	f = &all->finding[all->count++];
	*f = (struct finding){.key = *k, .members = 1};
	return f;
}

void findings_init(struct findings *all, size_t max)
{
	*all = (struct findings){.max = max};
	if (getrandom(&all->seed, sizeof(all->seed), GRND_NONBLOCK) < 0)
		all->seed = (uintptr_t)all;
}

struct finding *findings_find(const struct findings *all, const struct finding_key *k)
{
	struct finding_slot *s = slot_of(all, k, hash_of(all, k));

	return s && s->number ? &all->finding[s->number - 1] : NULL;
}

void findings_expect(const struct findings *all, const struct finding_key *k)
{
	if (all->slots)
		__builtin_prefetch(&all->slot[hash_of(all, k) & (all->slots - 1)]);
}

/* ---- flows ---- */

static struct finding_summary summary_of(const struct record *r)
{
	return (struct finding_summary){
		.own = r->address[record_judged_end(r)],
		.appliance = {r->appliance[0], r->appliance[1]},
		.set = {r->set[0], r->set[1]},
		.end_verdict = {r->end_verdict[0], r->end_verdict[1]},
		.verdict = r->verdict,
		.severity = r->severity,
		.connection = r->connection,
		.service = r->service,
	};
}

static bool same_own(const struct finding *f, const struct address *own)
{
	return address_equal(&f->description.own, own);
}

static void widen(struct finding *f, uint64_t first_ns, uint64_t last_ns)
{
	if (first_ns < f->first_ns)
		f->first_ns = first_ns;
	if (last_ns > f->last_ns)
		f->last_ns = last_ns;
}

void finding_add(struct finding *f, const struct record *r)
{
	f->flows++;
	f->packets += r->packets[0] + r->packets[1];
	f->bytes += r->bytes[0] + r->bytes[1];
	widen(f, r->start_ns, r->end_ns);
	f->several_own |= !same_own(f, &r->address[record_judged_end(r)]);
	if (r->severity > f->description.severity)
		f->description = summary_of(r);
}

struct finding *findings_insert(
	struct findings *all, const struct finding_key *k, const struct record *r)
{
	struct finding *f = place(all, k);

	if (!f) {
		all->overflowed++;
		return NULL;
	}
	f->first_ns = f->born_ns = r->start_ns;
	f->last_ns = r->end_ns;
	f->port_low = f->port_high = r->port[1];
	f->description = summary_of(r);
	finding_add(f, r);
	return f;
}

struct finding *findings_add(
	struct findings *all, const struct finding_key *k, const struct record *r)
{
	struct finding *f = findings_find(all, k);

	if (!f)
		return findings_insert(all, k, r);
	finding_add(f, r);
	return f;
}

/* Most flows have no facts, which are half of a record: without facts only the first part is
 * kept. */
static size_t record_bytes(const struct record *r)
{
	return offsetof(struct record, facts) +
	       (r->facts.known ? sizeof(r->facts) : offsetof(struct facts, text));
}

void finding_keep_record(struct finding *f, const struct record *r)
{
	f->description = summary_of(r);
	if (f->owns_worst)
		free(f->worst);
	f->worst = heap_malloc(record_bytes(r));
	f->owns_worst = f->worst != NULL;
	if (f->worst)
		memcpy(f->worst, r, record_bytes(r));
}

/* Copies the short form first: it says whether facts follow. */
static struct record kept_flow(const struct finding *f)
{
	struct record r = {0};

	memcpy(&r, f->worst, record_bytes(&r));
	memcpy(&r, f->worst, record_bytes(&r));
	return r;
}

struct record finding_flow(const struct finding *f)
{
	const struct finding_summary *g = &f->description;
	struct record r = {
		.port = {0, f->key.port},
		.protocol = f->key.protocol,
		.version = f->key.version,
		.verdict = g->verdict,
		.kind = finding_is_evasion(&f->key) ? RECORD_EVASION : RECORD_FLAGGED,
		.evasion_reason =
			finding_is_evasion(&f->key) ? (uint8_t)finding_evasion(&f->key) : 0,
		.appliance = {g->appliance[0], g->appliance[1]},
		.set = {g->set[0], g->set[1]},
		.end_verdict = {g->end_verdict[0], g->end_verdict[1]},
		.severity = g->severity,
		.connection = g->connection,
		.service = g->service,
	};

	r.address[f->key.direction == DIRECTION_OUTBOUND] = f->key.peer;
	r.address[f->key.direction != DIRECTION_OUTBOUND] = g->own;
	return f->worst ? kept_flow(f) : r;
}

/* ---- folding ---- */

/* Points `f` to a record that `other` keeps owning. */
static void borrow_worst(struct finding *f, const struct finding *other)
{
	if (f->owns_worst || !other->worst)
		return;
	if (!f->worst || kept_flow(other).severity > kept_flow(f).severity)
		f->worst = other->worst;
}

void finding_absorb(struct finding *f, const struct finding *other)
{
	f->flows += other->flows;
	f->packets += other->packets;
	f->bytes += other->bytes;
	f->members += other->members;
	f->several_ports |= other->key.port != f->key.port;
	f->several_peers |= !address_equal(&other->key.peer, &f->key.peer);
	f->several_own |= other->several_own || !same_own(f, &other->description.own);
	if (other->port_low < f->port_low)
		f->port_low = other->port_low;
	if (other->port_high > f->port_high)
		f->port_high = other->port_high;
	widen(f, other->first_ns, other->last_ns);
	if (other->description.severity > f->description.severity)
		f->description = other->description;
	borrow_worst(f, other);
}

static void count_members(const struct findings *all, finding_wider *wider, struct findings *wide)
{
	for (size_t i = 0; i < all->count; i++) {
		struct finding_key k = wider(all->finding[i].key);
		struct finding *w = findings_find(wide, &k);
		if (w)
			w->members++;
		else
			place(wide, &k);
	}
}

/* Whether another finding with the same coarser key absorbs this one. */
static int is_absorbed(
	struct findings *all, struct finding *w, const struct finding *f, uint32_t more_than)
{
	if (f->members > 1 || !w || w->members <= more_than)
		return 0;
	if (w->head) {
		finding_absorb(&all->finding[w->head - 1], f);
		return 1;
	}
	w->head = (uint32_t)all->count + 1;
	return 0;
}

void findings_fold(struct findings *all, finding_wider *wider, uint32_t more_than)
{
	struct findings wide;
	size_t before = all->count;

	findings_init(&wide, all->max);
	count_members(all, wider, &wide);
	all->count = 0;
	for (size_t i = 0; i < before; i++) {
		struct finding f = all->finding[i];
		struct finding_key k = wider(f.key);
		assert(!f.owns_worst);
		if (!is_absorbed(all, findings_find(&wide, &k), &f, more_than))
			all->finding[all->count++] = f;
	}
	if (all->slots)
		index_all(all);
	findings_clear(&wide);
}

size_t findings_retain(struct findings *all, finding_keeper *keeps, void *context)
{
	size_t before = all->count;

	all->count = 0;
	for (size_t i = 0; i < before; i++) {
		struct finding f = all->finding[i];
		if (keeps(context, &f))
			all->finding[all->count++] = f;
		else if (f.owns_worst)
			free(f.worst);
	}
	if (all->slots && all->count < before)
		index_all(all);
	return before - all->count;
}

void findings_release_records(struct findings *all)
{
	for (size_t i = 0; i < all->count; i++) {
		struct finding *f = &all->finding[i];
		if (f->owns_worst)
			free(f->worst);
		f->worst = NULL;
		f->owns_worst = 0;
	}
}

/* Translates a finding to another ruleset: 1, or 0 if it does not exist there. */
static int translate(struct finding *f, const struct remap *remap)
{
	struct record r = finding_flow(f);

	if (!remap_record(remap, &r))
		return 0;
	f->key.appliance = r.appliance[record_judged_end(&r)];
	f->description = summary_of(&r);
	return 1;
}

static void keep_or_absorb(struct findings *all, const struct finding *f)
{
	struct finding *same = findings_find(all, &f->key);

	if (!same)
		same = place(all, &f->key);
	else
		finding_absorb(same, f);
	if (same && same->flows == 0)
		*same = *f;
}

size_t findings_translate(struct findings *all, const struct remap *remap)
{
	struct findings old = *all;
	size_t dropped = 0;

	findings_init(all, old.max);
	all->overflowed = old.overflowed;
	for (size_t i = 0; i < old.count; i++) {
		assert(!old.finding[i].owns_worst);
		if (translate(&old.finding[i], remap))
			keep_or_absorb(all, &old.finding[i]);
		else
			dropped++;
	}
	free(old.finding);
	free(old.slot);
	return dropped;
}

void findings_clear(struct findings *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->finding[i].owns_worst)
			free(all->finding[i].worst);
	free(all->finding);
	free(all->slot);
	*all = (struct findings){.max = all->max, .seed = all->seed};
}
