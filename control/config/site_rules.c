#include "config/site_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/literal.h"
#include "base/numbers.h"
#include "base/suggest.h"
#include "config/document.h"

/* ---- names of appliances ---- */

static int name_compare(const void *left, const void *right)
{
	const struct named_appliance *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static void sort_names(struct site_reader *r)
{
	size_t count = r->site->appliances;

	r->name = arena_alloc(r->arena, (count + 1) * sizeof(*r->name));
	for (size_t i = 0; i < count; i++)
		r->name[i] = (struct named_appliance){r->site->appliance[i].name, (uint32_t)i};
	qsort(r->name, count, sizeof(*r->name), name_compare);
}

static const char *known_names(struct site_reader *r, const char *name)
{
	const char **known = arena_alloc(r->arena, (r->site->appliances + 1) * sizeof(*known));
	char want[SUGGEST_TEXT_BYTES];

	for (size_t i = 0; i < r->site->appliances; i++)
		known[i] = r->name[i].name;
	suggest_want(name, known, r->site->appliances, want);
	return arena_format(r->arena, "an appliance of the site: %s", want);
}

/* The number of the appliance that a node names. 0, or -ENOENT with an error. */
static int read_name(struct site_reader *r, int node, const char *key, uint32_t *number)
{
	struct named_appliance wanted = {node_text(r->document, node), 0};
	const struct named_appliance *found = NULL;

	if (wanted.name && r->site->appliances)
		found = bsearch(
			&wanted, r->name, r->site->appliances, sizeof(*r->name), name_compare);
	if (!found) {
		site_fail(r, node, key, known_names(r, wanted.name ? wanted.name : ""));
		return -ENOENT;
	}
	*number = found->number;
	return 0;
}

/* The numbers of a list of names, ascending, each once. */
static uint32_t *read_names(struct site_reader *r, int list, const char *key, size_t *count)
{
	size_t room =
		node_kind(r->document, list) == NODE_IS_LIST ? node_count(r->document, list) : 0;
	uint32_t *number = arena_alloc(r->arena, (room + 1) * sizeof(*number));

	*count = 0;
	for (size_t i = 0; i < room; i++)
		if (read_name(r, node_item(r->document, list, i), key, &number[*count]) == 0)
			++*count;
	*count = numbers_unique(number, *count);
	return number;
}

/* ---- managers ---- */

static void check_managers(struct site_reader *r, size_t number, int list)
{
	const struct site_appliance *a = &r->site->appliance[number];

	for (size_t i = 0; i < a->managers; i++) {
		const struct site_appliance *manager = &r->site->appliance[a->manager[i]];
		if (a->manager[i] == number || manager->role != ROLE_MANAGEMENT_CENTER)
			site_fail(r, list, "managers",
				arena_format(r->arena, "management centers of the site%s; %s is %s",
					a->role == ROLE_MANAGEMENT_CENTER
						? ", of a management center its partners"
						: "",
					manager->name,
					a->manager[i] == number ? "the appliance itself"
								: "a managed device"));
	}
}

void site_read_managers(struct site_reader *r)
{
	int appliances = node_get(r->document, NODE_ROOT, "appliances");

	sort_names(r);
	for (size_t i = 0; i < r->site->appliances; i++) {
		struct site_appliance *a = &r->site->appliance[i];
		int list = node_get(r->document, node_item(r->document, appliances, i), "managers");
		if (list == NODE_NONE)
			continue;
		a->manager = read_names(r, list, "managers", &a->managers);
		a->managers_line = node_line(r->document, list);
		check_managers(r, i, list);
		if (node_count(r->document, list) == 0)
			site_fail(r, list, "managers", "a list of management centers");
	}
}

/* ---- peers ---- */

/* `any`, `inventory` or a list of addresses. A missing node sets nothing. */
static void read_peers(struct site_reader *r, struct site_peers *peers, int node)
{
	const char *word = node_text(r->document, node);

	if (node == NODE_NONE)
		return;
	peers->is_set = true;
	peers->prefix = NULL;
	peers->count = 0;
	if (word && strcmp(word, "any") == 0) {
		peers->peers = PEERS_ANY;
	} else if (word && strcmp(word, "inventory") == 0) {
		peers->peers = PEERS_INVENTORY;
	} else if (node_kind(r->document, node) == NODE_IS_LIST &&
		   node_count(r->document, node) > 0 &&
		   node_count(r->document, node) <= SITE_PEERS_MAX) {
		peers->peers = PEERS_LISTED;
		peers->prefix = site_prefixes(r, node, "peers", &peers->count);
		if (peers->count > SITE_PEERS_MAX)
			site_fail(r, node, "peers",
				arena_format(r->arena,
					"up to 1024 addresses and networks; with its groups and "
					"ranges it has %zu",
					peers->count));
	} else {
		site_fail(r, node, "peers",
			"any, inventory or a list of up to 1024 addresses, networks, ranges and "
			"groups such as [10.1.1.0/24]");
	}
}

bool site_peers_equal(const struct site_peers *a, const struct site_peers *b)
{
	return a->is_set == b->is_set && a->peers == b->peers && a->count == b->count &&
	       (a->count == 0 || memcmp(a->prefix, b->prefix, a->count * sizeof(*a->prefix)) == 0);
}

/* ---- features ---- */

static bool moves_equal(const struct site_feature *a, const struct site_feature *b)
{
	if (a->moves != b->moves)
		return false;
	for (size_t i = 0; i < a->moves; i++)
		if (a->move[i].from != b->move[i].from || a->move[i].to != b->move[i].to ||
			a->move[i].transport != b->move[i].transport)
			return false;
	return true;
}

bool site_feature_equals(const struct site_feature *a, const struct site_feature *b)
{
	return a->enabled == b->enabled && moves_equal(a, b) &&
	       site_peers_equal(&a->peers, &b->peers);
}

static void read_move(struct site_reader *r, struct site_move *move, const char *from, int node)
{
	const char *to = node_text(r->document, node);
	enum transport transport = TRANSPORT_TCP;

	(void)literal_port_transport(from, &move->from, &move->transport);
	move->line = node_line(r->document, node);
	if (literal_port_transport(to, &move->to, &transport))
		site_fail(r, node, from,
			arena_format(r->arena,
				"a port from 1 to 65535 and its transport such as %s", from));
	else if (transport != move->transport)
		site_fail(r, node, from,
			arena_format(r->arena, "%u/%s: a move keeps the transport", move->to,
				transport_name(move->transport)));
}

/* In the place of a former move of the same port, if there is one. */
static void put_move(struct site_feature *feature, const struct site_move *move)
{
	size_t i = 0;

	while (i < feature->moves && (feature->move[i].from != move->from ||
					     feature->move[i].transport != move->transport))
		i++;
	feature->move[i] = *move;
	feature->moves += i == feature->moves;
}

static void read_moves(struct site_reader *r, struct site_feature *feature,
	const struct feature_keys *keys, char *const *port, int map)
{
	const struct site_move *former = feature->move;

	feature->move = arena_alloc(r->arena, (keys->ports + 1) * sizeof(*feature->move));
	if (feature->moves)
		memcpy(feature->move, former, feature->moves * sizeof(*former));
	for (size_t i = 0; port && i < keys->ports; i++) {
		struct site_move move = {0};
		if (!port[i])
			continue;
		read_move(r, &move, keys->port[i], node_get(r->document, map, keys->port[i]));
		put_move(feature, &move);
	}
}

/* What is said of a feature, over what it is already. */
static void read_feature(struct site_reader *r, struct site_feature *feature,
	const struct feature_keys *keys, const struct feature_yaml *said, int node)
{
	feature->line = node_line(r->document, node);
	if (said->enabled != ANSWER_NONE)
		feature->enabled = said->enabled == ANSWER_YES;
	read_peers(r, &feature->peers, node_get(r->document, node, "peers"));
	if (said->ports)
		read_moves(r, feature, keys, said->ports, node_get(r->document, node, "ports"));
}

static void read_appliance_features(
	struct site_reader *r, struct site_appliance *a, const struct feature_yaml *said, int map)
{
	a->feature = arena_alloc(r->arena, (r->site->features + 1) * sizeof(*a->feature));
	memcpy(a->feature, r->site->feature, r->site->features * sizeof(*a->feature));
	for (size_t i = 0; i < r->site->features; i++) {
		const struct feature_keys *keys = &r->schema->feature[i];
		int node = node_get(r->document, map, keys->name);
		if (node == NODE_NONE)
			continue;
		if (said[i].ports && strcmp(keys->name, CHANNEL_FEATURE) == 0)
			site_fail(r, node_get(r->document, node, "ports"), "ports",
				"the port of appliance-communications moved for the whole "
				"deployment, under features: of the site");
		else
			read_feature(r, &a->feature[i], keys, &said[i], node);
	}
}

void site_read_features(struct site_reader *r, const struct site_yaml *yaml)
{
	int map = node_get(r->document, NODE_ROOT, "features");
	int list = node_get(r->document, NODE_ROOT, "appliances");
	struct site *site = r->site;

	site->features = r->schema->features;
	site->feature = arena_alloc(r->arena, (site->features + 1) * sizeof(*site->feature));
	for (size_t i = 0; i < site->features; i++) {
		const struct feature_keys *keys = &r->schema->feature[i];
		int node = node_get(r->document, map, keys->name);
		site->feature[i].name = keys->name;
		site->feature[i].enabled = true;
		if (yaml->features && node != NODE_NONE)
			read_feature(r, &site->feature[i], keys, &yaml->features[i], node);
	}
	for (size_t i = 0; i < site->appliances; i++)
		if (yaml->appliances[i].features)
			read_appliance_features(r, &site->appliance[i],
				yaml->appliances[i].features,
				node_get(r->document, node_item(r->document, list, i), "features"));
}

/* ---- the site's own rules ---- */

/* What one entry of extra_rules says, before it becomes a rule for each port, direction and role.
 */
struct extra_entry {
	struct site_extra extra;
	int node;
	bool is_both; /* inbound and outbound */
	bool has_role;
};

static bool has_room(struct site_reader *r, const struct extra_entry *e)
{
	if (r->site->extras < SITE_EXTRAS_MAX)
		return true;
	if (r->site->extras++ == SITE_EXTRAS_MAX)
		site_fail(r, e->node, "extra_rules",
			"at most 32768 rules: one for each port or range, direction and role");
	return false;
}

static void add_extra(struct site_reader *r, const struct extra_entry *e, enum role role)
{
	for (unsigned d = 0; d < DIRECTION_COUNT; d++) {
		struct site_extra *extra;
		if ((!e->is_both && d != e->extra.row.direction) || !has_room(r, e))
			continue;
		extra = &r->site->extra[r->site->extras++];
		*extra = e->extra;
		extra->row.role = role;
		extra->row.direction = (enum direction)d;
	}
}

static bool names_role(const struct site_reader *r, const struct site_extra *extra, unsigned role)
{
	for (size_t i = 0; i < extra->appliances; i++)
		if (r->site->appliance[extra->appliance[i]].role == role)
			return true;
	return false;
}

/* A rule for each role that it is for. */
static void add_extras(struct site_reader *r, const struct extra_entry *e)
{
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		if (e->extra.appliance ? names_role(r, &e->extra, role) : e->extra.row.role == role)
			add_extra(r, e, (enum role)role);
}

/* "20048-20050", or one port. */
static int read_port_range(const char *text, uint16_t *first, uint16_t *last)
{
	char from[16];
	const char *dash = text ? strchr(text, '-') : NULL;

	if (!dash) {
		int rc = text ? literal_port(text, first) : -EINVAL;
		*last = *first;
		return rc;
	}
	if (dash == text || dash - text >= (int)sizeof(from))
		return -EINVAL;
	snprintf(from, sizeof(from), "%.*s", (int)(dash - text), text);
	if (literal_port(from, first) || literal_port(dash + 1, last) || *first > *last)
		return -EINVAL;
	return 0;
}

static void add_ports(struct site_reader *r, struct extra_entry *e, int list)
{
	size_t count =
		node_kind(r->document, list) == NODE_IS_LIST ? node_count(r->document, list) : 0;

	if (count == 0)
		site_fail(r, list, "ports", "a list such as [111, 2049, 20048-20050]");
	for (size_t i = 0; i < count; i++) {
		int node = node_item(r->document, list, i);
		if (read_port_range(
			    node_text(r->document, node), &e->extra.row.port, &e->extra.port_last))
			site_fail(r, node, "ports",
				"a port from 1 to 65535, or a range such as 20048-20050");
		else
			add_extras(r, e);
	}
}

static void read_ports(struct site_reader *r, struct extra_entry *e, const struct extra_yaml *yaml)
{
	int port = node_get(r->document, e->node, "port");
	int ports = node_get(r->document, e->node, "ports");

	if (port && ports) {
		site_fail(r, ports, "ports", "port or ports, not both");
	} else if (ports) {
		add_ports(r, e, ports);
	} else if (!port) {
		site_fail(r, e->node, "extra_rules", "port or ports in each rule");
	} else if (literal_port(yaml->port, &e->extra.row.port)) {
		site_fail(r, port, "port", "a port from 1 to 65535");
	} else {
		e->extra.port_last = e->extra.row.port;
		add_extras(r, e);
	}
}

/* Whose the rule is: a role's, or of appliances by name. */
static void read_owner(struct site_reader *r, struct extra_entry *e)
{
	int role = node_get(r->document, e->node, "role");
	int list = node_get(r->document, e->node, "appliances");

	if (!role && !list)
		site_fail(r, e->node, "extra_rules", "role or appliances in each rule");
	if (!list)
		return;
	e->extra.appliance = read_names(r, list, "appliances", &e->extra.appliances);
	if (node_count(r->document, list) == 0)
		site_fail(r, list, "appliances", "a list of appliances such as [fmc-1]");
	for (size_t i = 0; role && i < e->extra.appliances; i++) {
		const struct site_appliance *a = &r->site->appliance[e->extra.appliance[i]];
		if (a->role != e->extra.row.role)
			site_fail(r, role, "role",
				arena_format(r->arena,
					"the role of the appliances, or none: %s is a %s", a->name,
					role_name(a->role)));
	}
}

static void read_extra(struct site_reader *r, const struct extra_yaml *yaml, int node)
{
	int service = node_get(r->document, node, "service");
	struct extra_entry e = {.node = node, .is_both = yaml->direction == EXTRA_BOTH};
	struct profile_row *row = &e.extra.row;

	*row = (struct profile_row){.role = yaml->role,
		.direction =
			yaml->direction == EXTRA_OUTBOUND ? DIRECTION_OUTBOUND : DIRECTION_INBOUND,
		.transport = yaml->transport,
		.interface = INTERFACE_ANY,
		.unattended = yaml->unattended == ANSWER_YES,
		.feature = site_keep(r, yaml->feature),
		.service = "",
		.description = yaml->description ? site_keep(r, yaml->description) : "",
		.source = yaml->source ? site_keep(r, yaml->source) : r->site->file,
		.origin = "site",
		.file = r->site->file,
		.line = node_line(r->document, node)};
	if (!literal_is_word(yaml->feature))
		site_fail(r, node_get(r->document, node, "feature"), "feature",
			"lower-case letters, digits and single hyphens");
	if (service && profile_services(row, r->document, service, r->arena, r->errors))
		r->rc = -EINVAL;
	read_peers(r, &e.extra.peers, node_get(r->document, node, "peers"));
	read_owner(r, &e);
	read_ports(r, &e, yaml);
}

/* How many rules the entries become at most: each port of each in both directions and roles. */
static size_t extras_room(const struct site_reader *r, int list)
{
	size_t room = 1;

	for (size_t i = 0; i < node_count(r->document, list); i++) {
		int ports = node_get(r->document, node_item(r->document, list, i), "ports");
		room += 4 * (1 + node_count(r->document, ports));
	}
	return room < SITE_EXTRAS_MAX + 1 ? room : SITE_EXTRAS_MAX + 1;
}

static void read_extras(struct site_reader *r, const struct site_yaml *yaml)
{
	int list = node_get(r->document, NODE_ROOT, "extra_rules");

	r->site->extra = arena_alloc(r->arena, extras_room(r, list) * sizeof(*r->site->extra));
	for (size_t i = 0; i < yaml->extra_rules_count; i++)
		read_extra(r, &yaml->extra_rules[i], node_item(r->document, list, i));
}

/* ---- ports that are bound ---- */

static void check_binding(struct site_reader *r, const struct site_binding *binding, int node)
{
	for (const struct site_binding *b = r->site->binding; b < binding; b++)
		if (b->role == binding->role && b->direction == binding->direction &&
			b->transport == binding->transport && b->port == binding->port)
			site_fail(r, node, "ports",
				arena_format(
					r->arena, "each port once (it is on line %u)", b->line));
	if (!binding->peers.is_set || binding->peers.peers == PEERS_ANY)
		site_fail(r, node, "ports",
			"peers: a list such as [10.9.0.0/24], or inventory; a port that anybody "
			"may use needs no binding");
}

static void read_bindings(struct site_reader *r, const struct site_yaml *yaml)
{
	int list = node_get(r->document, NODE_ROOT, "ports");
	struct site_binding *binding =
		arena_alloc(r->arena, (yaml->ports_count + 1) * sizeof(*binding));

	r->site->binding = binding;
	r->site->bindings = yaml->ports_count;
	for (size_t i = 0; i < yaml->ports_count; i++) {
		int node = node_item(r->document, list, i);
		binding[i] = (struct site_binding){.role = yaml->ports[i].role,
			.direction = yaml->ports[i].direction,
			.line = node_line(r->document, node)};
		if (literal_port_transport(
			    yaml->ports[i].port, &binding[i].port, &binding[i].transport))
			site_fail(r, node_get(r->document, node, "port"), "port",
				"a port and its transport such as 443/tcp");
		read_peers(r, &binding[i].peers, node_get(r->document, node, "peers"));
		check_binding(r, &binding[i], node);
	}
}

/* ---- pairs ---- */

static bool is_same_pair(const struct site_pair *a, const struct site_pair *b)
{
	return (a->appliance[0] == b->appliance[0] && a->appliance[1] == b->appliance[1]) ||
	       (a->appliance[0] == b->appliance[1] && a->appliance[1] == b->appliance[0]);
}

static void read_pair(struct site_reader *r, struct site_pair *pair, int node)
{
	int between = node_get(r->document, node, "between");

	pair->line = node_line(r->document, node);
	pair->feature =
		site_keep(r, node_text(r->document, node_get(r->document, node, "feature")));
	if (node_kind(r->document, between) != NODE_IS_LIST ||
		node_count(r->document, between) != 2) {
		site_fail(r, between ? between : node, "between",
			"two appliances such as [ftd-1, ftd-2]");
		return;
	}
	for (size_t i = 0; i < 2; i++)
		(void)read_name(
			r, node_item(r->document, between, i), "between", &pair->appliance[i]);
	if (!pair->feature || !literal_is_word(pair->feature))
		site_fail(r, node_get(r->document, node, "feature"), "feature",
			"lower-case letters, digits and single hyphens");
	for (const struct site_pair *p = r->site->pair; p < pair; p++)
		if (is_same_pair(p, pair) && r->rc == 0)
			site_fail(r, node, "pairs",
				arena_format(
					r->arena, "each pair once (it is on line %u)", p->line));
}

static void read_pairs(struct site_reader *r, const struct site_yaml *yaml)
{
	int list = node_get(r->document, NODE_ROOT, "pairs");

	r->site->pair = arena_alloc(r->arena, (yaml->pairs_count + 1) * sizeof(*r->site->pair));
	for (size_t i = 0; i < yaml->pairs_count; i++)
		read_pair(r, &r->site->pair[i], node_item(r->document, list, i));
	r->site->pairs = yaml->pairs_count;
}

void site_read_rules(struct site_reader *r, const struct site_yaml *yaml)
{
	read_extras(r, yaml);
	read_bindings(r, yaml);
	read_pairs(r, yaml);
}
