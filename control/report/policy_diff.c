#include "report/policy_diff.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/heap.h"
#include "policy/ruleset.h"
#include "protocol.h"

/* ---- rules ---- */

enum rule_access {
	ACCESS_NONE,
	ACCESS_DISABLED,
	ACCESS_LISTED,	  /* listed peers */
	ACCESS_INVENTORY, /* appliances */
	ACCESS_ANY,	  /* any peer */
};

static const char *const rule_access_words[] = {
	"unexpected-port",
	"feature-disabled",
	" with the listed peers only",
	" with appliances only",
	"",
};

/* What allows a flow is said with the verdict that it gets. */
static void access_text(
	const struct policy *p, uint16_t set, enum rule_access access, char text[64])
{
	const char *verdict = access < ACCESS_LISTED		? ""
			      : policy_rule(p, set, 0)->implied ? "implied"
								: "expected";

	snprintf(text, 64, "%s%s", verdict, rule_access_words[access]);
}

static enum rule_access rule_access_of(const struct rule *r)
{
	if (!r->enabled)
		return ACCESS_DISABLED;
	if (r->peers & (PEERS_LISTED | PEERS_BOUND | PEERS_MANAGERS))
		return ACCESS_LISTED;
	return r->peers & PEERS_INVENTORY ? ACCESS_INVENTORY : ACCESS_ANY;
}

/* The least restrictive access of a set's rules. */
static enum rule_access set_access(const struct policy *p, uint16_t set)
{
	enum rule_access best = ACCESS_NONE;

	for (uint32_t i = 0; i < p->set[set].count; i++) {
		enum rule_access s = rule_access_of(policy_rule(p, set, i));
		best = s > best ? s : best;
	}
	return best;
}

/* The features of a set's rules, joined. */
static void features_text(const struct ruleset *c, uint16_t set, char *text, size_t bytes)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < c->policy->set[set].count && used < bytes; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%s", used ? ", " : "",
			ruleset_member_text(c, set, i)->feature);
}

static int peer_lists_equal(const struct policy *a, const struct rule *ra, const struct policy *b,
	const struct rule *rb)
{
	return ra->peers == rb->peers && ra->peer_count == rb->peer_count &&
	       ra->bound_count == rb->bound_count &&
	       memcmp(&a->peer[ra->peer_first], &b->peer[rb->peer_first],
		       ra->peer_count * sizeof(struct prefix)) == 0 &&
	       memcmp(&a->peer[ra->bound_first], &b->peer[rb->bound_first],
		       ra->bound_count * sizeof(struct prefix)) == 0;
}

/* Whether the enabled rules of both sets allow the same peers. */
static int same_peers(const struct policy *a, uint16_t sa, const struct policy *b, uint16_t sb)
{
	if (a->set[sa].count != b->set[sb].count)
		return 0;
	for (uint32_t i = 0; i < a->set[sa].count; i++)
		if (!peer_lists_equal(a, policy_rule(a, sa, i), b, policy_rule(b, sb, i)))
			return 0;
	return 1;
}

/* The two policies and the classes that are compared. */
struct diff_sides {
	const struct ruleset *before, *after;
	unsigned old_class, new_class;
};

static bool has_managers(const struct policy *p, uint16_t set)
{
	for (uint32_t i = 0; i < p->set[set].count; i++)
		if (policy_rule(p, set, i)->peers & PEERS_MANAGERS)
			return true;
	return false;
}

static const char *manager_name(const struct ruleset *c, unsigned class, uint32_t i)
{
	const struct policy *p = c->policy;

	return c->appliance[p->manager[p->class[class].manager_first + i]].name;
}

/* By name: their numbers are those of each site. */
static bool same_managers(const struct diff_sides *s)
{
	uint32_t count = s->before->policy->class[s->old_class].managers, found = 0;

	if (count != s->after->policy->class[s->new_class].managers)
		return false;
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < count; k++)
			found += strcmp(manager_name(s->before, s->old_class, i),
					 manager_name(s->after, s->new_class, k)) == 0;
	return found == count;
}

