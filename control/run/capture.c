#include "run/capture.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "config/settings.h"
#include "pair_hash.h"
#include "policy/ruleset.h"
#include "source_dpdk.h"
#include "source_live.h"

/* --- sources ------------------------------------------------------------------------- */

static void join_names(char *const *name, size_t names, char *text, size_t bytes)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < names && used < bytes; i++)
		used += (size_t)snprintf(
			text + used, bytes - used, "%s%s", used ? ", " : "", name[i]);
}

static uint32_t hash_of(const void *inventory, const struct packet *p)
{
	return pair_hash_of(p, inventory);
}

/* A NIC's RSS hash covers the mirror's tunnel header, not the packet in it. */
static int open_dpdk(struct capture *s, char why[SOURCE_ERROR_BYTES])
{
	const struct capture_settings *c = s->settings;
	const char *lcores = c->dpdk_lcores && *c->dpdk_lcores ? c->dpdk_lcores : NULL;
	unsigned cpus = lcores ? source_dpdk_cpus(lcores) : 0;
	struct source_dpdk_config config = {
		.device = (const char *const *)c->dpdk_device,
		.devices = c->dpdk_devices,
		.lcores = lcores,
		.eal = (const char *const *)c->dpdk_eal,
		.eals = c->dpdk_eals,
		.steer_in_software = s->ruleset->mirror_endpoints > 0,
		.hash = hash_of,
		.hash_context = s->ruleset->policy->inventory,
	};
	int error;

	s->workers = s->wanted ? s->wanted : cpus ? cpus : 1;
	if (s->workers > CAPTURE_WORKERS_MAX)
		s->workers = CAPTURE_WORKERS_MAX;
	config.workers = s->workers;
	error = source_dpdk_start(&config, why);
	for (unsigned i = 0; i < s->workers && error == 0; i++)
		error = source_dpdk_open(&s->source[i], i, why);
	if (error < 0)
		return error;
	s->through_dpdk = 1;
	for (size_t i = 0; source_dpdk_remark(i); i++)
		log_say(LOG_LEVEL_INFO, "%s", source_dpdk_remark(i));
	join_names(c->dpdk_device, c->dpdk_devices, s->title, sizeof(s->title));
	return 0;
}

static int open_live(struct capture *s, char why[SOURCE_ERROR_BYTES])
{
	const struct capture_settings *c = s->settings;
	struct source_live_config config = {
		.interface = (const char *const *)c->interface,
		.interfaces = c->interfaces,
	};

	s->workers = s->wanted ? s->wanted : 1;
	config.workers = s->workers;
	join_names(c->interface, c->interfaces, s->title, sizeof(s->title));
	if (s->workers > 1 && s->ruleset->mirror_endpoints > 0)
		log_say(LOG_LEVEL_WARNING,
			"the kernel spreads packets by their outermost addresses: where two "
			"mirrors "
			"send the two directions of one conversation, use one worker, or DPDK");
	return source_live_open(s->source, &config, why);
}

static void drop_sources(struct capture *s)
{
	for (unsigned i = 0; i < CAPTURE_WORKERS_MAX; i++) {
		if (s->source[i])
			s->source[i]->operations->close(s->source[i]);
		s->source[i] = NULL;
	}
}

void capture_close(struct capture *s)
{
	drop_sources(s);
	source_dpdk_stop();
}

/* DPDK if the site asks for it, or names a device and does not ask for pcap. */
static int open_sources(struct capture *s)
{
	const struct capture_settings *c = s->settings;
	const char *wanted = c->source ? c->source : "auto";
	int only_dpdk = strcmp(wanted, "dpdk") == 0, only_pcap = strcmp(wanted, "pcap") == 0;
	char why[SOURCE_ERROR_BYTES] = "";

	if (only_dpdk || (!only_pcap && c->dpdk_devices > 0)) {
		if (open_dpdk(s, why) == 0) {
			log_say(LOG_LEVEL_INFO, "reading %s through DPDK: %s", s->title,
				only_dpdk ? "the site says so" : "a device is configured");
			return EXIT_DONE;
		}
		drop_sources(s);
		source_dpdk_stop();
		log_say(LOG_LEVEL_WARNING, "no DPDK: %s", why);
		if (only_dpdk)
			return EXIT_FAILED;
	}
	if (c->interfaces == 0) {
		log_say(LOG_LEVEL_ERROR,
			"%s: names no interface; want capture: {interfaces: [eth1]}",
			s->ruleset->name);
		return EXIT_MISUSED;
	}
	if (open_live(s, why) < 0) {
		log_say(LOG_LEVEL_ERROR, "%s", why);
		return EXIT_FAILED;
	}
	log_say(LOG_LEVEL_INFO, "reading %s through libpcap: %s", s->title,
		only_pcap ? "the site says so" : "no DPDK device in use");
	return EXIT_DONE;
}

