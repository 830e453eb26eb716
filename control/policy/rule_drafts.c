#include "policy/rule_drafts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "config/profile.h"
#include "config/site.h"

enum { DHCP_SERVER_PORT = 67, DHCP_CLIENT_PORT = 68 };

/* ---- features and rows ---- */

uint16_t drafter_feature(struct drafter *b, const char *name)
{
	return (uint16_t)intern_number(&b->feature, name, strlen(name), NULL);
}

static bool is_implied(const struct profile_row *row)
{
	return row->status == RULE_IMPLIED;
}

bool rule_draft_is_implied(const struct rule_draft *d)
{
	return is_implied(d->row);
}

/* Whether a row holds on the interfaces of a class. */
static bool holds_on(const struct profile_row *row, const struct drafter *b, size_t class)
{
	const struct class_plan *plan = &b->classes->plan[class];

	if (!plan->is_data && plan->data_class == class)
		return true;
	return row->interface == INTERFACE_ANY ||
	       (row->interface == INTERFACE_DATA) == plan->is_data;
}

/* A site that flags what is implied is judged as if the profile had no such rows. */
static void drafts_add_rows(struct drafter *b, struct rule_drafts *d, size_t class)
{
	const struct class_plan *plan = &b->classes->plan[class];

	for (size_t i = 0; i < plan->profile->rows; i++) {
		const struct profile_row *row = plan->profile->shared[i];
		if (row->role != plan->role || !holds_on(row, b, class) ||
			(is_implied(row) && b->site->flags_implied))
			continue;
		d->draft[d->count++] = (struct rule_draft){.row = row,
			.port = row->port,
			.port_last = row->port,
			.feature = drafter_feature(b, row->feature),
			.order = (uint32_t)i};
	}
	d->documented = d->count;
}

static void drafts_add_extras(struct drafter *b, struct rule_drafts *d, size_t class)
{
	const struct class_plan *plan = &b->classes->plan[class];

	for (size_t i = 0; i < plan->extras; i++) {
		const struct site_extra *extra = &b->site->extra[plan->extra[i]];
		d->draft[d->count++] = (struct rule_draft){.row = &extra->row,
			.extra = extra,
			.port = extra->row.port,
			.port_last = extra->port_last,
			.feature = drafter_feature(b, extra->row.feature),
			.order = PROFILE_ROWS_MAX + plan->extra[i]};
	}
}

/* ---- moves ---- */

/* Whether it is the first time that this mistake is found: a class has the mistakes of another. */
static bool is_first_report(struct drafter *b, const void *of)
{
	bool is_new;

	intern_number(&b->reported, &of, sizeof(of), &is_new);
	b->rc = -EINVAL;
	return is_new;
}

static void draft_move(struct drafter *b, struct rule_draft *draft, const struct site_move *move)
{
	if (draft->row->movable) {
		draft->move = move;
		draft->port = draft->port_last = move->to;
	} else if (is_first_report(b, move)) {
		errors_add(b->errors,
			"%s:%u: found %s moved from %u/%s, which is not configurable; want the "
			"documented port, or an entry in extra_rules",
			b->site->file, move->line, draft->row->feature, move->from,
			transport_name(move->transport));
	}
}

static void drafts_move(struct drafter *b, struct rule_drafts *d, const struct class_plan *plan)
{
	for (size_t i = 0; i < d->documented; i++) {
		struct rule_draft *draft = &d->draft[i];
		const struct site_feature *feature = &plan->feature[draft->feature];
		for (size_t m = 0; m < feature->moves; m++)
			if (draft->row->port == feature->move[m].from &&
				draft->row->transport == feature->move[m].transport)
				draft_move(b, draft, &feature->move[m]);
	}
}

/* ---- ports that the site binds ---- */

static void drafts_bind(struct drafter *b, struct rule_drafts *d, const struct class_plan *plan)
{
	for (size_t i = 0; i < b->site->bindings; i++) {
		const struct site_binding *binding = &b->site->binding[i];
		for (size_t j = 0; binding->role == plan->role && j < d->documented; j++) {
			struct rule_draft *draft = &d->draft[j];
			if (draft->row->direction != binding->direction ||
				draft->row->transport != binding->transport ||
				draft->port != binding->port)
				continue;
			draft->bound = &binding->peers;
			b->is_bound[i] = true;
		}
	}
}

void drafter_check_bindings(struct drafter *b)
{
	for (size_t i = 0; i < b->site->bindings; i++) {
		const struct site_binding *binding = &b->site->binding[i];
		if (b->is_bound[i])
			continue;
		errors_add(b->errors,
			"%s:%u: found a binding of %s/%s/%u/%s, which no profile in use "
			"documents; want a port of `portolan policy`, or peers of an extra rule",
			b->site->file, binding->line, role_name(binding->role),
			direction_name(binding->direction), binding->port,
			transport_name(binding->transport));
		b->rc = -EINVAL;
	}
}

