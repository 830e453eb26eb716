#include "serve/flow_query.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "policy/draft_verdict.h"
#include "policy/ruleset.h"
#include "record/ecs.h"
#include "serve/control_protocol.h"
#include "serve/control_socket.h"
#include "serve/flow_order.h"
#include "serve/peer_filter.h"

struct kept {
	struct flow_rank rank;
	enum verdict verdict; /* under the other ruleset */
	struct record record;
};

struct flow_query {
	const struct ecs *ecs;
	struct ruleset *other;		 /* NULL: a query for flows */
	const char *appliance, *verdict; /* NULL: any; memory of `arguments` */
	json_t *arguments;
	struct peer_filter peer;
	bool has_peer; /* else any */
	long port;     /* -1: any */
	bool flagged;
	enum flow_order order;
	uint64_t now_ns; /* for age and rates */
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

/* --- request ----------------------------------------------------------------------------- */

static bool read_order(struct flow_query *q, char *why)
{
#define ORDER_WORD(member, text) ", " text
	static const char words[] = FLOW_ORDER_LIST(ORDER_WORD);
#undef ORDER_WORD
	const char *text = json_string_value(json_object_get(q->arguments, "sort"));

	q->order = text ? flow_order_by_name(text) : FLOW_ORDER_BYTES;
	if (q->order == FLOW_ORDER_COUNT)
		snprintf(why, FLOW_QUERY_WHY_BYTES, "sort: found '%.40s'; want one of %s", text,
			words + 2);
	return q->order != FLOW_ORDER_COUNT;
}

static bool read_peer(struct flow_query *q, char *why)
{
	const char *text = json_string_value(json_object_get(q->arguments, "peer"));

	q->has_peer = text != NULL;
	return !text ||
	       peer_filter_init(&q->peer, text, q->ecs->ruleset, why, FLOW_QUERY_WHY_BYTES) == 0;
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

static struct flow_query *flow_query_new(const struct ecs *ecs, uint64_t now_ns)
{
	struct flow_query *q = calloc(1, sizeof(*q));

	if (q) {
		q->ecs = ecs;
		q->now_ns = now_ns;
		q->ruleset = ecs->ruleset;
	}
	return q;
}

struct flow_query *flow_query_of_flows(const json_t *arguments, const struct ecs *ecs,
	uint64_t now_ns, char why[FLOW_QUERY_WHY_BYTES])
{
	struct flow_query *q = flow_query_new(ecs, now_ns);

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

struct flow_query *flow_query_of_ruleset(
	struct ruleset *other, const struct ecs *ecs, uint64_t now_ns)
{
	struct flow_query *q = flow_query_new(ecs, now_ns);

	if (q) {
		q->limit = CONTROL_FLOWS_DEFAULT;
		q->order = FLOW_ORDER_SEVERITY;
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
	peer_filter_fini(&q->peer);
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
	return !q->has_peer || peer_filter_fits(&q->peer, r, q->ecs->ruleset);
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
		if (child + 1 < q->count &&
			flow_rank_is_less(&q->kept[child + 1].rank, &q->kept[child].rank))
			child++;
		if (!flow_rank_is_less(&q->kept[child].rank, &q->kept[i].rank))
			return;
		q->kept[i] = q->kept[child];
		q->kept[child] = swap;
		i = child;
	}
}

static void sift_up(struct flow_query *q)
{
	size_t i = q->count - 1, parent;

	while (i > 0 && flow_rank_is_less(&q->kept[i].rank, &q->kept[parent = (i - 1) / 2].rank)) {
		struct kept swap = q->kept[i];
		q->kept[i] = q->kept[parent];
		q->kept[parent] = swap;
		i = parent;
	}
}

static void insert(struct flow_query *q, const struct record *r, enum verdict other)
{
	struct kept k = {
		.rank = flow_rank_of(q->order, r, q->now_ns), .verdict = other, .record = *r};

	if (q->count < q->limit) {
		q->kept[q->count++] = k;
		sift_up(q);
	} else if (flow_rank_is_less(&q->kept[0].rank, &k.rank)) {
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

	return flow_rank_is_less(&a->rank, &b->rank) - flow_rank_is_less(&b->rank, &a->rank);
}

static bool put_item(
	const struct flow_query *q, const struct kept *k, struct control_client *client)
{
	struct buffer json = {.text = NULL};
	struct event_words words;
	struct event v;
	bool is_put;

	event_of_record(&v, q->ecs, &k->record, &words);
	v.live = flow_live(&k->record, q->now_ns);
	v.is_live = true;
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
	return q->limit * sizeof(*q->kept) + q->peer.bytes;
}
