/* Settings: the part of a site that takes effect at a start and not at a reload: capture sources,
 * flow table size, outputs, evidence.
 *
 * Read together with the ruleset, but in memory of their own: a reload replaces the ruleset, the
 * settings stay until the program ends. Immutable once read.
 */
#ifndef PORTOLAN_SETTINGS_H
#define PORTOLAN_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/sink_list.h"

struct arena;

struct capture_settings {
	char *source; /* "auto", "pcap" or "dpdk" */
	char **interface;
	size_t interfaces;
	bool deduplicate;
	char **dpdk_device;
	size_t dpdk_devices;
	char *dpdk_lcores;
	char **dpdk_eal;
	size_t dpdk_eals;
};

enum sink_format { SINK_AS_JSON, SINK_AS_CEF };

/* A sink of the sensor: one entry of `outputs.events`. */
struct sink_settings {
	enum sink_kind kind;
	enum sink_format format;     /* of a message's text */
	bool flows;		     /* also flow-ended records, not only alerts */
	char *value[SINK_KEY_COUNT]; /* as in the site, checked; NULL: not set */
	unsigned line;		     /* in the site, for messages */
};

/* The file that a sink writes to, "-" for standard output; NULL: not a file. */
const char *sink_file(const struct sink_settings *);

/* The port that a sink connects to over TCP; 0: it does not. */
uint16_t sink_tcp_port(const struct sink_settings *);

struct output_settings {
	struct sink_settings *sink;
	size_t sinks;
	char *metrics_listen; /* address:port, or NULL: no metrics */
	char *metrics_token_file, *metrics_certificate, *metrics_key;
	char *control_socket; /* path; NULL: the default of `portolan run` */
	char *control_group;  /* group that may connect; NULL: the sensor's own */
	uint64_t window_ns;   /* repeats of a finding within this time are one event */
};

struct store_settings {
	char *path;	     /* folder; NULL: nothing is stored */
	bool keeps_all;	     /* flows that belong, too */
	uint64_t keep_ns;    /* flows older than that are removed */
	uint64_t size_bytes; /* of all flows */
	uint64_t learn_ns;   /* before baseline findings are made; 0: none are */
};

/* Packets of findings: where their files are, how much is kept, and of a flow how much. */
struct evidence_settings {
	char *path;				 /* folder; NULL: none */
	uint64_t size_bytes, file_bytes, age_ns; /* of all files; of one, and how long it is open */
	uint32_t flow_packets, flow_bytes;	 /* of one flow */
	uint64_t ring_bytes;			 /* of each worker, for packets before a verdict */
	bool mask;				 /* credentials are overwritten */
};

struct settings {
	struct capture_settings capture;
	struct store_settings store;
	struct output_settings outputs;
	struct evidence_settings evidence;
	uint32_t flow_max;    /* per worker */
	struct arena *memory; /* owns everything above and this structure */
};

/* New settings with the default values. */
/* Belongs to `owner`, until its memory is disowned. */
struct settings *settings_new(struct arena *owner);
void settings_free(struct settings *);

#endif
