#include "analysis/channels.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/certificate_words.h"
#include "base/format.h"
#include "base/heap.h"
#include "policy/remap.h"
#include "policy/ruleset.h"

/* --- channels in the ruleset -------------------------------------------------------------- */

static bool is_network(const struct appliance_text *a)
{
	for (size_t i = 0; i < a->addresses; i++) {
		const char *slash = strchr(a->address[i], '/');
		int whole = strchr(a->address[i], ':') ? 128 : 32;
		if (slash && atoi(slash + 1) < whole)
			return true;
	}
	return false;
}

int channels_init(struct channels *c, const struct ruleset *ruleset)
{
	*c = (struct channels){.ruleset = ruleset};
	c->is_network = heap_calloc(ruleset->appliances + 1, sizeof(*c->is_network));
	c->is_channel = heap_calloc(ruleset->policy->sets + 1, sizeof(*c->is_channel));
	c->has_any = heap_calloc(ruleset->appliances + 1, sizeof(*c->has_any));
	if (!c->is_network || !c->is_channel || !c->has_any) {
		channels_fini(c);
		return -ENOMEM;
	}
	if (link_addresses_init(&c->link_addresses, ruleset) < 0) {
		channels_fini(c);
		return -ENOMEM;
	}
	for (size_t i = 0; i < ruleset->appliances; i++)
		c->is_network[i] = is_network(&ruleset->appliance[i]);
	for (size_t i = SET_NONE + 1; i < ruleset->policy->sets; i++)
		c->is_channel[i] = ruleset->policy->set[i].is_channel != 0;
	return 0;
}

static void channel_free(struct channel *ch)
{
	for (unsigned end = 0; end < 2; end++) {
		free(ch->certificate[end].now);
		free(ch->certificate[end].before);
	}
	free(ch);
}

static void forget(struct channels *c, struct channel *ch)
{
	HASH_DEL(c->first, ch);
	channel_free(ch);
	c->count--;
}

void channels_fini(struct channels *c)
{
	struct channel *ch, *next;

	HASH_ITER(hh, c->first, ch, next)
	{
		forget(c, ch);
	}
	link_addresses_fini(&c->link_addresses);
	known_issuers_fini(&c->known);
	channel_strangers_fini(&c->strangers);
	free(c->is_network);
	free(c->is_channel);
	free(c->has_any);
	c->is_network = c->is_channel = c->has_any = NULL;
}

/* --- keys --------------------------------------------------------------------------------- */

static void swap_ends(struct channel_key *k)
{
	struct address address = k->address[0];
	uint16_t appliance = k->appliance[0];

	k->address[0] = k->address[1];
	k->appliance[0] = k->appliance[1];
	k->address[1] = address;
	k->appliance[1] = appliance;
}

static void order(struct channel_key *k)
{
	int by_address = memcmp(&k->address[0], &k->address[1], sizeof(k->address[0])) > 0;

	if (k->appliance[0] > k->appliance[1] || (k->appliance[0] == k->appliance[1] && by_address))
		swap_ends(k);
}

static struct channel_key key_of(const struct channels *c, const struct record *r)
{
	struct channel_key k;

	memset(&k, 0, sizeof(k));
	for (unsigned end = 0; end < 2; end++) {
		k.appliance[end] = r->appliance[end];
		if (!c->is_network[r->appliance[end]])
			continue;
		k.address[end] = r->address[end];
		k.version = r->version;
	}
	order(&k);
	return k;
}

static struct channel *find(const struct channels *c, const struct channel_key *k)
{
	struct channel *ch;

	HASH_FIND(hh, c->first, k, sizeof(*k), ch);
	return ch;
}

static void add(struct channels *c, struct channel *ch)
{
	HASH_ADD(hh, c->first, key, sizeof(ch->key), ch);
	c->count++;
}

static void note_flows(struct channels *c, struct channel *ch)
{
	ch->has_flows = true;
	c->has_any[ch->key.appliance[0]] = c->has_any[ch->key.appliance[1]] = true;
}

static bool was_up(const struct channel *ch)
{
	return ch->up_ns || ch->attempts[ATTEMPT_SHORT].last_ns;
}

static struct channel *find_or_add(struct channels *c, const struct channel_key *k)
{
	struct channel *ch = find(c, k);

