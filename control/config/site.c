#include "config/site.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "base/literal.h"
#include "config/address_list.h"
#include "config/document.h"
#include "config/settings.h"
#include "config/site_schema.h"
#include "packet_evidence.h"
#include "protocol.h"

#define SECOND_NS 1000000000ull

/* Less is used up within minutes. */
#define STORE_BYTES_MIN 100000000u

/* What is read, into what: one argument instead of six. `arena` is the ruleset's, or that of the
 * settings while these are read. */
struct site_reader {
	struct site *site;
	const struct document *document;
	struct arena *arena;
	struct errors *errors;
	struct address_reader addresses;
	int rc;
};

/* Adds an error: "found <what the node is>[ for key]; want …". */
static void fail(struct site_reader *r, int node, const char *key, const char *want)
{
	char shown[NODE_SHOWN_BYTES];

	node_error(r->document, node, r->errors, "found %s%s%s; want %s",
		node_shown(r->document, node, shown), *key ? " for " : "", key, want);
	r->rc = -EINVAL;
}

static char *keep(struct site_reader *r, const char *text)
{
	return text ? arena_text(r->arena, text) : NULL;
}

static char **keep_list(struct site_reader *r, char *const *text, size_t count)
{
	char **list = arena_alloc(r->arena, (count + 1) * sizeof(*list));

	for (size_t i = 0; i < count; i++)
		list[i] = arena_text(r->arena, text[i]);
	return list;
}

/* ---- addresses ---- */

static struct prefix *read_prefixes(struct site_reader *r, int list, const char *key, size_t *count)
{
	struct address_list l = address_list_read(&r->addresses, list, key);

	*count = l.count;
	return l.prefix;
}

static unsigned *read_lines(struct site_reader *r, int list)
{
	size_t count = node_count(r->document, list);
	unsigned *line = arena_alloc(r->arena, (count + 1) * sizeof(*line));

	for (size_t i = 0; i < count; i++)
		line[i] = node_line(r->document, node_item(r->document, list, i));
	return line;
}

static uint64_t *read_macs(struct site_reader *r, int list)
{
	size_t count = node_count(r->document, list);
	uint64_t *mac = arena_alloc(r->arena, (count + 1) * sizeof(*mac));

	for (size_t i = 0; i < count; i++) {
		int node = node_item(r->document, list, i);
		if (literal_mac(node_text(r->document, node), &mac[i]))
			fail(r, node, "macs", "a MAC address such as \"02:00:00:00:00:07\"");
	}
	return mac;
}

static void read_appliance(struct site_reader *r, struct site_appliance *appliance,
	const struct appliance_yaml *yaml, int node)
{
	struct address_list addresses = address_list_read(
		&r->addresses, node_get(r->document, node, "addresses"), "addresses");
	struct address_list except =
		address_list_read(&r->addresses, node_get(r->document, node, "except"), "except");
	int macs = node_get(r->document, node, "macs");

	appliance->name = keep(r, yaml->name);
	appliance->role = yaml->role;
	appliance->line = node_line(r->document, node_get(r->document, node, "name"));
	appliance->address = addresses.text;
	appliance->prefix = addresses.prefix;
	appliance->address_line = addresses.line;
	appliance->addresses = addresses.count;
	appliance->except = except.prefix;
	appliance->excepts = except.count;
	appliance->except_text = except.text;
	appliance->except_line = except.line;
	appliance->mac = keep_list(r, yaml->macs, yaml->macs_count);
	appliance->mac_number = read_macs(r, macs);
	appliance->mac_line = read_lines(r, macs);
	appliance->macs = yaml->macs_count;
}

static void read_appliances(struct site_reader *r, const struct site_yaml *yaml)
{
	int list = node_get(r->document, NODE_ROOT, "appliances");

	r->site->appliances = yaml->appliances_count;
	r->site->appliance =
		arena_alloc(r->arena, (r->site->appliances + 1) * sizeof(*r->site->appliance));
	for (size_t i = 0; i < r->site->appliances; i++)
		read_appliance(r, &r->site->appliance[i], &yaml->appliances[i],
			node_item(r->document, list, i));
}

/* ---- features ---- */