/* How two sets with the same access differ, or NULL. */
static const char *changed_terms(const struct diff_sides *s, uint16_t old_set, uint16_t new_set)
{
	const struct ruleset *before = s->before, *after = s->after;
	enum rule_access access = set_access(before->policy, old_set);

	if (access < ACCESS_LISTED || access != set_access(after->policy, new_set))
		return NULL;
	if (access == ACCESS_LISTED && !same_peers(before->policy, old_set, after->policy, new_set))
		return " (other peers)";
	if (has_managers(after->policy, new_set) && !same_managers(s))
		return " (other managers)";
	if (policy_services(before->policy, old_set) != policy_services(after->policy, new_set))
		return " (other services)";
	return NULL;
}

/* Where to, whether as a table or as JSON, and for whom: NULL, what is said of no appliance in
 * particular. */
struct diff_output {
	FILE *out;
	bool as_json;
	const struct ruleset *of;
	const uint16_t *appliance;
	size_t appliances;
};

enum { NAMES_SHOWN = 5 };

static json_t *names_json(const struct diff_output *to)
{
	json_t *names = json_array();

	for (size_t i = 0; i < to->appliances; i++)
		json_array_append_new(names, json_string(to->of->appliance[to->appliance[i]].name));
	return names;
}

static void print_names(const struct diff_output *to, const char *more)
{
	fputs(" ", to->out);
	for (size_t i = 0; i < to->appliances && i < NAMES_SHOWN; i++)
		fprintf(to->out, "%s %s", i ? "," : "", to->of->appliance[to->appliance[i]].name);
	if (to->appliances > NAMES_SHOWN)
		fprintf(to->out, " and %zu more", to->appliances - NAMES_SHOWN);
	fprintf(to->out, "%s:\n", more);
}

/* A place or a protocol that is treated otherwise. */
struct difference {
	char sign; /* + more is allowed, - less, ~ other peers or services */
	const char *role, *direction, *name, *features, *before, *after, *other;
};

static void print_difference(const struct difference *d, const struct diff_output *to)
{
	json_t *line;

	if (!to->as_json && *d->role)
		fprintf(to->out, "  %c %-18s %-8s %-10s %-28s %s -> %s%s\n", d->sign, d->role,
			d->direction, d->name, d->features, d->before, d->after, d->other);
	if (!to->as_json && !*d->role)
		fprintf(to->out, "  %c protocol %-48s %s -> %s\n", d->sign, d->name, d->before,
			d->after);
	if (!to->as_json)
		return;
	line = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "what",
		*d->role ? "port" : "protocol", "change",
		d->sign == '+'	 ? "more"
		: d->sign == '-' ? "less"
				 : "other",
		"role", d->role, "direction", d->direction, "port", d->name, "features",
		d->features, "before", d->before, "after", d->after);
	if (*d->other)
		json_object_set_new(line, "differs", json_string(d->other + 1));
	if (to->appliances)
		json_object_set_new(line, "appliances", names_json(to));
	json_dumpf(line, to->out, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputc('\n', to->out);
	json_decref(line);
}