	if (ch)
		return ch;
	if (c->count == CHANNELS_MAX && !was_up(c->first)) /* forget the oldest */
		forget(c, c->first);
	ch = c->count < CHANNELS_MAX ? heap_calloc(1, sizeof(*ch)) : NULL;
	if (!ch) {
		c->overflowed++;
		return NULL;
	}
	ch->key = *k;
	ch->state = CHANNEL_STATE_COUNT;
	add(c, ch);
	return ch;
}

/* --- reload ---------------------------------------------------------------------------- */

static void swap_causes(struct channel *ch)
{
	struct channel_certificate c = ch->certificate[0];

	ch->certificate[0] = ch->certificate[1];
	ch->certificate[1] = c;
	ch->cause.alert_end ^= 1;
	ch->cause.stuck_end ^= 1;
	ch->cause.one_sided_end ^= 1;
	ch->cause.wrong_end ^= 1;
}

/* A host's appliance may have become a network, or the reverse: then the channel is dropped. */
static bool translate(const struct channels *old, const struct channels *now,
	const struct remap *remap, struct channel *ch)
{
	struct channel_key *k = &ch->key;
	uint16_t first;

	for (unsigned end = 0; end < 2; end++) {
		uint16_t new_number = remap_appliance(remap, k->appliance[end]);
		if (new_number == APPLIANCE_NONE ||
			old->is_network[k->appliance[end]] != now->is_network[new_number])
			return false;
		k->appliance[end] = new_number;
	}
	first = k->appliance[0];
	order(k);
	if (k->appliance[0] != first)
		swap_causes(ch);
	return true;
}

int channels_reload(struct channels *c, const struct ruleset *ruleset, const struct remap *remap)
{
	struct channels old = *c;
	struct channel *ch, *next;
	int error = channels_init(c, ruleset);

	if (error < 0) {
		*c = old;
		return error;
	}
	c->overflowed = old.overflowed;
	c->meant_listener = old.meant_listener;
	c->meant_context = old.meant_context;
	c->known = old.known; /* by names */
	old.known = (struct known_issuers){.first = NULL};
	HASH_ITER(hh, old.first, ch, next)
	{
		HASH_DEL(old.first, ch);
		if (!translate(&old, c, remap, ch) || find(c, &ch->key)) {
			channel_free(ch);
			continue;
		}
		add(c, ch);
		if (ch->has_flows)
			note_flows(c, ch);
	}
	channels_fini(&old);
	return 0;
}

/* --- records --------------------------------------------------------------------------- */

static void latest(uint64_t *at, uint64_t ns)
{
	if (ns > *at)
		*at = ns;
}

static bool is_up(const struct record *r)
{
	return r->connection == CONNECTION_ESTABLISHED || r->connection == CONNECTION_MIDSTREAM;
}

/* Whether something else came after the last attempt of this kind, or nothing for so long that it
 * says no more how the channel stands. */
static bool is_broken(const struct channel *ch, enum channel_attempt kind, const struct record *r)
{
	uint64_t last_ns = ch->attempts[kind].last_ns, other_ns = ch->stood_ns;

	for (unsigned i = 0; i < ATTEMPT_KINDS; i++)
		if (i != kind)
			latest(&other_ns, ch->attempts[i].last_ns);
	return other_ns > last_ns || r->start_ns > last_ns + CHANNEL_ATTEMPT_NS;
}

static void note_attempt(struct channel *ch, enum channel_attempt kind, const struct record *r)
{
	struct channel_attempts *a = &ch->attempts[kind];

	if (r->end_ns >= a->last_ns && is_broken(ch, kind, r))
		a->first_ns = r->start_ns;
	latest(&a->last_ns, r->end_ns);
}

