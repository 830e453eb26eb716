#include "config/site_schema.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/literal.h"
#include "config/document.h"
#include "config/profile.h"
#include "config/site.h"

#define LIST_MAX 65536
#define TEXT_MAX 1000
#define WORD_MAX 255
#define OPTIONAL_TEXT (CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER)
#define OPTIONAL_WORD (CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT)

#define SINK_KEY_HINT(key, name, value, sinks, is_needed, want) {name, want},

const struct schema_hint site_hint[] = {
	{"profile", "the name of a profile, or a path to one"},
	{"appliances", "a list of appliances, each with name, role and addresses"},
	{"name", "the appliance's name"},
	{"addresses", "a list of addresses or networks such as 10.20.0.0/16"},
	{"except", "a list of addresses or networks in there that are no appliances"},
	{"groups", "a mapping of names to lists of addresses"},
	{"macs", "a list of MAC addresses such as \"02:00:00:00:00:07\""},
	{"features", "a mapping of features"},
	{"ports", "of a feature a mapping of documented to new ports such as {8305/tcp: 8306/tcp}, "
		  "of an extra rule a list such as [111, 20048-20050], of the site a list of "
		  "bindings such as {role: management-center, direction: inbound, port: 443/tcp, "
		  "peers: [10.9.0.0/24]}"},
	{"pairs", "a list of pairs such as {between: [ftd-1, ftd-2], feature: failover-link}"},
	{"between", "two appliances such as [ftd-1, ftd-2]"},
	{"data_addresses", "a list of addresses or networks of data interfaces"},
	{"aliases", "a list of addresses that others see behind address translation"},
	{"managers", "a list of management centers such as [fmc-1]"},
	{"peers", "any, inventory or a list of addresses, networks, ranges and groups"},
	{"extra_rules", "a list of rules, at most 32768"},
	{"port", "a port from 1 to 65535"},
	{"feature", "a word such as site-proxy"},
	{"unattended", "true or false"},
	{"description", "a sentence, at most 1000 bytes"},
	{"not_covered", "a list of IP protocols such as [gre, 47]"},
	{"unexpected", "a list of IP protocols such as [icmp, 58]"},
	{"interfaces", "a list of interfaces such as [eth1]"},
	{"mirror_endpoints", "a list of addresses"},
	{"warmup", "a duration such as 60s"},
	{"devices", "a list of devices such as [\"0000:03:00.0\"]"},
	{"lcores", "a list of cores such as \"1-4\""},
	{"eal", "a list of EAL arguments"},
	{"max", "a number of flows from 1 to 67108864"},
	{"timeouts", "a mapping of durations"},
	{"outputs", "a mapping: events, metrics, control, window, silence"},
	{"events", "a list of sinks such as {kind: json, path: events.jsonl}"},
	{"kind", SINK_KINDS},
	{"format", "json or cef"},
	SINK_KEY_LIST(SINK_KEY_HINT){"metrics", "a mapping: listen, token_file, certificate, key"},
	{"listen", "an address and a port such as 127.0.0.1:9464"},
	{"control", "a mapping: socket, group"},
	{"store", "a mapping: path, flows, keep, size, learn"},
	{"evidence", "a mapping: path, size, file_size, age, flow_packets, flow_bytes, ring, mask"},
	{"size", "a size such as 4GB"},
	{"file_size", "a size such as 64MiB"},
	{"age", "a duration such as 1h"},
	{"flow_packets", "a number of packets from 1 to 65535"},
	{"flow_bytes", "a size such as 256KiB"},
	{"ring", "a size such as 8MiB"},
	{"mask", "true or false"},
	{NULL, NULL},
};

static const cyaml_schema_value_t text_schema = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, WORD_MAX)};

