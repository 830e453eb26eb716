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
#include "config/site_reader.h"
#include "packet_evidence.h"
#include "protocol.h"

#define SECOND_NS 1000000000ull

/* Less is used up within minutes. */
#define STORE_BYTES_MIN 100000000u

void site_fail(struct site_reader *r, int node, const char *key, const char *want)
{
	char shown[NODE_SHOWN_BYTES];

	node_error(r->document, node, r->errors, "found %s%s%s; want %s",
		node_shown(r->document, node, shown), *key ? " for " : "", key, want);
	r->rc = -EINVAL;
}

char *site_keep(struct site_reader *r, const char *text)
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

struct prefix *site_prefixes(struct site_reader *r, int list, const char *key, size_t *count)
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
			site_fail(r, node, "macs", "a MAC address such as \"02:00:00:00:00:07\"");
	}
	return mac;
}

static size_t profile_index(const struct site_reader *r, const char *name)
{
	for (size_t i = 0; name && i < r->site->profiles; i++)
		if (strcmp(r->site->profile_name[i], name) == 0)
			return i;
	return 0;
}

/* Adds a list to an appliance's addresses, marked as what they are. */
static void add_addresses(struct site_reader *r, struct site_appliance *a,
	const struct address_list *list, const char *what)
{
	for (size_t i = 0; i < list->count; i++) {
		a->address[a->addresses] =
			*what ? arena_format(r->arena, "%s (%s)", list->text[i], what)
			      : list->text[i];
		a->prefix[a->addresses] = list->prefix[i];
		a->address_line[a->addresses++] = list->line[i];
	}
}

/* Where it is managed, its data interfaces, and how others see it. */
static void read_addresses(struct site_reader *r, struct site_appliance *a, int node)
{
	static const char *const key[] = {"addresses", "data_addresses", "aliases"};
	static const char *const what[] = {"", "data", "alias"};
	struct address_list list[3];
	size_t room = 1;

	for (size_t i = 0; i < 3; i++) {
		list[i] = address_list_read(
			&r->addresses, node_get(r->document, node, key[i]), key[i]);
		room += list[i].count;
	}
	a->address = arena_alloc(r->arena, room * sizeof(*a->address));
	a->prefix = arena_alloc(r->arena, room * sizeof(*a->prefix));
	a->address_line = arena_alloc(r->arena, room * sizeof(*a->address_line));
	for (size_t i = 0; i < 3; i++)
		add_addresses(r, a, &list[i], what[i]);
	a->data = list[1].prefix;
	a->datas = list[1].count;
}