static unsigned diff_set(const struct diff_sides *s, unsigned direction, unsigned transport,
	unsigned port, const struct diff_output *to)
{
	const struct ruleset *before = s->before, *after = s->after;
	unsigned role = after->policy->class[s->new_class].role;
	uint16_t old_set =
		policy_set(before->policy, s->old_class, direction, transport, (uint16_t)port);
	uint16_t new_set =
		policy_set(after->policy, s->new_class, direction, transport, (uint16_t)port);
	enum rule_access was = set_access(before->policy, old_set);
	enum rule_access is = set_access(after->policy, new_set);
	char features[256], name[ENDPOINT_TEXT_BYTES], before_text[64], after_text[64];
	const char *other = changed_terms(s, old_set, new_set);

	if (was == is && !other)
		return 0;
	features_text(new_set != SET_NONE ? after : before, new_set != SET_NONE ? new_set : old_set,
		features, sizeof(features));
	access_text(before->policy, old_set, was, before_text);
	access_text(after->policy, new_set, is, after_text);
	snprintf(name, sizeof(name), "%u/%s", port, transport_name((enum transport)transport));
	print_difference(
		&(struct difference){is > was	? '+'
				     : is < was ? '-'
						: '~',
			role_name((enum role)role), direction_name((enum direction)direction), name,
			features, before_text, after_text, other ? other : ""},
		to);
	return 1;
}

static unsigned diff_protocols(
	const struct ruleset *before, const struct ruleset *after, const struct diff_output *to)
{
	unsigned count = 0;

	for (unsigned i = 0; i < 256; i++) {
		uint8_t was = before->policy->protocol[i], is = after->policy->protocol[i];
		char name[ENDPOINT_TEXT_BYTES];
		if (was == is || protocol_has_ports(i))
			continue;
		format_protocol((uint8_t)i, name);
		print_difference(&(struct difference){is < was ? '+' : '-', "", "", name, "",
					 verdict_name((enum verdict)was),
					 verdict_name((enum verdict)is), ""},
			to);
		count++;
	}
	return count;
}

static unsigned diff_classes(const struct diff_sides *s, const struct diff_output *to)
{
	unsigned count = 0;

	for (unsigned direction = 0; direction < DIRECTION_COUNT; direction++)
		for (unsigned transport = 0; transport < TRANSPORT_COUNT; transport++)
			for (unsigned port = 0; port < PORT_COUNT; port++)
				count += diff_set(s, direction, transport, port, to);
	return count;
}

/* ---- appliances ---- */

static bool same_addresses(const struct appliance_text *a, const struct appliance_text *b)
{
	if (a->addresses != b->addresses)
		return false;
	for (size_t i = 0; i < a->addresses; i++)
		if (strcmp(a->address[i], b->address[i]) != 0)
			return false;
	return true;
}

