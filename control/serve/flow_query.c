#include "serve/flow_query.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/literal.h"
#include "policy/draft_verdict.h"
#include "policy/ruleset.h"
#include "record/ecs.h"
#include "serve/control_protocol.h"
#include "serve/control_socket.h"

/* Sort order and the number to sort by, largest first. */
#define ORDER_LIST(X)                                                                              \
	X(BYTES, "bytes", r->bytes[0] + r->bytes[1])                                               \
	X(PACKETS, "packets", r->packets[0] + r->packets[1])                                       \
	X(START, "start", r->start_ns)                                                             \
	X(LAST, "last", r->end_ns)                                                                 \
	X(SEVERITY, "severity", (uint64_t)r->severity << 56 | (r->bytes[0] + r->bytes[1]) >> 8)
#define ORDER_MEMBER(member, text, number) ORDER_##member,
enum order { ORDER_LIST(ORDER_MEMBER) ORDER_COUNT };

struct kept {
	uint64_t rank;
	enum verdict verdict; /* under the other ruleset */
	struct record record;
};

struct flow_query {
	const struct ecs *ecs;
	struct ruleset *other;		 /* NULL: a query for flows */
	const char *appliance, *verdict; /* NULL: any; memory of `arguments` */
	json_t *arguments;
	struct address peer;
	unsigned peer_version; /* 0: any */
	long port;	       /* -1: any */
	bool flagged;
	enum order order;
	/* Min-heap by rank. */
	struct kept *kept;
	size_t count, limit;
	uint64_t seen, fitting;
	const struct ruleset *ruleset; /* in whose numbers flows are kept; compared only */
	bool is_sorted;
	size_t sent;
};

/* Items at a time: 64 take half a millisecond. */
#define SLICE 64

static uint64_t rank_of(enum order o, const struct record *r)
{
	switch (o) {
#define ORDER_RANK(member, text, number)                                                           \
	case ORDER_##member:                                                                       \
		return number;
		ORDER_LIST(ORDER_RANK)
#undef ORDER_RANK
	default:
		return 0;
	}
}

/* --- request ----------------------------------------------------------------------------- */

static bool read_order(struct flow_query *q, char *why)
{
	static const char *const name[] = {
#define ORDER_NAME(member, text, number) text,
		ORDER_LIST(ORDER_NAME)
#undef ORDER_NAME
	};
	const char *text = json_string_value(json_object_get(q->arguments, "sort"));

	q->order = ORDER_BYTES;
	for (unsigned i = 0; text && i < ORDER_COUNT; i++)
		if (strcmp(text, name[i]) == 0) {
			q->order = (enum order)i;
			return true;
		}
	if (text)
		snprintf(why, FLOW_QUERY_WHY_BYTES,
			"sort: found '%.40s'; want bytes, packets, start, last or severity", text);
	return !text;
}

static bool read_peer(struct flow_query *q, char *why)
{
	const char *text = json_string_value(json_object_get(q->arguments, "peer"));

	if (!text)
		return true;
	q->peer_version = literal_address(text, &q->peer);
	if (!q->peer_version)
		snprintf(why, FLOW_QUERY_WHY_BYTES, "peer: found '%.60s'; want an address", text);
	return q->peer_version != 0;
}

static bool read_number(
	const json_t *arguments, const char *name, long low, long high, long *number, char *why)
{
	const json_t *value = json_object_get(arguments, name);

	if (!value)
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < low ||
		json_integer_value(value) > high) {
		snprintf(why, FLOW_QUERY_WHY_BYTES, "%s: want a number from %ld to %ld", name, low,
			high);
		return false;
	}
	*number = (long)json_integer_value(value);
	return true;
}

static bool read_verdict(struct flow_query *q, char *why)
{
	q->verdict = json_string_value(json_object_get(q->arguments, "verdict"));
	for (unsigned i = 0; q->verdict && i < VERDICT_COUNT; i++)
		if (strcmp(q->verdict, verdict_name((enum verdict)i)) == 0)
			return true;
	if (q->verdict)
		snprintf(why, FLOW_QUERY_WHY_BYTES,
			"verdict: found '%.40s'; want one such as unexpected-port", q->verdict);
	return !q->verdict;
}