static void read_appliance(struct site_reader *r, struct site_appliance *appliance,
	const struct appliance_yaml *yaml, int node)
{
	struct address_list except =
		address_list_read(&r->addresses, node_get(r->document, node, "except"), "except");
	int macs = node_get(r->document, node, "macs");

	appliance->name = site_keep(r, yaml->name);
	appliance->role = yaml->role;
	appliance->line = node_line(r->document, node_get(r->document, node, "name"));
	appliance->profile = profile_index(r, yaml->profile);
	read_addresses(r, appliance, node);
	appliance->except = except.prefix;
	appliance->excepts = except.count;
	appliance->except_text = except.text;
	appliance->except_line = except.line;
	appliance->except_is_own = except.is_own;
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
			site_fail(r, node, key,
				"an IP protocol by name such as gre, or by number from 0 to 255");
		else if (number == 6 || number == 17)
			site_fail(r, node, key,
				"a protocol without ports: ports are what rules are for");
		else if (named[number])
			site_fail(r, node, key,
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
		site_fail(r, node, key,
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
		capture->dpdk_lcores = site_keep(r, yaml->lcores);
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
		site_prefixes(r, endpoints, "mirror_endpoints", &site->mirror_endpoints);
	if (site->mirror_endpoints > SITE_MIRRORS_MAX)
		site_fail(r, endpoints, "mirror_endpoints", "up to 64 addresses or networks");
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
		site_fail(r, max, "max", "a number of flows from 1 to 67108864");
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
		site_fail(r, node, key->name, key->want);
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
			site_fail(r, node_get(r->document, map, "address"), "address",
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
		sink->value[k] = site_keep(r, yaml->value[k]);
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

	o->metrics_listen = site_keep(r, yaml->listen ? yaml->listen : "127.0.0.1:9464");
	o->metrics_token_file = site_keep(r, yaml->token_file);
	o->metrics_certificate = site_keep(r, yaml->certificate);
	o->metrics_key = site_keep(r, yaml->key);
	if (yaml->listen && (!port || literal_port(port + 1, &number)))
		site_fail(r, node_get(r->document, map, "listen"), "listen",
			"an address and a port such as 127.0.0.1:9464");
	else if (!is_loopback(o->metrics_listen) &&
		 (!yaml->token_file || !yaml->certificate || !yaml->key))
		site_fail(r, node_get(r->document, map, "listen"), "listen",
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
		o->control_socket = site_keep(r, yaml->control->socket);
		o->control_group = site_keep(r, yaml->control->group);
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
		site_fail(r, map, "path", "the folder of the store");
	s->path = site_keep(r, yaml->path);
	s->keeps_all = yaml->flows == STORED_ALL;
	read_duration(r, map, "keep", 3600 * SECOND_NS, &s->keep_ns);
	if (yaml->learn && strcmp(yaml->learn, "off") == 0)
		s->learn_ns = 0;
	else
		read_duration(r, map, "learn", 3600 * SECOND_NS, &s->learn_ns);
	if (size && (literal_size_bytes(node_text(r->document, size), &s->size_bytes) ||
			    s->size_bytes < STORE_BYTES_MIN))
		site_fail(r, size, "size", "a size from 100MB, such as 20GB");
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
		site_fail(r, node, key,
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
		site_fail(r, node, "flow_packets", "a number of packets from 1 to 65535");
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
	e->path = site_keep(r, yaml->path);
	e->mask = yaml->mask != ANSWER_NO;
	read_size(r, map, "size", SIZE_LEAST, UINT64_MAX, &e->size_bytes);
	read_size(r, map, "file_size", FILE_LEAST, UINT32_MAX, &e->file_bytes);
	read_duration(r, map, "age", SECOND_NS, &e->age_ns);
	read_evidence_bounds(r, map);
}

/* ---- site ---- */

static void default_values(struct site *site, struct arena *arena)
{
	site->settings = settings_new(arena);
	site->warmup_ns = 60 * SECOND_NS;
	site->silence_ns = 86400 * SECOND_NS;
	site->timeouts = (struct flow_timeouts){.tcp_attempt_ns = 30 * SECOND_NS,
		.tcp_established_ns = 3600 * SECOND_NS,
		.tcp_closed_ns = 5 * SECOND_NS,
		.udp_one_way_ns = 60 * SECOND_NS,
		.udp_two_way_ns = 180 * SECOND_NS,
		.ike_ns = 3600 * SECOND_NS,
		.other_ns = 60 * SECOND_NS};
	for (unsigned number = 0; number < 256; number++)
		site->protocol[number] = (uint8_t)protocol_default(number);
}

/* ---- profiles ---- */

static void own_profile(struct site *site, struct profile *own, size_t room, struct arena *arena)
{
	site->profile = arena_alloc(arena, (room + 1) * sizeof(*site->profile));
	site->profile_name = arena_alloc(arena, (room + 1) * sizeof(*site->profile_name));
	site->profile[0] = own;
	site->profile_name[0] = "";
	site->profiles = 1;
}

static int add_profile(struct site *site, const struct document *document, int node,
	struct arena *arena, struct errors *errors)
{
	struct profile *profile = arena_alloc(arena, sizeof(*profile));
	const char *name = node_text(document, node);
	int rc;

	for (size_t i = 1; i < site->profiles; i++)
		if (strcmp(site->profile_name[i], name) == 0)
			return 0;
	if (site->profiles > SITE_PROFILES_MAX) {
		node_error(document, node, errors, "found one more profile; want at most %d",
			SITE_PROFILES_MAX);
		return -EINVAL;
	}
	rc = profile_open(profile, name, document, node, arena, errors);
	if (rc)
		return rc;
	for (size_t i = 0; i < site->profiles; i++)
		profile_share_rows(profile, site->profile[i]);
	site->profile_name[site->profiles] = arena_text(arena, name);
	site->profile[site->profiles++] = profile;
	return 0;
}

int site_open_profiles(struct site *site, const struct document *document, struct profile *own,
	struct arena *arena, struct errors *errors)
{
	int list = node_get(document, NODE_ROOT, "appliances"), rc = 0;

	own_profile(site, own, SITE_PROFILES_MAX + 1, arena);
	for (size_t i = 0; rc == 0 && i < node_count(document, list); i++) {
		int node = node_get(document, node_item(document, list, i), "profile");
		const char *name = node_text(document, node);
		if (name && *name)
			rc = add_profile(site, document, node, arena, errors);
	}
	return rc;
}

void site_default(struct site *site, struct profile *profile, struct arena *arena)
{
	const struct site_schema *schema;

	default_values(site, arena);
	own_profile(site, profile, 1, arena);
	schema = site_schema_new(site->profile, site->profiles, NULL, arena);
	site->features = schema->features;
	site->feature = arena_alloc(arena, (schema->features + 1) * sizeof(*site->feature));
	for (size_t i = 0; i < schema->features; i++)
		site->feature[i] =
			(struct site_feature){.name = schema->feature[i].name, .enabled = true};
}

static void warn_of_groups(struct site_reader *r)
{
	const struct address_reader *a = &r->addresses;

	r->site->warning = arena_alloc(r->arena, (a->groups + 1) * sizeof(*r->site->warning));
	for (size_t i = 0; i < a->groups; i++)
		if (!a->group[i].is_used)
			r->site->warning[r->site->warnings++] = arena_format(r->arena,
				"groups: %s has no effect: nothing names it", a->group[i].name);
}

static void read_all(struct site_reader *r, const struct site_yaml *yaml)
{
	unsigned named[256] = {0};

	address_reader_open(&r->addresses);
	r->site->group = r->addresses.group;
	r->site->groups = r->addresses.groups;
	read_appliances(r, yaml);
	site_read_managers(r);
	site_read_features(r, yaml);
	site_read_rules(r, yaml);
	read_protocols(r, "not_covered", VERDICT_NOT_COVERED, named);
	read_protocols(r, "unexpected", VERDICT_UNEXPECTED_PROTOCOL, named);
	read_mirror(r);
	read_flow(r);
	warn_of_groups(r);
	r->arena = r->site->settings->memory;
	read_capture(r, yaml->capture);
	read_outputs(r, yaml->outputs);
	read_store(r, yaml->store);
	read_evidence(r, yaml->evidence);
}

int site_read(struct site *site, const struct document *document, struct arena *arena,
	struct errors *errors)
{
	struct site_schema *schema =
		site_schema_new(site->profile, site->profiles, document, arena);
	struct site_reader r = {.site = site,
		.document = document,
		.schema = schema,
		.arena = arena,
		.errors = errors,
		.addresses = {.document = document, .arena = arena, .errors = errors}};
	void *data;
	int rc = schema_load(document, &schema->value, site_hint, &data, errors);

	if (rc)
		return rc;
	default_values(site, arena);
	site->file = arena_text(arena, document_name(document));
	site->flags_implied = ((const struct site_yaml *)data)->implied == IMPLIED_FLAG;
	read_all(&r, data);
	return r.rc ? r.rc : r.addresses.rc;
}