/* `any`, `inventory` or a list of addresses. */
static void read_peers(struct site_reader *r, struct site_feature *feature, int node)
{
	const char *word = node_text(r->document, node);

	if (node == NODE_NONE)
		return;
	feature->is_bound = true;
	if (word && strcmp(word, "any") == 0) {
		feature->peers = PEERS_ANY;
	} else if (word && strcmp(word, "inventory") == 0) {
		feature->peers = PEERS_INVENTORY;
	} else if (node_kind(r->document, node) == NODE_IS_LIST &&
		   node_count(r->document, node) > 0 &&
		   node_count(r->document, node) <= SITE_PEERS_MAX) {
		feature->peers = PEERS_LISTED;
		feature->peer = read_prefixes(r, node, "peers", &feature->peer_count);
		if (feature->peer_count > SITE_PEERS_MAX)
			fail(r, node, "peers",
				arena_format(r->arena,
					"up to 1024 addresses and networks; with its groups and "
					"ranges it has %zu",
					feature->peer_count));
	} else {
		fail(r, node, "peers",
			"any, inventory or a list of up to 1024 addresses, networks, ranges and "
			"groups such as [10.1.1.0/24]");
	}
}

static void read_move(struct site_reader *r, struct site_move *move, const char *from, int node)
{
	const char *to = node_text(r->document, node);
	enum transport transport = TRANSPORT_TCP;

	(void)literal_port_transport(from, &move->from, &move->transport);
	move->line = node_line(r->document, node);
	if (literal_port_transport(to, &move->to, &transport))
		fail(r, node, from,
			arena_format(r->arena,
				"a port from 1 to 65535 and its transport such as %s", from));
	else if (transport != move->transport)
		fail(r, node, from,
			arena_format(r->arena, "%u/%s: a move keeps the transport", move->to,
				transport_name(move->transport)));
}

static void read_moves(struct site_reader *r, struct site_feature *feature,
	const struct feature_keys *keys, char *const *port, int map)
{
	feature->move = arena_alloc(r->arena, (keys->ports + 1) * sizeof(*feature->move));
	for (size_t i = 0; port && i < keys->ports; i++) {
		if (port[i])
			read_move(r, &feature->move[feature->moves++], keys->port[i],
				node_get(r->document, map, keys->port[i]));
	}
}

static void read_features(
	struct site_reader *r, const struct site_yaml *yaml, const struct site_schema *schema)
{
	int map = node_get(r->document, NODE_ROOT, "features");

	r->site->features = schema->features;
	r->site->feature =
		arena_alloc(r->arena, (schema->features + 1) * sizeof(*r->site->feature));
	for (size_t i = 0; i < schema->features; i++) {
		struct site_feature *feature = &r->site->feature[i];
		const struct feature_yaml *said = yaml->features ? &yaml->features[i] : NULL;
		int node = node_get(r->document, map, schema->feature[i].name);

		feature->name = schema->feature[i].name;
		feature->enabled = !said || said->enabled != ANSWER_NO;
		read_peers(r, feature, node_get(r->document, node, "peers"));
		if (said)
			read_moves(r, feature, &schema->feature[i], said->ports,
				node_get(r->document, node, "ports"));
	}
}

/* ---- the site's own rules ---- */

static void read_extra(
	struct site_reader *r, struct profile_row *row, const struct extra_yaml *yaml, int node)
{
	int service = node_get(r->document, node, "service");

	*row = (struct profile_row){.role = yaml->role,
		.direction = yaml->direction,
		.transport = yaml->transport,
		.feature = keep(r, yaml->feature),
		.service = "",
		.description = yaml->description ? keep(r, yaml->description) : "",
		.source = yaml->source ? keep(r, yaml->source) : r->site->file,
		.origin = "site",
		.file = r->site->file,
		.line = node_line(r->document, node)};
	if (literal_port(yaml->port, &row->port))
		fail(r, node_get(r->document, node, "port"), "port", "a port from 1 to 65535");
	if (!literal_is_word(yaml->feature))
		fail(r, node_get(r->document, node, "feature"), "feature",
			"lower-case letters, digits and single hyphens");
	if (service && profile_services(row, r->document, service, r->arena, r->errors))
		r->rc = -EINVAL;
}

