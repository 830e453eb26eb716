/* The libcyaml schema of a site file.
 *
 * The keys of `features` and `ports` depend on the profile and the site's own rules, so the schema
 * is built for each site: an undocumented feature or port is refused like any other unknown key.
 * Lives in the arena that it was built in.
 */
#ifndef PORTOLAN_SITE_SCHEMA_H
#define PORTOLAN_SITE_SCHEMA_H

#include "config/schema.h"
#include "config/settings.h"

struct arena;
struct document;
struct profile;

/* `ports` has a text for each documented port of the feature, NULL if not set. */
struct feature_yaml {
	enum answer enabled;
	char **ports;
};

struct appliance_yaml {
	char *name, *profile;
	enum role role;
	char **addresses, **macs;
	struct feature_yaml *features; /* one per feature, or NULL */
	unsigned addresses_count, macs_count;
};

enum extra_direction { EXTRA_INBOUND, EXTRA_OUTBOUND, EXTRA_BOTH, EXTRA_DIRECTIONS };

struct extra_yaml {
	enum role role;
	enum extra_direction direction;
	enum transport transport;
	enum answer unattended;
	char *port, *feature, *description, *source;
};

struct binding_yaml {
	enum role role;
	enum direction direction;
	char *port;
};

/* Read from the document by hand. */
struct pair_yaml {
	char *feature;
};

struct protocols_yaml {
	char **not_covered, **unexpected;
	unsigned not_covered_count, unexpected_count;
};

struct dpdk_yaml {
	char **devices, **eal, *lcores;
	unsigned devices_count, eal_count;
};

enum capture_source { CAPTURE_AUTO, CAPTURE_PCAP, CAPTURE_DPDK };

struct capture_yaml {
	enum capture_source source;
	enum answer deduplicate;
	char **interfaces, **mirror_endpoints, *warmup;
	unsigned interfaces_count, mirror_endpoints_count;
	struct dpdk_yaml *dpdk;
};

struct timeouts_yaml {
	char *tcp_attempt, *tcp_established, *tcp_closed, *udp_one_way, *udp_two_way, *ike, *other;
};

struct flow_yaml {
	char *max;
	struct timeouts_yaml *timeouts;
};

struct sink_yaml {
	enum sink_kind kind;
	enum sink_format format;
	enum answer flows;
	char *value[SINK_KEY_COUNT];
};

struct metrics_yaml {
	char *listen, *token_file, *certificate, *key;
};

struct control_yaml {
	char *socket, *group;
};

struct outputs_yaml {
	struct sink_yaml *events;
	unsigned events_count;
	struct metrics_yaml *metrics;
	struct control_yaml *control;
	char *window, *silence;
};

enum stored_flows { STORED_FLAGGED, STORED_ALL };

struct store_yaml {
	char *path, *keep, *size, *learn;
	enum stored_flows flows;
};

struct evidence_yaml {
	char *path, *size, *file_size, *age, *flow_packets, *flow_bytes, *ring;
	enum answer mask;
};

/* What a site makes of rows that are implied. */
enum implied { IMPLIED_ALLOW, IMPLIED_FLAG };

struct site_yaml {
	char *profile;
	enum implied implied;
	struct appliance_yaml *appliances;
	struct feature_yaml *features; /* one per feature, or NULL */
	struct extra_yaml *extra_rules;
	struct binding_yaml *ports;
	struct pair_yaml *pairs;
	struct protocols_yaml *protocols;
	struct capture_yaml *capture;
	struct flow_yaml *flow;
	struct outputs_yaml *outputs;
	struct store_yaml *store;
	struct evidence_yaml *evidence;
	unsigned appliances_count, extra_rules_count, ports_count, pairs_count;
};

/* A feature and its documented ports, such as `8305/tcp`: keys of the site. */
struct feature_keys {
	const char *name;
	const char **port;
	size_t ports;
};

struct site_schema {
	cyaml_schema_value_t value; /* of the whole file */
	struct feature_keys *feature;
	size_t features;
};

/* With the features of all these profiles. `document` may be NULL: then only they have any. */
struct site_schema *site_schema_new(
	struct profile *const *, size_t profiles, const struct document *, struct arena *);

#endif
