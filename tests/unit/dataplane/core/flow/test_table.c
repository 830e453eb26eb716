#include "dataplane/core/frame_fixture.h"

#include "core/flow/table.h"

#define KEYS 600

struct table_memory {
	struct table table;
	void *memory;
};

static struct table_memory *table_open(uint32_t capacity, uint64_t seed)
{
	struct table_memory *m = calloc(1, sizeof(*m));
	size_t bytes = (table_size(capacity) + 63) & ~(size_t)63;

	assert_non_null(m);
	m->memory = aligned_alloc(64, bytes);
	assert_non_null(m->memory);
	memset(m->memory, 0, bytes);
	table_init(&m->table, m->memory, capacity, seed);
	return m;
}

static void table_close(struct table_memory *m)
{
	free(m->memory);
	free(m);
}

/* As the tracker makes them: IPv4 has protocol and port beside each address. */
static void key_settle(union flow_key *k)
{
	for (unsigned end = 0; end < 2 && !k->version6; end++)
		k->word[1 + 2 * end] = (k->word[1 + 2 * end] & 0xffffffff00000000) |
				       (uint64_t)k->protocol << 16 | k->port[end];
}

static union flow_key random_key(struct dice *d)
{
	union flow_key k;

	memset(&k, 0, sizeof(k));
	k.version6 = dice_below(d, 2) ? STATE_VERSION6 : 0;
	k.protocol = dice_below(d, 2) ? 6 : 17;
	for (unsigned end = 0; end < 2; end++) {
		for (unsigned i = k.version6 ? 0 : 12; i < 16; i++)
			k.address[end].byte[i] = (uint8_t)dice_below(d, 3);
		k.port[end] = (uint16_t)dice_below(d, 4);
	}
	key_settle(&k);
	return k;
}

/* --- the stupid twin: keys in a row -------------------------------------------------------- */

struct twin {
	union flow_key key[KEYS];
	uint32_t index[KEYS]; /* or FLOW_NONE: not there */
	enum eviction_class eviction_class[KEYS];
	uint32_t stamp[KEYS];
	uint32_t count, active;
};

/* Different keys; with `crowded` only such as share two of the table's buckets. */
static void twin_fill(struct twin *t, struct dice *d, const struct table *table, int crowded)
{
	while (t->count < KEYS) {
		union flow_key k = random_key(d);
		uint32_t i = 0;
		if (crowded && (table_hash(table, &k) & table->bucket_mask) > 1)
			continue;
		while (i < t->count && memcmp(&t->key[i], &k, sizeof(k)) != 0)
			i++;
		if (i < t->count)
			continue;
		t->key[i] = k;
		t->index[i] = FLOW_NONE;
		t->count++;
	}
}

static int bucket_is_full(const struct bucket *b)
{
	for (unsigned i = 0; i < BUCKET_SLOTS; i++)
		if (b->entry[i] == 0)
			return 0;
	return 1;
}

/* As the tracker does: written first, kept if there is room. */
static uint32_t table_put(struct table *table, const union flow_key *k, uint64_t hash,
	enum eviction_class eviction_class)
{
	uint32_t index;

	table_spare(table, k);
	index = table_insert(table, hash, eviction_class);
	if (index == FLOW_NONE)
		table_let_go(table);
	return index;
}

static void keep(struct twin *t, struct table *table, struct dice *d, uint32_t i, uint32_t index,
	enum eviction_class eviction_class)
{
	for (uint32_t k = 0; k < t->count; k++)
		assert_true(t->index[k] != index);
	t->index[i] = index;
	t->eviction_class[i] = eviction_class;
	t->stamp[i] = (uint32_t)dice_next(d);
	t->active++;
	table->flow[index].tally[0] = t->stamp[i];
}

/* Where there is no room, in the place of one that is worth less. */
static void replace(struct twin *t, struct table *table, struct dice *d, uint32_t i,
	enum eviction_class eviction_class)
{
	uint64_t hash = table_hash(table, &t->key[i]);
	struct place victim = table_victim(table, hash, eviction_class);