static void read_extras(struct site_reader *r, const struct site_yaml *yaml)
{
	int list = node_get(r->document, NODE_ROOT, "extra_rules");

	r->site->extras = yaml->extra_rules_count;
	r->site->extra = arena_alloc(r->arena, (r->site->extras + 1) * sizeof(*r->site->extra));
	for (size_t i = 0; i < r->site->extras; i++)
		read_extra(r, &r->site->extra[i], &yaml->extra_rules[i],
			node_item(r->document, list, i));
}

/* ---- protocols ---- */

int protocol_default(unsigned number)
{
	static const unsigned char not_covered[] = {1, 2, 50, 51, 58, 88, 89, 103, 112};

	for (size_t i = 0; i < sizeof(not_covered); i++) {
		if (not_covered[i] == number)
			return VERDICT_NOT_COVERED;
	}
	return VERDICT_UNEXPECTED_PROTOCOL;
}

static int protocol_of(const char *text)
{
	uint64_t number;

	return literal_number(text, 255, &number) == 0 ? (int)number : protocol_number(text);
}

/* `named`: the line on which each protocol was named, 0 for none. */
static void read_protocols(struct site_reader *r, const char *key, int verdict, unsigned named[256])
{
	int map = node_get(r->document, NODE_ROOT, "protocols");
	int list = node_get(r->document, map, key);

	for (size_t i = 0; i < node_count(r->document, list); i++) {
		int node = node_item(r->document, list, i);
		int number = protocol_of(node_text(r->document, node));

		if (number < 0)
			fail(r, node, key,
				"an IP protocol by name such as gre, or by number from 0 to 255");
		else if (number == 6 || number == 17)
			fail(r, node, key,
				"a protocol without ports: ports are what rules are for");
		else if (named[number])
			fail(r, node, key,
				arena_format(r->arena, "each protocol once (it is on line %u)",
					named[number]));
		else
			r->site->protocol[number] = (uint8_t)verdict;
		if (number >= 0 && !named[number])
			named[number] = node_line(r->document, node);
	}
}

/* ---- capture and limits ---- */

static void read_duration(
	struct site_reader *r, int map, const char *key, uint64_t least_ns, uint64_t *duration_ns)
{
	int node = node_get(r->document, map, key);
	uint64_t value = 0;

	if (!node)
		return;
	if (literal_duration_ns(node_text(r->document, node), &value) || value < least_ns)
		fail(r, node, key,
			least_ns ? "a duration above 0 and up to 3650d such as 500ms, 60s, 5m, 1h "
				   "or 2d"
				 : "a duration up to 3650d such as 500ms, 60s, 5m, 1h or 2d");
	else
		*duration_ns = value;
}

static void read_dpdk(struct site_reader *r, const struct dpdk_yaml *yaml)
{
	struct capture_settings *capture = &r->site->settings->capture;

	capture->dpdk_device = keep_list(r, yaml->devices, yaml->devices_count);
	capture->dpdk_devices = yaml->devices_count;
	capture->dpdk_eal = keep_list(r, yaml->eal, yaml->eal_count);
	capture->dpdk_eals = yaml->eal_count;
	if (yaml->lcores)
		capture->dpdk_lcores = keep(r, yaml->lcores);
}

static void read_capture(struct site_reader *r, const struct capture_yaml *yaml)
{
	static const char *const source[] = {"auto", "pcap", "dpdk"};
	struct capture_settings *capture = &r->site->settings->capture;

	if (!yaml)
		return;
	capture->source = arena_text(r->arena, source[yaml->source]);
	capture->interface = keep_list(r, yaml->interfaces, yaml->interfaces_count);
	capture->interfaces = yaml->interfaces_count;
	capture->deduplicate = yaml->deduplicate == ANSWER_YES;
	if (yaml->dpdk)
		read_dpdk(r, yaml->dpdk);
}

/* Reads the keys of `capture` that affect verdicts. */
static void read_mirror(struct site_reader *r)
{
	struct site *site = r->site;
	int map = node_get(r->document, NODE_ROOT, "capture");
	int endpoints = node_get(r->document, map, "mirror_endpoints");

	site->mirror_endpoint =
		read_prefixes(r, endpoints, "mirror_endpoints", &site->mirror_endpoints);
	if (site->mirror_endpoints > SITE_MIRRORS_MAX)
		fail(r, endpoints, "mirror_endpoints", "up to 64 addresses or networks");
	read_duration(r, map, "warmup", 0, &site->warmup_ns);
}