static bool read_appliance(struct flow_query *q, char *why)
{
	const struct ruleset *c = q->ecs->ruleset;

	q->appliance = json_string_value(json_object_get(q->arguments, "appliance"));
	if (!q->appliance || ruleset_appliance(c, q->appliance) != APPLIANCE_NONE)
		return true;
	snprintf(why, FLOW_QUERY_WHY_BYTES, "appliance: the site has no '%.100s'", q->appliance);
	return false;
}

static bool read_arguments(struct flow_query *q, char *why)
{
	long limit = CONTROL_FLOWS_DEFAULT;

	q->port = -1;
	q->flagged = json_is_true(json_object_get(q->arguments, "flagged"));
	if (!read_order(q, why) || !read_peer(q, why) || !read_verdict(q, why) ||
		!read_appliance(q, why) ||
		!read_number(q->arguments, "port", 0, 65535, &q->port, why) ||
		!read_number(q->arguments, "limit", 1, CONTROL_FLOWS_MAX, &limit, why))
		return false;
	q->limit = (size_t)limit;
	return true;
}

static struct flow_query *flow_query_new(const struct ecs *ecs)
{
	struct flow_query *q = calloc(1, sizeof(*q));

	if (q) {
		q->ecs = ecs;
		q->ruleset = ecs->ruleset;
	}
	return q;
}

struct flow_query *flow_query_of_flows(
	const json_t *arguments, const struct ecs *ecs, char why[FLOW_QUERY_WHY_BYTES])
{
	struct flow_query *q = flow_query_new(ecs);

	snprintf(why, FLOW_QUERY_WHY_BYTES, "no more memory");
	if (q)
		q->arguments = json_deep_copy(arguments);
	if (q && q->arguments && read_arguments(q, why))
		q->kept = calloc(q->limit, sizeof(*q->kept));
	if (q && q->kept)
		return q;
	flow_query_free(q);
	return NULL;
}

struct flow_query *flow_query_of_ruleset(struct ruleset *other, const struct ecs *ecs)
{
	struct flow_query *q = flow_query_new(ecs);

	if (q) {
		q->limit = CONTROL_FLOWS_DEFAULT;
		q->order = ORDER_SEVERITY;
		q->kept = calloc(q->limit, sizeof(*q->kept));
	}
	if (q && q->kept) {
		q->other = other;
		return q;
	}
	flow_query_free(q);
	return NULL;
}

void flow_query_free(struct flow_query *q)
{
	if (!q)
		return;
	ruleset_close(q->other);
	json_decref(q->arguments);
	free(q->kept);
	free(q);
}

/* --- flows ------------------------------------------------------------------------------- */

static bool has_appliance(const struct flow_query *q, const struct record *r)
{
	const struct ruleset *c = q->ecs->ruleset;

	for (unsigned end = 0; end < 2; end++)
		if (r->appliance[end] < c->appliances &&
			strcmp(c->appliance[r->appliance[end]].name, q->appliance) == 0)
			return true;
	return false;
}

static bool has_peer(const struct flow_query *q, const struct record *r)
{
	return r->version == q->peer_version &&
	       (address_equal(&r->address[0], &q->peer) || address_equal(&r->address[1], &q->peer));
}

static bool fits(const struct flow_query *q, const struct record *r)
{
	if (q->flagged && !verdict_is_flagged((enum verdict)r->verdict))
		return false;
	if (q->verdict && strcmp(verdict_name((enum verdict)r->verdict), q->verdict) != 0)
		return false;
	if (q->port >= 0 && r->port[1] != q->port)
		return false;
	if (q->appliance && !has_appliance(q, r))
		return false;
	return !q->peer_version || has_peer(q, r);
}

/* The flow's present verdict under another ruleset; VERDICT_COUNT: not monitored. */
static enum verdict verdict_by(const struct ruleset *c, const struct record *r)
{
	struct flow_tuple talk = {.version = r->version, .protocol = r->protocol};