	if (victim.flow == FLOW_NONE)
		return;
	for (uint32_t k = 0; k < t->count; k++)
		if (t->index[k] == victim.flow) {
			t->index[k] = FLOW_NONE;
			t->active--;
		}
	table_spare(table, &t->key[i]);
	keep(t, table, d, i, table_replace(table, victim, hash, eviction_class), eviction_class);
}

static void insert(struct twin *t, struct table *table, struct dice *d, uint32_t i)
{
	uint64_t hash = table_hash(table, &t->key[i]);
	enum eviction_class eviction_class =
		(enum eviction_class)(EVICT_ATTEMPT + dice_below(d, 5));
	int first_is_full = bucket_is_full(&table->bucket[hash & table->bucket_mask]);
	uint32_t index = table_put(table, &t->key[i], hash, eviction_class);

	if (index == FLOW_NONE) {
		/* Only where there is no flow left or no place. */
		assert_true(t->active == table->capacity || first_is_full);
		replace(t, table, d, i, eviction_class);
		return;
	}
	assert_in_range(index, 1, table->capacity + 1);
	keep(t, table, d, i, index, eviction_class);
}

static void remove_key(struct twin *t, struct table *table, uint32_t i)
{
	table_remove(table, t->index[i]);
	t->index[i] = FLOW_NONE;
	t->active--;
}

/* One ends and another one begins with the same key, in its place. */
static void succeed(struct twin *t, struct table *table, struct dice *d, uint32_t i)
{
	uint32_t old = t->index[i], bucket = table->flow[old].bucket;
	enum eviction_class eviction_class =
		(enum eviction_class)(EVICT_ATTEMPT + dice_below(d, 5));
	uint32_t index = (uint32_t)(table_spare(table, &t->key[i]) - table->flow);

	table_succeed(table, old, eviction_class);
	assert_int_equal(table->flow[index].bucket, bucket);
	t->index[i] = FLOW_NONE;
	t->active--;
	keep(t, table, d, i, index, eviction_class);
}

/* Whatever the guess was when the burst began, what is found is what is there now. */
static void check_find(const struct twin *t, const struct table *table, struct dice *d, uint32_t i)
{
	uint64_t hash = table_hash(table, &t->key[i]);
	uint32_t guess =
		dice_below(d, 2) ? table_guess(table, hash) : dice_below(d, table->fresh + 1);

	if (guess != FLOW_NONE && guess >= table->fresh)
		guess = FLOW_NONE;
	assert_int_equal(table_find(table, &t->key[i], hash, guess), t->index[i]);
	assert_int_equal(table_find(table, &t->key[i], hash, FLOW_NONE), t->index[i]);
	if (t->index[i] != FLOW_NONE)
		assert_int_equal(table->flow[t->index[i]].tally[0], t->stamp[i]);
}

static const struct {
	uint8_t may_go[EVICT_BELONGS + 1];
} replaces[EVICT_BELONGS + 1] = {
	/* What may go for … an attempt, a closed one, a probe, flagged, documented. */
	[EVICT_ATTEMPT] = {{0, 1, 0, 0, 0, 0}},
	[EVICT_CLOSED] = {{0, 1, 0, 0, 0, 0}},
	[EVICT_PROBE] = {{0, 1, 1, 0, 0, 0}},
	[EVICT_FLAGGED] = {{0, 1, 1, 1, 0, 0}},
	[EVICT_BELONGS] = {{0, 1, 1, 1, 0, 0}},
};

static void check_victim(
	const struct twin *t, const struct table *table, uint32_t i, enum eviction_class new)
{
	uint64_t hash = table_hash(table, &t->key[i]);
	uint32_t victim = table_victim(table, hash, new).flow, found = t->count;
	unsigned least = EVICT_BELONGS + 1;

	for (uint32_t k = 0; k < t->count; k++) {
		if (t->index[k] == FLOW_NONE ||
			table->flow[t->index[k]].bucket != (uint32_t)(hash & table->bucket_mask))
			continue;
		if (t->index[k] == victim)
			found = k;
		if (replaces[new].may_go[t->eviction_class[k]] && t->eviction_class[k] < least)
			least = t->eviction_class[k];
	}
	if (victim == FLOW_NONE) {
		assert_int_equal(least, EVICT_BELONGS + 1);
	} else {
		assert_true(found < t->count);
		assert_int_equal(t->eviction_class[found], least);
	}
}