static void read_flow(struct site_reader *r)
{
	struct flow_timeouts *t = &r->site->timeouts;
	int flow = node_get(r->document, NODE_ROOT, "flow");
	int timeouts = node_get(r->document, flow, "timeouts");
	int max = node_get(r->document, flow, "max");
	uint64_t flows = r->site->settings->flow_max;

	if (max && (literal_number(node_text(r->document, max), SITE_FLOWS_MAX, &flows) || !flows))
		fail(r, max, "max", "a number of flows from 1 to 67108864");
	r->site->settings->flow_max = (uint32_t)flows;
	read_duration(r, timeouts, "tcp_attempt", 1, &t->tcp_attempt_ns);
	read_duration(r, timeouts, "tcp_established", 1, &t->tcp_established_ns);
	read_duration(r, timeouts, "tcp_closed", 1, &t->tcp_closed_ns);
	read_duration(r, timeouts, "udp_one_way", 1, &t->udp_one_way_ns);
	read_duration(r, timeouts, "udp_two_way", 1, &t->udp_two_way_ns);
	read_duration(r, timeouts, "ike", 1, &t->ike_ns);
	read_duration(r, timeouts, "other", 1, &t->other_ns);
}

/* ---- outputs ---- */

static bool is_endpoint(const char *text)
{
	static const char *const scheme[] = {"udp://", "tcp://", "tls://"};
	const char *port = strrchr(text, ':');
	uint16_t number;

	for (size_t i = 0; i < sizeof(scheme) / sizeof(scheme[0]); i++)
		if (strncmp(text, scheme[i], 6) == 0)
			return port > text + 6 && literal_port(port + 1, &number) == 0;
	return false;
}

static bool is_sink_value(enum sink_value value, const char *text)
{
	uint64_t number;

	switch (value) {
	case SINK_VALUE_ADDRESS:
		return is_endpoint(text);
	case SINK_VALUE_SIZE:
		return literal_size_bytes(text, &number) == 0;
	case SINK_VALUE_COUNT:
		return literal_number(text, SINK_COUNT_MAX, &number) == 0 && number > 0;
	default:
		return true;
	}
}

/* Checks that a required key is there, and no key of another kind of sink. */
static void check_sink_key(
	struct site_reader *r, const struct sink_settings *sink, int map, enum sink_key k)
{
	const struct sink_key_info *key = sink_key_info(k);
	const char *text = sink->value[k], *kind = sink_kind_name(sink->kind);
	int node = node_get(r->document, map, key->name);

	if (!(key->sinks >> sink->kind & 1)) {
		if (!text)
			return;
		node_error(r->document, node, r->errors, "%s is nothing of a %s sink", key->name,
			kind);
		r->rc = -EINVAL;
	} else if (!text && key->is_needed) {
		node_error(r->document, map, r->errors, "a %s sink without %s", kind, key->name);
		r->rc = -EINVAL;
	} else if (text && !is_sink_value(key->value, text)) {
		fail(r, node, key->name, key->want);
	}
}

static void check_certificates(struct site_reader *r, const struct sink_settings *sink, int map)
{
	const char *address = sink->value[SINK_KEY_ADDRESS];

	for (unsigned k = 0; k < SINK_KEY_COUNT; k++) {
		const struct sink_key_info *key = sink_key_info((enum sink_key)k);
		if (key->value != SINK_VALUE_TLS_FILE || !sink->value[k] ||
			!(key->sinks >> sink->kind & 1))
			continue;
		if (!address || strncmp(address, "tls://", 6) != 0)
			fail(r, node_get(r->document, map, "address"), "address",
				"tls://host:port, since certificates are named");
		return;
	}
}

static void read_sink(
	struct site_reader *r, const struct sink_yaml *yaml, int map, struct sink_settings *sink)
{
	*sink = (struct sink_settings){
		.kind = yaml->kind,
		.format = yaml->format,
		.flows = yaml->flows == ANSWER_YES,
		.line = node_line(r->document, map),
	};
	for (unsigned k = 0; k < SINK_KEY_COUNT; k++) {
		sink->value[k] = keep(r, yaml->value[k]);
		check_sink_key(r, sink, map, (enum sink_key)k);
	}
	check_certificates(r, sink, map);
}