	for (unsigned end = 0; end < 2; end++) {
		talk.address[end] = r->address[end];
		talk.port[end] = r->port[end];
		talk.appliance[end] =
			inventory_find(c->policy->inventory, &r->address[end], r->version);
	}
	if (talk.appliance[0] == APPLIANCE_NONE && talk.appliance[1] == APPLIANCE_NONE)
		return VERDICT_COUNT;
	return (enum verdict)draft_verdict(
		c->policy, &talk, (enum service_basis)r->service_basis, (enum service)r->service)
		.verdict;
}

static void sift_down(struct flow_query *q)
{
	size_t i = 0, child;

	while ((child = 2 * i + 1) < q->count) {
		struct kept swap = q->kept[i];
		if (child + 1 < q->count && q->kept[child + 1].rank < q->kept[child].rank)
			child++;
		if (q->kept[i].rank <= q->kept[child].rank)
			return;
		q->kept[i] = q->kept[child];
		q->kept[child] = swap;
		i = child;
	}
}

static void sift_up(struct flow_query *q)
{
	size_t i = q->count - 1, parent;

	while (i > 0 && q->kept[parent = (i - 1) / 2].rank > q->kept[i].rank) {
		struct kept swap = q->kept[i];
		q->kept[i] = q->kept[parent];
		q->kept[parent] = swap;
		i = parent;
	}
}

static void insert(struct flow_query *q, const struct record *r, enum verdict other)
{
	struct kept k = {.rank = rank_of(q->order, r), .verdict = other, .record = *r};

	if (q->count < q->limit) {
		q->kept[q->count++] = k;
		sift_up(q);
	} else if (q->kept[0].rank < k.rank) {
		q->kept[0] = k;
		sift_down(q);
	}
}

void flow_query_add(struct flow_query *q, const struct record *r)
{
	enum verdict other = VERDICT_COUNT;

	q->seen++;
	if (q->other) {
		other = verdict_by(q->other, r);
		if (other == r->verdict)
			return;
	} else if (!fits(q, r)) {
		return;
	}
	q->fitting++;
	insert(q, r, other);
}

/* --- answer ------------------------------------------------------------------------------ */

static int compare_rank(const void *left, const void *right)
{
	const struct kept *a = left, *b = right;

	return a->rank < b->rank ? 1 : a->rank > b->rank ? -1 : 0;
}

static bool put_item(
	const struct flow_query *q, const struct kept *k, struct control_client *client)
{
	struct buffer json = {.text = NULL};
	struct event_words words;
	struct event v;
	bool is_put;

	event_of_record(&v, q->ecs, &k->record, &words);
	if (q->other)
		v.would_be = k->verdict == VERDICT_COUNT ? "unmonitored" : verdict_name(k->verdict);
	ecs_render(&v, q->ecs, &json);
	is_put = control_item_text(client, v.json, v.json_bytes);
	buffer_fini(&json);
	return is_put;
}

static void end(struct flow_query *q, struct control_client *client)
{
	json_t *result = json_pack("{s:I, s:I, s:I}", "live", (json_int_t)q->seen,
		q->other ? "changing" : "matching", (json_int_t)q->fitting, "shown",
		(json_int_t)q->sent);

	if (q->other)
		json_object_set_new(result, "policy", json_string(q->other->hash));
	control_done(client, result);
}

bool flow_query_continue(struct flow_query *q, struct control_client *client)
{
	if (q->ecs->ruleset != q->ruleset) {
		control_refuse(client, "the policy was reloaded meanwhile; ask again");
		return false;
	}
	if (!q->is_sorted) {
		qsort(q->kept, q->count, sizeof(*q->kept), compare_rank);
		q->is_sorted = true;
		return true;
	}
	for (size_t i = 0; i < SLICE && q->sent < q->count && control_has_room(client); i++)
		if (!put_item(q, &q->kept[q->sent++], client)) {
			control_refuse(client, "no more memory");
			return false;
		}
	if (q->sent < q->count)
		return true;
	end(q, client);
	return false;
}

size_t flow_query_bytes(const struct flow_query *q)
{
	return q->limit * sizeof(*q->kept);
}