static void play(uint32_t capacity, uint64_t seed, int crowded)
{
	struct dice d = dice_cast(seed);
	struct table_memory *m = table_open(capacity, seed);
	struct table *table = &m->table;
	struct twin t = {0};

	twin_fill(&t, &d, table, crowded);
	for (unsigned step = 0; step < 6000; step++) {
		/* It fills and empties in turn. */
		unsigned filling = step / 500 % 2 == 0;
		uint32_t i = dice_below(&d, t.count);
		if (t.index[i] == FLOW_NONE) {
			if (filling || dice_below(&d, 4) == 0)
				insert(&t, table, &d, i);
		} else if (!filling || dice_below(&d, 4) == 0) {
			remove_key(&t, table, i);
		} else if (dice_below(&d, 3) == 0) {
			succeed(&t, table, &d, i);
		} else {
			t.eviction_class[i] =
				(enum eviction_class)(EVICT_ATTEMPT + dice_below(&d, 5));
			table_set_class(table, t.index[i], t.eviction_class[i]);
		}
		assert_int_equal(table->active, t.active);
		check_find(&t, table, &d, i);
		check_find(&t, table, &d, dice_below(&d, t.count));
		check_victim(&t, table, dice_below(&d, t.count),
			(enum eviction_class)(EVICT_ATTEMPT + dice_below(&d, 5)));
	}
	for (uint32_t i = 0; i < t.count; i++)
		check_find(&t, table, &d, i);
	table_close(m);
}

static void table_finds_what_a_list_finds(void **state)
{
	(void)state;
	play(1000, 1, 0);
	play(300, 2, 0);
	play(64, 3, 0);
}

static void table_finds_what_a_list_finds_where_buckets_overflow(void **state)
{
	(void)state;
	play(64, 4, 1);
	play(256, 5, 1);
}

static void table_finds_what_a_list_finds_where_it_is_tiny(void **state)
{
	(void)state;
	for (uint32_t capacity = 1; capacity <= 9; capacity++)
		play(capacity, 100 + capacity, 0);
}

static void table_takes_as_many_flows_as_it_was_made_for(void **state)
{
	static const uint32_t capacity[] = {1, 2, 4, 5, 8, 100};

	(void)state;
	for (unsigned n = 0; n < sizeof(capacity) / sizeof(capacity[0]); n++) {
		struct dice d = {n};
		struct table_memory *m = table_open(capacity[n], 1);
		struct table *t = &m->table;
		for (unsigned tries = 0; tries < 100000 && t->active < capacity[n]; tries++) {
			union flow_key k = random_key(&d);
			uint64_t hash = table_hash(t, &k);
			if (table_find(t, &k, hash, FLOW_NONE) == FLOW_NONE)
				table_put(t, &k, hash, EVICT_BELONGS);
		}
		assert_int_equal(t->active, capacity[n]);
		table_close(m);
	}
}

static void table_gives_a_new_flow_clean_memory(void **state)
{
	struct table_memory *m = table_open(1, 1);
	struct table *t = &m->table;
	struct dice d = {1};
	union flow_key k = random_key(&d);
	uint64_t hash = table_hash(t, &k);
	struct flow want;
	uint32_t index = table_put(t, &k, hash, EVICT_ATTEMPT);

	(void)state;
	t->flow[index].tally[1] = t->flow[index].tally[0] = 7;
	t->flow[index].history = t->flow[index].first_ns = 7;
	t->flow[index].seen[0] = 7, t->flow[index].set[1] = 7;
	table_remove(t, index);
	index = (uint32_t)(table_spare(t, &k) - t->flow);
	assert_int_equal(table_insert(t, hash, EVICT_ATTEMPT), index);
	memset(&want, 0, sizeof(want));
	memcpy(&want, &k, FLOW_KEY_BYTES);
	want.state = k.version6;
	want.bucket = t->flow[index].bucket;
	assert_memory_equal(&t->flow[index], &want, sizeof(want));
	table_close(m);
}