/* Whether the address is a loopback address. */
static bool is_loopback(const char *listen)
{
	return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "[::1]:", 6) == 0 ||
	       strncmp(listen, "localhost:", 10) == 0;
}

static void read_metrics(struct site_reader *r, const struct metrics_yaml *yaml, int outputs)
{
	struct output_settings *o = &r->site->settings->outputs;
	int map = node_get(r->document, outputs, "metrics");
	const char *port = yaml->listen ? strrchr(yaml->listen, ':') : NULL;
	uint16_t number;

	o->metrics_listen = keep(r, yaml->listen ? yaml->listen : "127.0.0.1:9464");
	o->metrics_token_file = keep(r, yaml->token_file);
	o->metrics_certificate = keep(r, yaml->certificate);
	o->metrics_key = keep(r, yaml->key);
	if (yaml->listen && (!port || literal_port(port + 1, &number)))
		fail(r, node_get(r->document, map, "listen"), "listen",
			"an address and a port such as 127.0.0.1:9464");
	else if (!is_loopback(o->metrics_listen) &&
		 (!yaml->token_file || !yaml->certificate || !yaml->key))
		fail(r, node_get(r->document, map, "listen"), "listen",
			"127.0.0.1:port, or token_file, certificate and key beside it: metrics "
			"name "
			"the appliances");
}

static void read_outputs(struct site_reader *r, const struct outputs_yaml *yaml)
{
	struct output_settings *o = &r->site->settings->outputs;
	int map = node_get(r->document, NODE_ROOT, "outputs");
	int events = node_get(r->document, map, "events");

	if (!yaml)
		return;
	o->sink = arena_alloc(r->arena, (yaml->events_count + 1) * sizeof(*o->sink));
	o->sinks = yaml->events_count;
	for (unsigned i = 0; i < yaml->events_count; i++)
		read_sink(r, &yaml->events[i], node_item(r->document, events, i), &o->sink[i]);
	if (yaml->metrics)
		read_metrics(r, yaml->metrics, map);
	if (yaml->control) {
		o->control_socket = keep(r, yaml->control->socket);
		o->control_group = keep(r, yaml->control->group);
	}
	read_duration(r, map, "window", SECOND_NS, &o->window_ns);
	read_duration(r, map, "silence", SECOND_NS, &r->site->silence_ns);
}

/* ---- store ---- */

static void read_store(struct site_reader *r, const struct store_yaml *yaml)
{
	struct store_settings *s = &r->site->settings->store;
	int map = node_get(r->document, NODE_ROOT, "store");
	int size = node_get(r->document, map, "size");

	if (!yaml)
		return;
	if (!yaml->path)
		fail(r, map, "path", "the folder of the store");
	s->path = keep(r, yaml->path);
	s->keeps_all = yaml->flows == STORED_ALL;
	read_duration(r, map, "keep", 3600 * SECOND_NS, &s->keep_ns);
	if (yaml->learn && strcmp(yaml->learn, "off") == 0)
		s->learn_ns = 0;
	else
		read_duration(r, map, "learn", 3600 * SECOND_NS, &s->learn_ns);
	if (size && (literal_size_bytes(node_text(r->document, size), &s->size_bytes) ||
			    s->size_bytes < STORE_BYTES_MIN))
		fail(r, size, "size", "a size from 100MB, such as 20GB");
}

/* ---- evidence ---- */

static void read_size(struct site_reader *r, int map, const char *key, uint64_t least,
	uint64_t most, uint64_t *bytes)
{
	int node = node_get(r->document, map, key);
	uint64_t value = 0;

	if (!node)
		return;
	if (literal_size_bytes(node_text(r->document, node), &value) || value < least ||
		value > most)
		fail(r, node, key,
			arena_format(r->arena,
				"a size from %llu to %llu bytes such as 100kB, 8MiB or 4GB",
				(unsigned long long)least, (unsigned long long)most));
	else
		*bytes = value;
}