/* Notes how a connection or connection attempt ended. */
static void record_outcome(struct channel *ch, const struct record *r)
{
	bool is_long = r->end_ns - r->start_ns >= CHANNEL_SHORT_NS;

	latest(&ch->last_ns, r->end_ns);
	if (r->connection == CONNECTION_REFUSED) {
		note_attempt(ch, ATTEMPT_REFUSED, r);
	} else if (r->connection == CONNECTION_ATTEMPTED) {
		note_attempt(ch, ATTEMPT_UNANSWERED, r);
	} else if (!record_is_live(r) && r->connection == CONNECTION_ESTABLISHED && !is_long &&
		   (r->end == END_FIN || r->end == END_RESET || r->end == END_REPLACED)) {
		note_attempt(ch, ATTEMPT_SHORT, r);
	} else {
		latest(&ch->up_ns, r->end_ns);
		if (is_long)
			latest(&ch->stood_ns, r->end_ns);
	}
}

/* The same for both directions of a connection. */
static uint64_t connection_key(const struct record *r)
{
	uint64_t hash[2];

	for (unsigned end = 0; end < 2; end++) {
		uint64_t half[2];
		memcpy(half, r->address[end].byte, sizeof(half));
		hash[end] = (half[0] ^ half[1] ^ r->port[end]) * 0x9e3779b97f4a7c15;
		hash[end] ^= hash[end] >> 29;
	}
	return hash[0] + hash[1];
}

/* Its place; a new one takes that of a closed connection, else of the one that is silent longest.
 */
static struct channel_connection *connection_of(struct channel *ch, uint64_t key)
{
	struct channel_connection *victim = ch->connection;

	for (unsigned i = 0; i < CHANNEL_CONNECTIONS_MAX; i++) {
		struct channel_connection *at = &ch->connection[i];
		if (at->last_ns && at->key == key)
			return at;
		if (at->is_closed > victim->is_closed ||
			(at->is_closed == victim->is_closed && at->last_ns < victim->last_ns))
			victim = at;
	}
	*victim = (struct channel_connection){.key = key};
	return victim;
}

/* Its flow may have ended for want of packets, or begin anew without a handshake: what counts is
 * when its last packet came, and that nobody closed it. */
static void note_connection(struct channel *ch, const struct record *r)
{
	struct channel_connection *at;

	if (!is_up(r))
		return;
	at = connection_of(ch, connection_key(r));
	if (r->end_ns < at->last_ns)
		return;
	if (!at->start_ns || (at->is_closed && r->start_ns > at->last_ns)) {
		ch->began++;
		latest(&ch->began_ns, r->start_ns);
	}
	if (!at->start_ns || at->is_closed || r->start_ns < at->start_ns)
		at->start_ns = r->start_ns;
	at->last_ns = r->end_ns;
	at->is_closed = r->end == END_FIN || r->end == END_RESET;
	at->is_reset = r->end == END_RESET;
}

static bool is_of_channels(const struct channels *c, const struct record *r)
{
	return r->protocol == IPPROTO_TCP && (c->is_channel[r->set[0]] || c->is_channel[r->set[1]]);
}

bool channels_wants(const struct channels *c, const struct record *r)
{
	return c->is_channel && r->appliance[0] != APPLIANCE_NONE &&
	       r->appliance[1] != APPLIANCE_NONE && is_of_channels(c, r);
}

/* The channel's end that is this end of the record. */
static unsigned end_of(const struct channel *ch, const struct record *r, unsigned end)
{
	const struct channel_key *k = &ch->key;

	if (k->appliance[0] != k->appliance[1])
		return k->appliance[0] == r->appliance[end] ? 0 : 1;
	return memcmp(&k->address[0], &r->address[end], sizeof(k->address[0])) == 0 ? 0 : 1;
}

static void note_senders(struct channels *c, const struct record *r)
{
	for (unsigned end = 0; end < 2; end++)
		if (r->opening.mac_known >> end & 1)
			link_addresses_see(
				&c->link_addresses, r->opening.mac[end], r->appliance[end]);
}

/* Who speaks with an appliance on this port is none, but its link address is one's: the record as
 * it was meant, and the cause. */
static bool mean(const struct channels *c, const struct record *r, struct record *meant,
	struct channel_cause *cause)
{
	int stranger = is_of_channels(c, r) ? channel_stranger_end(r) : -1;

	if (stranger < 0)
		return false;
	*meant = *r;
	meant->appliance[stranger] = link_addresses_whose(
		&c->link_addresses, r->opening.mac[stranger], &cause->wrong_declared);
	cause->wrong_ns = r->end_ns;
	cause->wrong_address = r->address[stranger];
	cause->wrong_version = r->version;
	cause->wrong_end = (uint8_t)stranger;
	return meant->appliance[stranger] != APPLIANCE_NONE &&
	       meant->appliance[stranger] != r->appliance[1 - stranger];
}