/* A guess is made a few packets before it is used; the flow may be gone by then. */
static void table_does_not_find_a_flow_that_was_given_back(void **state)
{
	struct table_memory *m = table_open(8, 1);
	struct table *t = &m->table;
	struct dice d = {1};
	union flow_key k = random_key(&d);
	uint64_t hash = table_hash(t, &k);
	uint32_t index = table_put(t, &k, hash, EVICT_ATTEMPT);

	(void)state;
	assert_int_equal(table_guess(t, hash), index);
	table_remove(t, index);
	assert_int_equal(table_find(t, &k, hash, index), FLOW_NONE);
	assert_false(flow_has_key(&t->flow[table_guess(t, hash)], &k));
	table_close(m);
}

static void table_spreads_flows_over_all_buckets(void **state)
{
	struct table_memory *m = table_open(4096, 99);
	uint32_t count[1024] = {0}, most = 0, buckets = m->table.bucket_mask + 1;
	union flow_key k;

	(void)state;
	assert_int_equal(buckets, 1024);
	memset(&k, 0, sizeof(k));
	k.protocol = 6;
	k.address[0].byte[12] = 10;
	k.address[1].byte[12] = 10;
	k.port[1] = 443;
	for (unsigned i = 0; i < 32768; i++) {
		uint32_t b;
		k.address[1].byte[15] = (uint8_t)(i & 15);
		k.port[0] = (uint16_t)(49152 + (i >> 4));
		key_settle(&k);
		b = (uint32_t)table_hash(&m->table, &k) & m->table.bucket_mask;
		if (++count[b] > most)
			most = count[b];
	}
	/* 32 on average; a fair hash reaches 70 once in a billion tries. */
	assert_true(most < 70);
	table_close(m);
}

/* The guess of a packet in a tunnel is the spare flow, and a packet of its burst is written to it.
 */
static void table_takes_no_guess_from_outside_of_a_tunnel(void **state)
{
	struct table_memory *m = table_open(4096, 7);
	uint32_t outside, inside;
	uint64_t hash[2];
	union flow_key k;

	(void)state;
	memset(&k, 0, sizeof(k));
	k.version6 = STATE_VERSION6;
	k.protocol = 6;
	k.address[0].byte[15] = 1;
	k.address[1].byte[15] = 2;
	hash[0] = table_hash_of(&m->table, &k, 0);
	hash[1] = table_hash_of(&m->table, &k, 12345);
	outside = table_put(&m->table, &k, hash[0], EVICT_BELONGS);
	assert_int_equal(table_find(&m->table, &k, hash[1], outside), FLOW_NONE);
	assert_int_equal(table_find(&m->table, &k, hash[0], outside), outside);
	inside = table_put(&m->table, &k, hash[1], EVICT_BELONGS);
	assert_int_equal(table_find(&m->table, &k, hash[1], outside), inside);
	assert_int_equal(table_find(&m->table, &k, hash[0], inside), outside);
	assert_true(table_has_at(&m->table, hash[0], outside));
	assert_false(table_has_at(&m->table, hash[0], inside));
	table_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_finds_what_a_list_finds),
		cmocka_unit_test(table_finds_what_a_list_finds_where_buckets_overflow),
		cmocka_unit_test(table_finds_what_a_list_finds_where_it_is_tiny),
		cmocka_unit_test(table_takes_as_many_flows_as_it_was_made_for),
		cmocka_unit_test(table_gives_a_new_flow_clean_memory),
		cmocka_unit_test(table_does_not_find_a_flow_that_was_given_back),
		cmocka_unit_test(table_spreads_flows_over_all_buckets),
		cmocka_unit_test(table_takes_no_guess_from_outside_of_a_tunnel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