/* ---- order ---- */

bool rule_draft_is_dhcp(const struct rule_draft *d)
{
	return d->row->direction == DIRECTION_OUTBOUND && d->row->transport == TRANSPORT_UDP &&
	       d->port == d->port_last &&
	       (d->port == DHCP_SERVER_PORT || d->port == DHCP_CLIENT_PORT) &&
	       (d->row->services & SERVICE_BIT(SERVICE_DHCP));
}

/* DHCP's rules come last on port 67 and first on port 68, where its exchange is both. */
static int draft_rank(const struct rule_draft *d)
{
	return rule_draft_is_dhcp(d) == (d->port == DHCP_SERVER_PORT);
}

/* The order of rules that share a port. */
int rule_draft_compare_on_port(const struct rule_draft *a, const struct rule_draft *b)
{
	int order = draft_rank(a) - draft_rank(b);

	if (!order)
		order = is_implied(a->row) - is_implied(b->row);
	return order ? order : (a->order > b->order) - (a->order < b->order);
}

static int draft_compare(const void *left, const void *right)
{
	const struct rule_draft *a = left, *b = right;
	int order = (int)a->row->direction - (int)b->row->direction;

	if (!order)
		order = (int)a->row->transport - (int)b->row->transport;
	if (!order)
		order = (int)a->port - (int)b->port;
	return order ? order : rule_draft_compare_on_port(a, b);
}

/* ---- conflicts of rules that share a port ---- */

static void refuse_move(
	struct drafter *b, const struct rule_draft *moved, const struct rule_draft *other)
{
	if (is_first_report(b, moved->move))
		errors_add(b->errors,
			"%s:%u: found %s moved to %u/%s, which is %s %s for %s already; want a "
			"port that no rule has",
			b->site->file, moved->move->line, moved->row->feature, moved->port,
			transport_name(moved->row->transport), role_name(moved->row->role),
			direction_name(moved->row->direction), other->row->feature);
}

static void refuse_extra(
	struct drafter *b, const struct rule_draft *extra, const struct rule_draft *other)
{
	if (is_first_report(b, extra->extra))
		errors_add(b->errors,
			"%s:%u: found extra rule %s/%s/%u/%s for %s, which is at %s:%u already; "
			"want each rule once",
			extra->row->file, extra->row->line, role_name(extra->row->role),
			direction_name(extra->row->direction), extra->port,
			transport_name(extra->row->transport), extra->row->feature,
			other->row->file, other->row->line);
}

bool rule_draft_has_own_peers(const struct rule_draft *d)
{
	return d->extra && d->extra->peers.is_set;
}

/* Several features may share a port, but a feature must not have the same rule twice for the same
 * peers. What is implied may be documented by the site. */
static bool is_twice(const struct rule_draft *a, const struct rule_draft *b)
{
	if (a->feature != b->feature || is_implied(a->row) || is_implied(b->row))
		return false;
	if (!rule_draft_has_own_peers(a) && !rule_draft_has_own_peers(b))
		return true;
	return rule_draft_has_own_peers(a) && rule_draft_has_own_peers(b) &&
	       site_peers_equal(&a->extra->peers, &b->extra->peers);
}

static bool is_moved(const struct rule_draft *d)
{
	return d->move && d->port != d->row->port;
}

void drafter_check_shared(struct drafter *b, struct rule_draft *const *shared, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct rule_draft *x = shared[j], *y = shared[i];
			if (is_moved(x) || is_moved(y))
				refuse_move(b, is_moved(x) ? x : y, is_moved(x) ? y : x);
			else if ((x->extra || y->extra) && is_twice(x, y))
				refuse_extra(b, y->order > x->order ? y : x,
					y->order > x->order ? x : y);
		}
}

/* ---- classes ---- */

void drafter_open(struct drafter *b, const struct site *site, const struct class_list *classes,
	struct arena *arena, struct errors *errors)
{
	*b = (struct drafter){.site = site, .classes = classes, .arena = arena, .errors = errors};
	intern_open(&b->feature, arena);
	intern_open(&b->reported, arena);
	b->is_bound = arena_alloc(arena, site->bindings + 1);
	for (size_t i = 0; i < site->features; i++)
		drafter_feature(b, site->feature[i].name);
}

struct rule_drafts drafter_class(struct drafter *b, size_t class)
{
	const struct class_plan *plan = &b->classes->plan[class];
	struct rule_drafts d = {0};

	d.draft =
		arena_alloc(b->arena, (plan->profile->rows + plan->extras + 1) * sizeof(*d.draft));
	drafts_add_rows(b, &d, class);
	drafts_move(b, &d, plan);
	drafts_bind(b, &d, plan);
	drafts_add_extras(b, &d, class);
	qsort(d.draft, d.count, sizeof(*d.draft), draft_compare);
	return d;
}