/* That decides nothing of the flow, which is flagged. */
static void take_meant(
	struct channels *c, const struct record *meant, const struct channel_cause *cause)
{
	struct channel_key k = key_of(c, meant);
	struct channel *ch = find_or_add(c, &k);

	if (!ch || meant->end_ns < ch->cause.wrong_ns)
		return;
	note_attempt(ch, ATTEMPT_WRONG_ADDRESS, meant);
	ch->cause.wrong_ns = cause->wrong_ns;
	ch->cause.wrong_address = cause->wrong_address;
	ch->cause.wrong_version = cause->wrong_version;
	ch->cause.wrong_end = (uint8_t)end_of(ch, meant, cause->wrong_end);
	ch->cause.wrong_declared = cause->wrong_declared;
}

static void take_stranger(struct channels *c, const struct record *r)
{
	struct channel_cause cause = {.wrong_ns = 0};
	struct record meant;

	if (mean(c, r, &meant, &cause))
		take_meant(c, &meant, &cause);
	else if (channel_stranger_end(r) >= 0)
		channel_strangers_note(&c->strangers, r);
}

static void cause_of_record(const struct channels *c, const struct record *r,
	const struct channel_cause *cause, char text[CHANNEL_CAUSE_BYTES])
{
	const char *end[2];

	for (unsigned i = 0; i < 2; i++)
		end[i] = c->ruleset->appliance[r->appliance[i]].name;
	channel_cause_text(cause, end, 0, text);
}

bool channels_meant(const struct channels *c, const struct record *r, struct record *meant,
	char text[CHANNEL_CAUSE_BYTES])
{
	struct channel_cause cause = {.wrong_ns = 0};

	if (!c->is_channel || !mean(c, r, meant, &cause))
		return false;
	cause_of_record(c, meant, &cause, text);
	return true;
}

static bool take_late(void *context, const struct record *r)
{
	struct channels *c = context;
	struct channel_cause cause = {.wrong_ns = 0};
	char text[CHANNEL_CAUSE_BYTES];
	struct record meant;

	if (!mean(c, r, &meant, &cause))
		return false;
	take_meant(c, &meant, &cause);
	if (c->meant_listener) {
		cause_of_record(c, &meant, &cause, text);
		c->meant_listener(c->meant_context, &meant, text);
	}
	return true;
}

void channels_listen_meant(struct channels *c, channel_meant_listener *listener, void *context)
{
	c->meant_listener = listener;
	c->meant_context = context;
}

void channel_record_reason(
	const struct channels *c, const struct record *r, char text[CHANNEL_CAUSE_BYTES])
{
	struct channel_cause cause = {.alert_ns = 0};

	channel_cause_note(&cause, r, 0);
	cause_of_record(c, r, &cause, text);
}

bool channel_record_is_sealed(const struct record *r)
{
	enum { TLS_1_3 = 0x0304 };

	return r->service == SERVICE_TLS && r->facts.known && r->facts.number[1] == TLS_1_3;
}

void channels_take(struct channels *c, const struct record *r)
{
	struct channel_key k;
	struct channel *ch;

	if (!is_of_channels(c, r))
		return;
	if (r->appliance[0] == APPLIANCE_NONE || r->appliance[1] == APPLIANCE_NONE) {
		take_stranger(c, r);
		return;
	}
	k = key_of(c, r);
	ch = find_or_add(c, &k);
	if (!ch)
		return;
	note_flows(c, ch);
	note_senders(c, r);
	record_outcome(ch, r);
	channel_cause_note(&ch->cause, r, end_of(ch, r, 0));
	if (channel_record_is_sealed(r))
		latest(&ch->sealed_ns, r->end_ns);
	note_connection(ch, r);
}

/* --- certificates ------------------------------------------------------------------------- */

/* The pieces of one follow each other: what does not go on from the last one begins anew, and a
 * beginning that is missing gives none. True: it is complete. */