#define TEXT_FIELD(key, structure, max)                                                            \
	CYAML_FIELD_STRING_PTR(#key, OPTIONAL_TEXT, structure, key, 1, max)
#define LIST_FIELD(key, structure)                                                                 \
	CYAML_FIELD_SEQUENCE(#key, OPTIONAL_TEXT, structure, key, &text_schema, 0, LIST_MAX)

static const cyaml_schema_field_t appliance_field[] = {
	CYAML_FIELD_STRING_PTR(
		"name", CYAML_FLAG_POINTER, struct appliance_yaml, name, 1, WORD_MAX),
	CYAML_FIELD_ENUM(
		"role", CYAML_FLAG_STRICT, struct appliance_yaml, role, schema_role, ROLE_COUNT),
	TEXT_FIELD(profile, struct appliance_yaml, TEXT_MAX),
	LIST_FIELD(macs, struct appliance_yaml), CYAML_FIELD_IGNORE("except", CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_SEQUENCE("addresses", CYAML_FLAG_POINTER, struct appliance_yaml, addresses,
		&text_schema, 1, LIST_MAX),
	CYAML_FIELD_IGNORE("data_addresses", CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_IGNORE("aliases", CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_IGNORE("managers", CYAML_FLAG_OPTIONAL)};
#define APPLIANCE_FIELDS (sizeof(appliance_field) / sizeof(appliance_field[0]))

static const cyaml_strval_t extra_direction_word[] = {
	{"inbound", EXTRA_INBOUND}, {"outbound", EXTRA_OUTBOUND}, {"both", EXTRA_BOTH}};

static const cyaml_schema_field_t extra_field[] = {
	CYAML_FIELD_ENUM("role", OPTIONAL_WORD, struct extra_yaml, role, schema_role, ROLE_COUNT),
	CYAML_FIELD_IGNORE("appliances", CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_ENUM("direction", CYAML_FLAG_STRICT, struct extra_yaml, direction,
		extra_direction_word, EXTRA_DIRECTIONS),
	CYAML_FIELD_ENUM("transport", CYAML_FLAG_STRICT, struct extra_yaml, transport,
		schema_transport, TRANSPORT_COUNT),
	TEXT_FIELD(port, struct extra_yaml, 16), CYAML_FIELD_IGNORE("ports", CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_IGNORE("peers", CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_STRING_PTR("feature", CYAML_FLAG_POINTER, struct extra_yaml, feature, 1, 63),
	CYAML_FIELD_IGNORE("service", CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_ENUM("unattended", OPTIONAL_WORD, struct extra_yaml, unattended, schema_answer,
		SCHEMA_ANSWERS),
	TEXT_FIELD(description, struct extra_yaml, TEXT_MAX),
	TEXT_FIELD(source, struct extra_yaml, TEXT_MAX), CYAML_FIELD_END};
static const cyaml_schema_value_t extra_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct extra_yaml, extra_field)};

static const cyaml_schema_field_t binding_field[] = {
	CYAML_FIELD_ENUM(
		"role", CYAML_FLAG_STRICT, struct binding_yaml, role, schema_role, ROLE_COUNT),
	CYAML_FIELD_ENUM("direction", CYAML_FLAG_STRICT, struct binding_yaml, direction,
		schema_direction, DIRECTION_COUNT),
	CYAML_FIELD_STRING_PTR("port", CYAML_FLAG_POINTER, struct binding_yaml, port, 1, 16),
	CYAML_FIELD_IGNORE("peers", CYAML_FLAG_DEFAULT), CYAML_FIELD_END};
static const cyaml_schema_value_t binding_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct binding_yaml, binding_field)};

static const cyaml_schema_field_t pair_field[] = {CYAML_FIELD_IGNORE("between", CYAML_FLAG_DEFAULT),
	CYAML_FIELD_STRING_PTR("feature", CYAML_FLAG_POINTER, struct pair_yaml, feature, 1, 63),
	CYAML_FIELD_END};
static const cyaml_schema_value_t pair_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pair_yaml, pair_field)};

static const cyaml_schema_field_t protocols_field[] = {
	LIST_FIELD(not_covered, struct protocols_yaml),
	LIST_FIELD(unexpected, struct protocols_yaml), CYAML_FIELD_END};

static const cyaml_schema_field_t dpdk_field[] = {LIST_FIELD(devices, struct dpdk_yaml),
	TEXT_FIELD(lcores, struct dpdk_yaml, WORD_MAX), LIST_FIELD(eal, struct dpdk_yaml),
	CYAML_FIELD_END};

static const cyaml_strval_t source_word[] = {
	{"auto", CAPTURE_AUTO}, {"pcap", CAPTURE_PCAP}, {"dpdk", CAPTURE_DPDK}};

static const cyaml_schema_field_t capture_field[] = {
	CYAML_FIELD_ENUM("source", OPTIONAL_WORD, struct capture_yaml, source, source_word,
		CYAML_ARRAY_LEN(source_word)),
	CYAML_FIELD_ENUM("deduplicate", OPTIONAL_WORD, struct capture_yaml, deduplicate,
		schema_answer, SCHEMA_ANSWERS),
	TEXT_FIELD(warmup, struct capture_yaml, WORD_MAX),
	LIST_FIELD(interfaces, struct capture_yaml),
	LIST_FIELD(mirror_endpoints, struct capture_yaml),
	CYAML_FIELD_MAPPING_PTR("dpdk", OPTIONAL_TEXT, struct capture_yaml, dpdk, dpdk_field),
	CYAML_FIELD_END};

#define TIMEOUT_FIELD(key) TEXT_FIELD(key, struct timeouts_yaml, WORD_MAX)

static const cyaml_schema_field_t timeouts_field[] = {TIMEOUT_FIELD(tcp_attempt),
	TIMEOUT_FIELD(tcp_established), TIMEOUT_FIELD(tcp_closed), TIMEOUT_FIELD(udp_one_way),
	TIMEOUT_FIELD(udp_two_way), TIMEOUT_FIELD(ike), TIMEOUT_FIELD(other), CYAML_FIELD_END};

static const cyaml_schema_field_t flow_field[] = {TEXT_FIELD(max, struct flow_yaml, WORD_MAX),
	CYAML_FIELD_MAPPING_PTR(
		"timeouts", OPTIONAL_TEXT, struct flow_yaml, timeouts, timeouts_field),
	CYAML_FIELD_END};

#define SINK_WORD(kind, name, operations) {name, SINK_##kind},
static const cyaml_strval_t sink_word[] = {SINK_LIST(SINK_WORD)};
static const cyaml_strval_t format_word[] = {{"json", SINK_AS_JSON}, {"cef", SINK_AS_CEF}};

#define SINK_KEY_FIELD(key, name, holds, sinks, is_needed, want)                                   \
	CYAML_FIELD_STRING_PTR(                                                                    \
		name, OPTIONAL_TEXT, struct sink_yaml, value[SINK_KEY_##key], 1, TEXT_MAX),

static const cyaml_schema_field_t sink_field[] = {
	CYAML_FIELD_ENUM("kind", CYAML_FLAG_STRICT, struct sink_yaml, kind, sink_word,
		CYAML_ARRAY_LEN(sink_word)),
	CYAML_FIELD_ENUM("format", OPTIONAL_WORD, struct sink_yaml, format, format_word,
		CYAML_ARRAY_LEN(format_word)),
	CYAML_FIELD_ENUM(
		"flows", OPTIONAL_WORD, struct sink_yaml, flows, schema_answer, SCHEMA_ANSWERS),
	SINK_KEY_LIST(SINK_KEY_FIELD) CYAML_FIELD_END};
static const cyaml_schema_value_t sink_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct sink_yaml, sink_field)};

static const cyaml_schema_field_t metrics_field[] = {
	TEXT_FIELD(listen, struct metrics_yaml, WORD_MAX),
	TEXT_FIELD(token_file, struct metrics_yaml, TEXT_MAX),
	TEXT_FIELD(certificate, struct metrics_yaml, TEXT_MAX),
	TEXT_FIELD(key, struct metrics_yaml, TEXT_MAX), CYAML_FIELD_END};

static const cyaml_schema_field_t control_field[] = {TEXT_FIELD(socket, struct control_yaml, 100),
	TEXT_FIELD(group, struct control_yaml, 32), CYAML_FIELD_END};

static const cyaml_schema_field_t outputs_field[] = {
	CYAML_FIELD_SEQUENCE(
		"events", OPTIONAL_TEXT, struct outputs_yaml, events, &sink_schema, 0, 64),
	CYAML_FIELD_MAPPING_PTR(
		"metrics", OPTIONAL_TEXT, struct outputs_yaml, metrics, metrics_field),
	CYAML_FIELD_MAPPING_PTR(
		"control", OPTIONAL_TEXT, struct outputs_yaml, control, control_field),
	TEXT_FIELD(window, struct outputs_yaml, WORD_MAX),
	TEXT_FIELD(silence, struct outputs_yaml, WORD_MAX), CYAML_FIELD_END};

static const cyaml_strval_t stored_word[] = {{"flagged", STORED_FLAGGED}, {"all", STORED_ALL}};

static const cyaml_schema_field_t store_field[] = {TEXT_FIELD(path, struct store_yaml, TEXT_MAX),
	CYAML_FIELD_ENUM("flows", OPTIONAL_WORD, struct store_yaml, flows, stored_word,
		CYAML_ARRAY_LEN(stored_word)),
	TEXT_FIELD(keep, struct store_yaml, WORD_MAX),
	TEXT_FIELD(size, struct store_yaml, WORD_MAX),
	TEXT_FIELD(learn, struct store_yaml, WORD_MAX), CYAML_FIELD_END};
static const cyaml_schema_field_t evidence_field[] = {
	TEXT_FIELD(path, struct evidence_yaml, TEXT_MAX),
	TEXT_FIELD(size, struct evidence_yaml, WORD_MAX),
	TEXT_FIELD(file_size, struct evidence_yaml, WORD_MAX),
	TEXT_FIELD(age, struct evidence_yaml, WORD_MAX),
	TEXT_FIELD(flow_packets, struct evidence_yaml, WORD_MAX),
	TEXT_FIELD(flow_bytes, struct evidence_yaml, WORD_MAX),
	TEXT_FIELD(ring, struct evidence_yaml, WORD_MAX),
	CYAML_FIELD_ENUM(
		"mask", OPTIONAL_WORD, struct evidence_yaml, mask, schema_answer, SCHEMA_ANSWERS),
	CYAML_FIELD_END};

static const cyaml_strval_t implied_word[] = {{"allow", IMPLIED_ALLOW}, {"flag", IMPLIED_FLAG}};

static const cyaml_schema_field_t site_field[] = {TEXT_FIELD(profile, struct site_yaml, TEXT_MAX),
	CYAML_FIELD_IGNORE("groups", CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_SEQUENCE("ports", OPTIONAL_TEXT, struct site_yaml, ports, &binding_schema, 0,
		SITE_BINDINGS_MAX),
	CYAML_FIELD_SEQUENCE("extra_rules", OPTIONAL_TEXT, struct site_yaml, extra_rules,
		&extra_schema, 0, SITE_EXTRAS_MAX),
	CYAML_FIELD_SEQUENCE(
		"pairs", OPTIONAL_TEXT, struct site_yaml, pairs, &pair_schema, 0, SITE_PAIRS_MAX),
	CYAML_FIELD_MAPPING_PTR(
		"protocols", OPTIONAL_TEXT, struct site_yaml, protocols, protocols_field),
	CYAML_FIELD_ENUM("implied", OPTIONAL_WORD, struct site_yaml, implied, implied_word,
		CYAML_ARRAY_LEN(implied_word)),
	CYAML_FIELD_MAPPING_PTR("capture", OPTIONAL_TEXT, struct site_yaml, capture, capture_field),
	CYAML_FIELD_MAPPING_PTR("flow", OPTIONAL_TEXT, struct site_yaml, flow, flow_field),
	CYAML_FIELD_MAPPING_PTR("outputs", OPTIONAL_TEXT, struct site_yaml, outputs, outputs_field),
	CYAML_FIELD_MAPPING_PTR("store", OPTIONAL_TEXT, struct site_yaml, store, store_field),
	CYAML_FIELD_MAPPING_PTR(
		"evidence", OPTIONAL_TEXT, struct site_yaml, evidence, evidence_field)};

#define SITE_FIELDS (sizeof(site_field) / sizeof(site_field[0]))
#define FIELDS_BEFORE 2 /* appliances and features */

/* ---- keys of features and ports ---- */

static struct feature_keys *keys_feature(struct site_schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->features; i++) {
		if (strcmp(schema->feature[i].name, name) == 0)
			return &schema->feature[i];
	}
	schema->feature[schema->features] = (struct feature_keys){.name = name};
	return &schema->feature[schema->features++];
}

/* Adds a port; `rows` bounds the ports of a feature. */
static void keys_port(struct feature_keys *keys, uint16_t port, const char *transport, size_t rows,
	struct arena *arena)
{
	const char *key = arena_format(arena, "%u/%s", port, transport);

	if (!keys->port)
		keys->port = arena_alloc(arena, rows * sizeof(*keys->port));
	for (size_t i = 0; i < keys->ports; i++) {
		if (strcasecmp(keys->port[i], key) == 0)
			return;
	}
	keys->port[keys->ports++] = key;
}

/* The profiles that a site and its appliances have. */
struct profile_set {
	struct profile *const *profile;
	size_t count;
};

static size_t rows_of(const struct profile_set *profiles, const char *feature)
{
	size_t count = 0;

	for (size_t p = 0; p < profiles->count; p++)
		for (size_t i = 0; i < profiles->profile[p]->rows; i++)
			count += strcmp(profiles->profile[p]->row[i].feature, feature) == 0;
	return count;
}

static void keys_from_profiles(
	struct site_schema *schema, const struct profile_set *profiles, struct arena *arena)
{
	for (size_t p = 0; p < profiles->count; p++)
		for (size_t i = 0; i < profiles->profile[p]->rows; i++) {
			const struct profile_row *row = &profiles->profile[p]->row[i];
			keys_port(keys_feature(schema, row->feature), row->port,
				transport_name(row->transport), rows_of(profiles, row->feature),
				arena);
		}
}

/* Adds the features of the site's rules and pairs, which are not checked yet: any text that can be
 * a feature name counts. */
static void keys_from_extras(
	struct site_schema *schema, const struct document *document, int list, struct arena *arena)
{
	size_t count = node_kind(document, list) == NODE_IS_LIST ? node_count(document, list) : 0;

	for (size_t i = 0; i < count && i < SITE_EXTRAS_MAX; i++) {
		int rule = node_item(document, list, i);
		const char *feature = node_text(document, node_get(document, rule, "feature"));
		if (feature && literal_is_word(feature))
			keys_feature(schema, arena_text(arena, feature));
	}
}

/* ---- the schema ---- */

static cyaml_schema_field_t *ports_fields(const struct feature_keys *keys, struct arena *arena)
{
	cyaml_schema_field_t *field = arena_alloc(arena, (keys->ports + 1) * sizeof(*field));

	for (size_t i = 0; i < keys->ports; i++)
		field[i] = (cyaml_schema_field_t){.key = keys->port[i],
			.data_offset = (uint32_t)(i * sizeof(char *)),
			.value = {CYAML_VALUE_STRING(OPTIONAL_TEXT, char, 1, WORD_MAX)}};
	return field;
}

static cyaml_schema_field_t *feature_fields(const struct feature_keys *keys, struct arena *arena)
{
	cyaml_schema_field_t *field = arena_alloc(arena, 4 * sizeof(*field));
	size_t texts = keys->ports ? keys->ports : 1;

	field[0] = (cyaml_schema_field_t)CYAML_FIELD_ENUM("enabled", OPTIONAL_WORD,
		struct feature_yaml, enabled, schema_answer, SCHEMA_ANSWERS);
	field[1] = (cyaml_schema_field_t)CYAML_FIELD_IGNORE("peers", CYAML_FLAG_OPTIONAL);
	field[2] = (cyaml_schema_field_t){.key = "ports",
		.data_offset = offsetof(struct feature_yaml, ports),
		.value = {.type = CYAML_MAPPING,
			.flags = (enum cyaml_flag)(OPTIONAL_TEXT | CYAML_FLAG_CASE_INSENSITIVE),
			.data_size = (uint32_t)(texts * sizeof(char *)),
			.mapping = {.fields = ports_fields(keys, arena)}}};
	return field;
}

static cyaml_schema_field_t features_field(
	const struct site_schema *schema, size_t offset, struct arena *arena)
{
	cyaml_schema_field_t *field = arena_alloc(arena, (schema->features + 1) * sizeof(*field));

	for (size_t i = 0; i < schema->features; i++)
		field[i] = (cyaml_schema_field_t){.key = schema->feature[i].name,
			.data_offset = (uint32_t)(i * sizeof(struct feature_yaml)),
			.value = {.type = CYAML_MAPPING,
				.flags = CYAML_FLAG_OPTIONAL,
				.data_size = sizeof(struct feature_yaml),
				.mapping = {.fields = feature_fields(&schema->feature[i], arena)}}};
	return (cyaml_schema_field_t){.key = "features",
		.data_offset = (uint32_t)offset,
		.value = {.type = CYAML_MAPPING,
			.flags = (enum cyaml_flag)OPTIONAL_TEXT,
			.data_size =
				(uint32_t)((schema->features + 1) * sizeof(struct feature_yaml)),
			.mapping = {.fields = field}}};
}

/* Appliances, whose features have the same keys as the site's. */
static cyaml_schema_field_t appliances_field(const struct site_schema *schema, struct arena *arena)
{
	cyaml_schema_field_t *field = arena_alloc(arena, (APPLIANCE_FIELDS + 2) * sizeof(*field));
	cyaml_schema_value_t *value = arena_alloc(arena, sizeof(*value));

	memcpy(field, appliance_field, sizeof(appliance_field));
	field[APPLIANCE_FIELDS] =
		features_field(schema, offsetof(struct appliance_yaml, features), arena);
	*value = (cyaml_schema_value_t){.type = CYAML_MAPPING,
		.flags = CYAML_FLAG_DEFAULT,
		.data_size = sizeof(struct appliance_yaml),
		.mapping = {.fields = field}};
	return (cyaml_schema_field_t)CYAML_FIELD_SEQUENCE("appliances", OPTIONAL_TEXT,
		struct site_yaml, appliances, value, 0, APPLIANCES_MAX);
}

struct site_schema *site_schema_new(struct profile *const *profile, size_t profiles,
	const struct document *document, struct arena *arena)
{
	const struct profile_set set = {profile, profiles};
	size_t rows = 0;
	struct site_schema *schema = arena_alloc(arena, sizeof(*schema));
	cyaml_schema_field_t *field = arena_alloc(arena, (SITE_FIELDS + 3) * sizeof(*field));

	for (size_t i = 0; i < profiles; i++)
		rows += profile[i]->rows;
	schema->feature = arena_alloc(
		arena, (rows + SITE_EXTRAS_MAX + SITE_PAIRS_MAX) * sizeof(*schema->feature));
	keys_from_profiles(schema, &set, arena);
	if (document) {
		keys_from_extras(
			schema, document, node_get(document, NODE_ROOT, "extra_rules"), arena);
		keys_from_extras(schema, document, node_get(document, NODE_ROOT, "pairs"), arena);
	}
	memcpy(field, site_field, FIELDS_BEFORE * sizeof(*field));
	field[FIELDS_BEFORE] = appliances_field(schema, arena);
	field[FIELDS_BEFORE + 1] =
		features_field(schema, offsetof(struct site_yaml, features), arena);
	memcpy(&field[FIELDS_BEFORE + 2], &site_field[FIELDS_BEFORE],
		(SITE_FIELDS - FIELDS_BEFORE) * sizeof(*field));
	schema->value = (cyaml_schema_value_t){.type = CYAML_MAPPING,
		.flags = CYAML_FLAG_POINTER,
		.data_size = sizeof(struct site_yaml),
		.mapping = {.fields = field}};
	return schema;
}