static void describe(const struct capture *s)
{
	const struct source_operations *o = s->source[0]->operations;

	if (o->describe)
		log_say(LOG_LEVEL_INFO, "%s", o->describe(s->source[0]));
}

/* --- losses --------------------------------------------------------------------------- */

static void add_loss(struct source_loss *sum, const struct source_loss *l)
{
	sum->received += l->received;
	sum->bytes += l->bytes;
	sum->dropped_kernel += l->dropped_kernel;
	sum->dropped_interface += l->dropped_interface;
	sum->dropped_nic += l->dropped_nic;
	sum->errors += l->errors;
	sum->no_buffer += l->no_buffer;
}

json_t *capture_loss_json(const struct source_loss *l)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "received", (json_int_t)l->received,
		"dropped_kernel", (json_int_t)l->dropped_kernel, "dropped_interface",
		(json_int_t)l->dropped_interface, "imissed", (json_int_t)l->dropped_nic, "ierrors",
		(json_int_t)l->errors, "rx_nombuf", (json_int_t)l->no_buffer);
}

static void add_xstat(void *context, const char *name, uint64_t value)
{
	json_object_set_new(context, name, json_integer((json_int_t)value));
}

static json_t *ports_json(void)
{
	json_t *ports = json_array();

	for (size_t i = 0; i < source_dpdk_ports(); i++) {
		struct source_dpdk_port p;
		json_t *port, *xstats;
		if (source_dpdk_port(i, &p) < 0)
			continue;
		port = capture_loss_json(&p.loss);
		xstats = json_object();
		source_dpdk_xstats(i, add_xstat, xstats);
		json_object_set_new(port, "name", json_string(p.name));
		json_object_set_new(port, "driver", json_string(p.driver));
		json_object_set_new(port, "link", json_string(p.link));
		json_object_set_new(port, "xstats", xstats);
		json_array_append_new(ports, port);
	}
	return ports;
}

void capture_loss(const struct capture *s, struct source_loss *sum)
{
	struct source_loss one;

	*sum = (struct source_loss){0};
	for (unsigned i = 0; i < s->workers; i++)
		if (s->source[i]->operations->loss &&
			s->source[i]->operations->loss(s->source[i], &one) == 0)
			add_loss(sum, &one);
}

/* Call before the sources close; interfaces that have disappeared are left out. */
json_t *capture_json(const struct capture *s)
{
	struct source_loss sum;
	json_t *capture;

	capture_loss(s, &sum);
	capture = capture_loss_json(&sum);
	json_object_set_new(capture, "source", json_string(s->through_dpdk ? "dpdk" : "pcap"));
	json_object_set_new(capture, "workers", json_integer(s->workers));
	if (s->through_dpdk)
		json_object_set_new(capture, "ports", ports_json());
	return capture;
}

void capture_watch(const struct capture *s)
{
	char text[SOURCE_ERROR_BYTES];

	for (unsigned i = 0; i < s->workers; i++) {
		const struct source_operations *o = s->source[i]->operations;
		while (o->watch && o->watch(s->source[i], text) == 1)
			log_say(LOG_LEVEL_WARNING, "%s", text);
	}
}

unsigned capture_links_down(const struct capture *s, char text[SOURCE_ERROR_BYTES])
{
	char other[SOURCE_ERROR_BYTES];
	unsigned down = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < s->workers; i++) {
		const struct source_operations *o = s->source[i]->operations;
		if (o->down)
			down += o->down(s->source[i], down ? other : text);
	}
	return down;
}

const char *const *capture_interfaces(const struct capture *s, size_t *count)
{
	const struct capture_settings *c = s->settings;

	*count = s->through_dpdk ? c->dpdk_devices : c->interfaces;
	return (const char *const *)(s->through_dpdk ? c->dpdk_device : c->interface);
}

int capture_open(struct capture *s, const struct ruleset *ruleset,
	const struct capture_settings *settings, unsigned workers)
{
	int status;

	*s = (struct capture){.ruleset = ruleset, .settings = settings, .wanted = workers};
	status = open_sources(s);
	if (status == EXIT_DONE)
		describe(s);
	return status;
}