static bool collect_piece(struct channels *c, const struct certificate_piece *p)
{
	if (p->offset == 0)
		c->arriving.bytes = 0;
	if (p->offset != c->arriving.bytes || p->length > sizeof(p->byte) ||
		p->offset + p->length > sizeof(c->arriving.byte)) {
		c->arriving.bytes = SIZE_MAX;
		return false;
	}
	memcpy(c->arriving.byte + p->offset, p->byte, p->length);
	c->arriving.bytes += p->length;
	return c->arriving.bytes == p->size;
}

/* A later one than all so far. */
static void replace_certificate(
	struct channel_certificate *s, struct certificate *new, uint64_t at_ns)
{
	if (s->now && strcmp(s->now->issuer, new->issuer) != 0) {
		free(s->before);
		s->before = s->now;
		s->changed_ns = at_ns;
	} else {
		free(s->now);
	}
	s->now = new;
}

/* The first one since the start, or since the channel was forgotten, follows one that is known. */
static void recall(struct channels *c, struct channel *ch, unsigned end, const char *holder,
	const char *peer, uint64_t at_ns)
{
	struct channel_certificate *s = &ch->certificate[end];
	const char *issuer = s->now ? NULL : known_issuers_find(&c->known, holder, peer, at_ns);

	s->now = issuer ? heap_calloc(1, sizeof(*s->now)) : s->now;
	if (issuer && s->now)
		snprintf(s->now->issuer, sizeof(s->now->issuer), "%s", issuer);
}

static void take_certificate(struct channels *c, struct channel *ch, unsigned end,
	struct certificate *new, uint64_t at_ns)
{
	char holder[CHANNEL_END_BYTES], peer[CHANNEL_END_BYTES];

	channel_end_text(c, ch, end, holder);
	channel_end_text(c, ch, 1 - end, peer);
	recall(c, ch, end, holder, peer, at_ns);
	known_issuers_note(&c->known, holder, peer, new->issuer, at_ns);
	replace_certificate(&ch->certificate[end], new, at_ns);
}

static void take_whole(struct channels *c, struct channel *ch, unsigned end, const struct record *r)
{
	struct channel_certificate *s = &ch->certificate[end];
	struct certificate *new = heap_calloc(1, sizeof(*new));

	s->is_long = r->piece.size == 0 && !r->piece.is_none;
	s->is_none = r->piece.is_none;
	if (new && r->piece.size && certificate_read(new, c->arriving.byte, r->piece.size) == 0)
		take_certificate(c, ch, end, new, r->end_ns);
	else
		free(new);
}

void channels_know_issuer(struct channels *c, const char *holder, const char *peer,
	const char *issuer, uint64_t seen_ns)
{
	known_issuers_note(&c->known, holder, peer, issuer, seen_ns);
}

void channels_take_certificate(struct channels *c, const struct record *r)
{
	struct channel_certificate *s;
	struct channel_key k;
	struct channel *ch;
	unsigned end;

	if (!channels_wants(c, r) || r->piece.end > 1 || !collect_piece(c, &r->piece))
		return;
	k = key_of(c, r);
	ch = find_or_add(c, &k);
	if (!ch)
		return;
	note_flows(c, ch);
	latest(&ch->last_ns, r->end_ns);
	end = end_of(ch, r, r->piece.end);
	s = &ch->certificate[end];
	if (r->end_ns < s->seen_ns)
		return;
	s->seen_ns = r->end_ns;
	take_whole(c, ch, end, r);
}

const struct certificate *channels_certificate(
	const struct channels *c, const struct record *r, unsigned *end)
{
	const struct channel_certificate *s;
	struct channel_key k;
	struct channel *ch;

	if (!channels_wants(c, r) || r->piece.end > 1 || r->piece.size == 0 ||
		r->piece.offset + r->piece.length != r->piece.size)
		return NULL;
	k = key_of(c, r);
	ch = find(c, &k);
	s = ch ? &ch->certificate[end_of(ch, r, r->piece.end)] : NULL;
	*end = r->piece.end;
	return s && s->seen_ns == r->end_ns && !s->is_none ? s->now : NULL;
}

/* --- states ---------------------------------------------------------------------------- */

static bool is_recent(uint64_t at_ns, uint64_t now_ns)
{
	return at_ns && at_ns + CHANNEL_ATTEMPT_NS > now_ns;
}