static unsigned print_appliance(
	const struct appliance_text *a, char sign, const char *what, const struct diff_output *to)
{
	json_t *line;

	if (!to->as_json) {
		fprintf(to->out, "  %c appliance %s (%s): %s\n", sign, a->name, role_name(a->role),
			what);
		return 1;
	}
	line = json_pack("{s:s, s:s, s:s, s:s, s:s}", "what", "appliance", "change",
		sign == '+'   ? "more"
		: sign == '-' ? "less"
			      : "other",
		"role", role_name(a->role), "appliance", a->name, "differs", what);
	json_dumpf(line, to->out, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputc('\n', to->out);
	json_decref(line);
	return 1;
}

/* Who is there on one side only, or at other addresses. */
static unsigned diff_inventory(
	const struct ruleset *before, const struct ruleset *after, const struct diff_output *to)
{
	unsigned count = 0;

	for (size_t i = 0; i < before->appliances; i++)
		if (ruleset_appliance(after, before->appliance[i].name) == APPLIANCE_NONE)
			count += print_appliance(
				&before->appliance[i], '-', "no longer an appliance", to);
	for (size_t i = 0; i < after->appliances; i++) {
		const struct appliance_text *a = &after->appliance[i];
		uint16_t was = ruleset_appliance(before, a->name);
		if (was == APPLIANCE_NONE)
			count += print_appliance(a, '+', "a new appliance", to);
		else if (before->appliance[was].role != a->role)
			count += print_appliance(a, '~', "another role", to);
		else if (!same_addresses(&before->appliance[was], a))
			count += print_appliance(a, '~', "other addresses", to);
	}
	return count;
}

/* ---- classes ---- */

/* The classes that an appliance has on both sides. */
struct class_pair {
	uint8_t before, after;
	uint16_t appliance; /* its number after */
};

static int class_pair_compare(const void *left, const void *right)
{
	const struct class_pair *a = left, *b = right;
	int order = (int)a->before - (int)b->before;

	if (!order)
		order = (int)a->after - (int)b->after;
	return order ? order : (int)a->appliance - (int)b->appliance;
}

/* Those that have rules of their own on either side. */
static size_t find_class_pairs(
	const struct ruleset *before, const struct ruleset *after, struct class_pair *pair)
{
	size_t count = 0;

	for (size_t i = 0; i < after->appliances; i++) {
		uint16_t was = ruleset_appliance(before, after->appliance[i].name);
		if (was == APPLIANCE_NONE ||
			before->appliance[was].role != after->appliance[i].role)
			continue;
		if (before->class_of[was] >= ROLE_COUNT || after->class_of[i] >= ROLE_COUNT)
			pair[count++] = (struct class_pair){
				before->class_of[was], after->class_of[i], (uint16_t)i};
	}
	qsort(pair, count, sizeof(*pair), class_pair_compare);
	return count;
}

/* The differences of appliances that have the same classes; the heading comes with the first. */
static unsigned diff_group(const struct diff_sides *s, const char *where, struct diff_output *to)
{
	struct diff_output none = *to;
	size_t size;
	char *text = NULL;
	unsigned count;

	none.out = open_memstream(&text, &size);
	if (!none.out)
		return 0;
	count = diff_classes(s, &none);
	fclose(none.out);
	if (count && !to->as_json)
		print_names(to, where);
	if (count)
		fputs(text, to->out);
	free(text);
	return count;
}

static unsigned diff_pair(const struct ruleset *before, const struct ruleset *after,
	const struct class_pair *pair, struct diff_output *to)
{
	struct diff_sides s = {before, after, pair->before, pair->after};
	unsigned old_data = before->policy->class[pair->before].data_class;
	unsigned new_data = after->policy->class[pair->after].data_class;
	unsigned count = diff_group(&s, "", to);

	if (old_data == pair->before && new_data == pair->after)
		return count;
	s.old_class = old_data;
	s.new_class = new_data;
	return count + diff_group(&s, ", data interfaces", to);
}

static int diff_appliances(const struct ruleset *before, const struct ruleset *after,
	struct diff_output *to, unsigned *count)
{
	struct class_pair *pair = heap_calloc(after->appliances + 1, sizeof(*pair));
	uint16_t *number = heap_calloc(after->appliances + 1, sizeof(*number));
	size_t pairs = pair && number ? find_class_pairs(before, after, pair) : 0;

	to->of = after;
	to->appliance = number;
	for (size_t i = 0; i < pairs; i += to->appliances) {
		to->appliances = 0;
		while (i + to->appliances < pairs &&
			pair[i].before == pair[i + to->appliances].before &&
			pair[i].after == pair[i + to->appliances].after) {
			number[to->appliances] = pair[i + to->appliances].appliance;
			to->appliances++;
		}
		*count += diff_pair(before, after, &pair[i], to);
	}
	free(pair);
	free(number);
	return pair && number ? 0 : -ENOMEM;
}

int policy_diff_print(
	const struct ruleset *before, const struct ruleset *after, bool as_json, FILE *out)
{
	struct diff_output to = {.out = out, .as_json = as_json};
	unsigned count = 0;
	int rc;

	if (!as_json)
		fprintf(out, "%s (%s) -> %s (%s)\n", before->name, before->profile, after->name,
			after->profile);
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		count += diff_classes(&(struct diff_sides){before, after, role, role}, &to);
	count += diff_protocols(before, after, &to);
	count += diff_inventory(before, after, &to);
	rc = diff_appliances(before, after, &to, &count);
	if (count == 0 && !as_json)
		fprintf(out, "  the same: no port and no protocol changes its verdict\n");
	return rc;
}