static void read_evidence_bounds(struct site_reader *r, int map)
{
	struct evidence_settings *e = &r->site->settings->evidence;
	uint64_t packets = e->flow_packets, bytes = e->flow_bytes;
	int node = node_get(r->document, map, "flow_packets");

	if (node && (literal_number(node_text(r->document, node), EVIDENCE_PACKETS_MAX, &packets) ||
			    !packets))
		fail(r, node, "flow_packets", "a number of packets from 1 to 65535");
	read_size(r, map, "flow_bytes", EVIDENCE_FRAME_MAX, EVIDENCE_BYTES_MAX, &bytes);
	read_size(r, map, "ring", EVIDENCE_RING_MIN, EVIDENCE_RING_MAX, &e->ring_bytes);
	e->ring_bytes &= ~(uint64_t)7; /* packets lie at whole words */
	e->flow_packets = (uint32_t)packets;
	e->flow_bytes = (uint32_t)bytes;
}

static void read_evidence(struct site_reader *r, const struct evidence_yaml *yaml)
{
	enum { FILE_LEAST = 64 << 10, SIZE_LEAST = 1 << 20 };
	struct evidence_settings *e = &r->site->settings->evidence;
	int map = node_get(r->document, NODE_ROOT, "evidence");

	if (!yaml)
		return;
	e->path = keep(r, yaml->path);
	e->mask = yaml->mask != ANSWER_NO;
	read_size(r, map, "size", SIZE_LEAST, UINT64_MAX, &e->size_bytes);
	read_size(r, map, "file_size", FILE_LEAST, UINT32_MAX, &e->file_bytes);
	read_duration(r, map, "age", SECOND_NS, &e->age_ns);
	read_evidence_bounds(r, map);
}

/* ---- site ---- */

static void default_values(struct site *site, struct arena *arena)
{
	*site = (struct site){
		.settings = settings_new(arena),
		.warmup_ns = 60 * SECOND_NS,
		.silence_ns = 86400 * SECOND_NS,
		.timeouts = {.tcp_attempt_ns = 30 * SECOND_NS,
			.tcp_established_ns = 3600 * SECOND_NS,
			.tcp_closed_ns = 5 * SECOND_NS,
			.udp_one_way_ns = 60 * SECOND_NS,
			.udp_two_way_ns = 180 * SECOND_NS,
			.ike_ns = 3600 * SECOND_NS,
			.other_ns = 60 * SECOND_NS},
	};
	for (unsigned number = 0; number < 256; number++)
		site->protocol[number] = (uint8_t)protocol_default(number);
}

void site_default(struct site *site, const struct profile *profile, struct arena *arena)
{
	const struct site_schema *schema = site_schema_new(profile, NULL, arena);

	default_values(site, arena);
	site->features = schema->features;
	site->feature = arena_alloc(arena, (schema->features + 1) * sizeof(*site->feature));
	for (size_t i = 0; i < schema->features; i++)
		site->feature[i] =
			(struct site_feature){.name = schema->feature[i].name, .enabled = true};
}

int site_read(struct site *site, const struct document *document, const struct profile *profile,
	struct arena *arena, struct errors *errors)
{
	struct site_schema *schema = site_schema_new(profile, document, arena);
	struct site_reader r = {.site = site,
		.document = document,
		.arena = arena,
		.errors = errors,
		.addresses = {.document = document, .arena = arena, .errors = errors}};
	unsigned named[256] = {0};
	struct site_yaml *yaml;
	void *data;
	int rc = schema_load(document, &schema->value, site_hint, &data, errors);

	if (rc)
		return rc;
	yaml = data;
	default_values(site, arena);
	site->file = arena_text(arena, document_name(document));
	site->flags_implied = yaml->implied == IMPLIED_FLAG;
	address_reader_open(&r.addresses);
	read_appliances(&r, yaml);
	read_features(&r, yaml, schema);
	read_extras(&r, yaml);
	read_protocols(&r, "not_covered", VERDICT_NOT_COVERED, named);
	read_protocols(&r, "unexpected", VERDICT_UNEXPECTED_PROTOCOL, named);
	read_mirror(&r);
	read_flow(&r);
	r.arena = site->settings->memory;
	read_capture(&r, yaml->capture);
	read_outputs(&r, yaml->outputs);
	read_store(&r, yaml->store);
	read_evidence(&r, yaml->evidence);
	return r.rc ? r.rc : r.addresses.rc;
}