/* What became of the connection whose packets came last. */
static enum channel_state state_of_end(const struct channel *ch)
{
	const struct channel_connection *last = ch->connection;

	for (unsigned i = 1; i < CHANNEL_CONNECTIONS_MAX; i++)
		if (ch->connection[i].last_ns > last->last_ns)
			last = &ch->connection[i];
	if (!last->is_closed)
		return CHANNEL_SILENT;
	return last->is_reset ? CHANNEL_RESET : CHANNEL_CLOSED;
}

/* Of attempts at the same time the last one here counts. */
static const struct {
	enum channel_attempt kind;
	enum channel_state state;
} in_rank[ATTEMPT_KINDS] = {
	{ATTEMPT_UNANSWERED, CHANNEL_UNANSWERED},
	{ATTEMPT_WRONG_ADDRESS, CHANNEL_WRONG_ADDRESS},
	{ATTEMPT_REFUSED, CHANNEL_REFUSED},
	{ATTEMPT_SHORT, CHANNEL_HANDSHAKE_ONLY},
};

/* With no connection up, the latest attempt determines the state. */
static enum channel_state state_of_attempts(const struct channel *ch, uint64_t now_ns)
{
	enum channel_state s = state_of_end(ch);
	uint64_t at = 0;

	for (unsigned kind = 0; kind < ATTEMPT_KINDS; kind++) {
		uint64_t last_ns = ch->attempts[in_rank[kind].kind].last_ns;
		if (!is_recent(last_ns, now_ns) || last_ns < at)
			continue;
		at = last_ns;
		s = in_rank[kind].state;
	}
	return s;
}

static uint64_t attempts_since(const struct channel *ch)
{
	for (unsigned kind = 0; kind < ATTEMPT_KINDS; kind++)
		if (in_rank[kind].state == ch->state)
			return ch->attempts[in_rank[kind].kind].first_ns;
	return 0;
}

static bool is_standing(const struct channel_connection *at, uint64_t now_ns)
{
	return at->last_ns && !at->is_closed && at->last_ns + CHANNEL_IDLE_NS >= now_ns;
}

static uint32_t count_up(const struct channel *ch, uint64_t now_ns)
{
	uint32_t up = 0;

	for (unsigned i = 0; i < CHANNEL_CONNECTIONS_MAX; i++) {
		const struct channel_connection *at = &ch->connection[i];
		up += is_standing(at, now_ns);
	}
	return up;
}

static enum channel_state state_of(const struct channel *ch, uint64_t now_ns, bool in_doubt)
{
	if (ch->up >= CHANNEL_CONNECTIONS)
		return CHANNEL_UP;
	if (in_doubt)
		return CHANNEL_INCONCLUSIVE;
	return ch->up == 1 ? CHANNEL_HALF : state_of_attempts(ch, now_ns);
}

/* Of the connections that stand: since when so many do. One that is left of two counts from when
 * the other ended. */
static uint64_t standing_since(const struct channel *ch, uint64_t now_ns)
{
	uint64_t first_ns = UINT64_MAX, last_ns = 0, ended_ns = 0;

	for (unsigned i = 0; i < CHANNEL_CONNECTIONS_MAX; i++) {
		const struct channel_connection *at = &ch->connection[i];
		if (!is_standing(at, now_ns)) {
			latest(&ended_ns, at->last_ns);
			continue;
		}
		latest(&last_ns, at->start_ns);
		if (at->start_ns < first_ns)
			first_ns = at->start_ns;
	}
	if (ch->state == CHANNEL_UP)
		return last_ns;
	return ended_ns > first_ns ? ended_ns : first_ns;
}

static uint64_t state_since(const struct channel *ch, uint64_t now_ns)
{
	switch (ch->state) {
	case CHANNEL_UP:
	case CHANNEL_HALF:
		return standing_since(ch, now_ns);
	case CHANNEL_REFUSED:
	case CHANNEL_UNANSWERED:
	case CHANNEL_HANDSHAKE_ONLY:
	case CHANNEL_WRONG_ADDRESS:
		return attempts_since(ch);
	case CHANNEL_INCONCLUSIVE:
		return now_ns;
	default:
		return ch->last_ns;
	}
}

void channels_evaluate(struct channels *c, uint64_t now_ns, bool in_doubt,
	channel_listener *listener, void *context)
{
	struct channel *ch, *next;

	if (c->is_channel)
		channel_strangers_resolve(&c->strangers, take_late, c);
	HASH_ITER(hh, c->first, ch, next)
	{
		enum channel_state from = ch->state, to;
		ch->up = count_up(ch, now_ns);
		to = state_of(ch, now_ns, in_doubt);
		if (to == CHANNEL_SILENT && !was_up(ch)) { /* never up: forget it */
			forget(c, ch);
			continue;
		}
		if (from == to && attempts_since(ch))
			ch->since_ns = attempts_since(ch);
		if (from == to)
			continue;
		ch->state = to;
		ch->since_ns = state_since(ch, now_ns);
		if (listener)
			listener(context, ch, from);
	}
}

static int by_key(const struct channel *a, const struct channel *b)
{
	for (unsigned end = 0; end < 2; end++)
		if (a->key.appliance[end] != b->key.appliance[end])
			return a->key.appliance[end] < b->key.appliance[end] ? -1 : 1;
	return memcmp(&a->key, &b->key, sizeof(a->key));
}

void channels_sort(struct channels *c)
{
	HASH_SORT(c->first, by_key);
}

void channels_count(const struct channels *c, size_t count[CHANNEL_STATE_COUNT])
{
	memset(count, 0, CHANNEL_STATE_COUNT * sizeof(*count));
	for (const struct channel *ch = c->first; ch; ch = ch->hh.next)
		if (ch->state < CHANNEL_STATE_COUNT)
			count[ch->state]++;
}

bool channels_has(const struct channels *c, uint16_t appliance)
{
	return c->has_any[appliance];
}

void channel_end_text(const struct channels *c, const struct channel *ch, unsigned end,
	char text[CHANNEL_END_BYTES])
{
	uint16_t appliance = ch->key.appliance[end];
	char address[ADDRESS_TEXT_BYTES];

	if (!c->is_network[appliance]) {
		snprintf(text, CHANNEL_END_BYTES, "%.255s", c->ruleset->appliance[appliance].name);
		return;
	}
	format_address(&ch->key.address[end], ch->key.version, address);
	snprintf(text, CHANNEL_END_BYTES, "%.255s (%s)", c->ruleset->appliance[appliance].name,
		address);
}

uint32_t channel_reconnects(const struct channel *ch)
{
	return ch->began > CHANNEL_CONNECTIONS ? ch->began - CHANNEL_CONNECTIONS : 0;
}

/* --- texts ---------------------------------------------------------------------------------- */

void channel_reason(
	const struct channels *c, const struct channel *ch, char text[CHANNEL_CAUSE_BYTES])
{
	char ends[2][CHANNEL_END_BYTES];
	const char *end[2] = {ends[0], ends[1]};

	text[0] = '\0';
	if (ch->state == CHANNEL_UP || ch->state == CHANNEL_STATE_COUNT)
		return;
	for (unsigned i = 0; i < 2; i++)
		channel_end_text(c, ch, i, ends[i]);
	channel_cause_text(&ch->cause, end,
		ch->last_ns > CHANNEL_ATTEMPT_NS ? ch->last_ns - CHANNEL_ATTEMPT_NS : 0, text);
	if (text[0])
		return;
	snprintf(text, CHANNEL_CAUSE_BYTES, "%s%s", channel_state_words(ch->state),
		ch->state == CHANNEL_HANDSHAKE_ONLY && ch->sealed_ns ? "; TLS 1.3 hides why" : "");
}

void channel_certificate_text(
	const struct channel *ch, unsigned end, uint64_t now_ns, char text[CERTIFICATE_TEXT_BYTES])
{
	const struct channel_certificate *s = &ch->certificate[end];
	const char *words = "";

	if (ch->sealed_ns > s->seen_ns)
		words = CERTIFICATE_SEALED_TEXT;
	else if (s->is_none)
		words = "none";
	else if (s->is_long)
		words = "too long to be read";
	snprintf(text, CERTIFICATE_TEXT_BYTES, "%s", words);
	if (!words[0] && s->now)
		certificate_text(s->now, now_ns, text);
}
