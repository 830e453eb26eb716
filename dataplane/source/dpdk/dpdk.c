/* DPDK from start to stop: the environment, the ports, how traffic is shared. */
#include "source/dpdk/dpdk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "source/dpdk/buffers.h"
#include "source/dpdk/eal.h"
#include "source/dpdk/kernel_drops.h"

#define POOL_CACHE_ALL 384 /* a thread may keep half as many again as its cache is long */
#define BUFFER_BYTES 2048
#define BUFFER_BYTES_MAX (65536 - 1024) /* with what is before them in 16 bits */
#define BUFFER_EXTRA_BYTES 384		/* of a buffer, before and around its bytes */
#define BASE_BYTES (96ull << 20)
#define SMALL_PAGE 4096ull
#define REMARKS_MAX 32

/* The environment exists once a process, and so does this. */
static struct dpdk dpdk;
static int environment_started;
static const char *remark[REMARKS_MAX + 1];
static size_t remarks;
static char remark_text[REMARKS_MAX][256];

static void add_remark(const char *name, const char *text)
{
	if (remarks == REMARKS_MAX)
		return;
	snprintf(remark_text[remarks], sizeof(remark_text[0]), "%s%s%s", name, *name ? ": " : "",
		text);
	remark[remarks] = remark_text[remarks];
	remarks++;
}

const char *source_dpdk_remark(size_t i)
{
	return i < remarks ? remark[i] : NULL;
}

/* --- CPUs --- */

/* Reads "1-4,7"; returns how many, 0 where it is wrong. */
static unsigned read_cpus(const char *text, int *cpu, unsigned max)
{
	unsigned count = 0;

	while (*text) {
		char *end;
		long first = strtol(text, &end, 10), last = first;

		if (end == text)
			return 0;
		if (*end == '-') {
			text = end + 1;
			last = strtol(text, &end, 10);
			if (end == text)
				return 0;
		}
		if (first < 0 || last < first || last >= CPU_SETSIZE || (*end && *end != ','))
			return 0;
		for (; first <= last && count < max; first++)
			cpu[count++] = (int)first;
		text = *end ? end + 1 : end;
	}
	return count;
}

unsigned source_dpdk_cpus(const char *lcores)
{
	int cpu[SOURCE_DPDK_WORKERS_MAX];

	return lcores ? read_cpus(lcores, cpu, SOURCE_DPDK_WORKERS_MAX) : 0;
}

static int assign_cpus(const struct source_dpdk_config *c, char *error)
{
	int cpu[SOURCE_DPDK_WORKERS_MAX];
	unsigned count = c->lcores ? read_cpus(c->lcores, cpu, SOURCE_DPDK_WORKERS_MAX) : 0;

	if (c->lcores && count == 0) {
		snprintf(error, SOURCE_ERROR_BYTES,
			"dpdk.lcores: '%s' is no list of CPUs; want one like 1-4,7", c->lcores);
		return -EINVAL;
	}
	for (unsigned i = 0; i < c->workers; i++)
		dpdk.cpu[i] = count ? cpu[i % count] : -1;
	return 0;
}

/* --- buffers --- */

/* What net_pcap holds in memory with infinite_rx: each file once, whole frames in one buffer,
 * which is as long as the longest of them. */
static void add_held_files(const char *device, struct dpdk_port_config *p)
{
	char *copy = strdup(device), *save = NULL;
	int repeats = strstr(device, "infinite_rx=1") != NULL;
	uint64_t most = 0;
	uint32_t longest = 0;

	if (!copy || !repeats) {
		free(copy);
		return;
	}
	for (char *key = strtok_r(copy, ",", &save); key; key = strtok_r(NULL, ",", &save)) {
		struct buffers b;

		if (strncmp(key, "rx_pcap=", 8) != 0)
			continue;
		if (buffers_count(key + 8, &b) < 0)
			b = (struct buffers){.longest = BUFFER_BYTES};
		most = RTE_MAX(most, b.frames);
		longest = RTE_MAX(longest, b.longest);
	}
	free(copy);
	/* More than a buffer can hold the driver refuses, and says so. */
	longest = RTE_MIN(longest, (uint32_t)BUFFER_BYTES_MAX);
	if (longest > 0)
		p->buffer_bytes = RTE_ALIGN_CEIL(longest, (uint32_t)RTE_CACHE_LINE_SIZE);
	p->buffers += (uint32_t)most;
}

/* For one queue: what the NIC holds, what is on its way between workers, what each of them
 * works on and keeps in its cache. */
static struct dpdk_port_config plan(const struct source_dpdk_config *c, const char *device)
{
	struct dpdk_port_config p = {
		.workers = c->workers,
		.hash = c->workers > 1 && !c->steer_in_software,
		.buffer_bytes = BUFFER_BYTES,
	};

	/* Twice, since vmxnet3 fills two rings a queue before it takes its first frame. */
	p.buffers = 2 * DPDK_RX_DESCRIPTORS + c->workers * (POOL_CACHE_ALL + 2 * BURST_MAX);
	if (c->workers > 1)
		p.buffers += c->workers * SOFTWARE_RSS_RING;
	add_held_files(device, &p);
	return p;
}

static unsigned files_of(const char *device)
{
	unsigned count = 0;

	for (const char *at = device; (at = strstr(at, "rx_pcap=")); at++)
		count++;
	return count;
}

/* In small pages no buffer crosses from one into the next. */
static uint64_t in_small_pages(uint64_t bytes)
{
	return bytes <= SMALL_PAGE ? SMALL_PAGE / (SMALL_PAGE / bytes)
				   : RTE_ALIGN_CEIL(bytes, SMALL_PAGE);
}

static struct dpdk_need need_of(const struct source_dpdk_config *c)
{
	struct dpdk_need need = {.huge_bytes = BASE_BYTES, .small_bytes = BASE_BYTES};

	for (size_t i = 0; i < c->devices; i++) {
		struct dpdk_port_config p = plan(c, c->device[i]);
		uint64_t queues = RTE_MAX(c->workers, files_of(c->device[i]));
		uint64_t each = p.buffer_bytes + BUFFER_EXTRA_BYTES;

		need.huge_bytes += queues * p.buffers * each;
		need.small_bytes += queues * p.buffers * in_small_pages(each);
	}
	return need;
}

/* --- ports --- */

/* Whether a port belongs to a device of the site: the same name up to the comma, a PCI address
 * also without its domain. */
static int belongs(uint16_t id, const char *device)
{
	struct rte_eth_dev_info info;
	size_t length = strcspn(device, ",");
	const char *name;

	if (rte_eth_dev_info_get(id, &info) < 0 || !info.device)
		return 0;
	name = rte_dev_name(info.device);
	return (strncmp(name, device, length) == 0 && name[length] == '\0') ||
	       (strncmp(name, "0000:", 5) == 0 && strncmp(name + 5, device, length) == 0 &&
		       name[5 + length] == '\0');
}

static int open_port(uint16_t id, const struct dpdk_port_config *c, char *error)
{
	struct dpdk_port *p = &dpdk.port[dpdk.ports];

	if (dpdk.ports == DPDK_PORTS_MAX) {
		snprintf(error, SOURCE_ERROR_BYTES, "DPDK: more than %d ports", DPDK_PORTS_MAX);
		return -ENOSPC;
	}
	dpdk.index[id] = (uint8_t)dpdk.ports++;
	return dpdk_port_open(p, id, c, error);
}

static int open_device(const struct source_dpdk_config *c, const char *device, char *error)
{
	struct dpdk_port_config config = plan(c, device);
	unsigned before = dpdk.ports;
	int status = 0;

	for (uint16_t id = 0; id < RTE_MAX_ETHPORTS && status == 0; id++)
		if (rte_eth_dev_is_valid_port(id) && belongs(id, device))
			status = open_port(id, &config, error);
	if (status < 0 || dpdk.ports > before)
		return status;
	snprintf(error, SOURCE_ERROR_BYTES, "%s: no port: %s", device,
		dpdk_eal_error()[0] ? dpdk_eal_error()
				    : "is it bound to vfio-pci (dpdk-devbind.py)?");
	return -ENODEV;
}

/* Queues of an interface that AF_XDP devices read, of all that there are. */
static void check_af_xdp(const struct dpdk_port *p)
{
	unsigned read = 0, all = p->interface[0] ? interface_queues(p->interface) : 0;
	char text[200];

	if (strcmp(p->driver, "net_af_xdp") != 0)
		return;
	for (unsigned i = 0; i < dpdk.ports; i++)
		if (strcmp(dpdk.port[i].interface, p->interface) == 0)
			read += dpdk.port[i].queues;
	if (all <= read)
		return;
	snprintf(text, sizeof(text),
		"reads %u of the %u queues of %s: the rest of its traffic is not seen, nor "
		"counted as lost; add queue_count=, or a device with start_queue= for each",
		read, all, p->interface);
	add_remark(p->name, text);
}

static int start_ports(char *error)
{
	int status = 0;

	for (unsigned i = 0; i < dpdk.ports && status == 0; i++) {
		struct dpdk_port *p = &dpdk.port[i];

		status = dpdk_port_start(p, error);
		check_af_xdp(p);
		if (status == 0 && p->remark)
			add_remark(p->name, p->remark);
		if (status == 0 && p->real && !p->up)
			add_remark(p->name, "the link is down");
	}
	return status;
}

/* --- who gets what --- */

/* Why the ports together cannot give each pair to one queue number; NULL if they can. */
static const char *why_in_software(const struct source_dpdk_config *c, const char **port)
{
	*port = "";
	if (c->steer_in_software)
		return "the site asks for it";
	for (unsigned i = 0; i < dpdk.ports; i++) {
		*port = dpdk.port[i].name;
		if (dpdk.port[i].table == 0)
			return dpdk.port[i].why;
		if (dpdk.port[i].table != dpdk.port[0].table && (c->workers & (c->workers - 1)))
			return "its indirection table is not as long as the others'";
	}
	return NULL;
}

static int share(const struct source_dpdk_config *c, char *error)
{
	const char *port, *why = c->workers > 1 ? why_in_software(c, &port) : NULL;
	char text[200];
	int status = 0;

	atomic_store(&dpdk.steering, c->workers == 1 ? STEERING_SINGLE
				     : why	     ? STEERING_SOFTWARE
						     : STEERING_HARDWARE);
	dpdk.told = why != NULL;
	if (c->workers == 1)
		return 0;
	if (why) {
		snprintf(text, sizeof(text), "packets are spread in software: %s", why);
		add_remark(port, text);
	}
	status = software_rss_open(&dpdk.software_rss, c->workers);
	dpdk.software_rss.hash = c->hash;
	dpdk.software_rss.hash_context = c->hash_context;
	for (unsigned i = 0; i < dpdk.ports && status == 0; i++)
		status = software_rss_add(&dpdk.software_rss, &dpdk.port[i]);
	if (status < 0)
		snprintf(error, SOURCE_ERROR_BYTES, "DPDK: no rings between workers: %s",
			strerror(-status));
	return status;
}

static void describe(const struct source_dpdk_config *c)
{
	static const char *const idle[] = {
		[SOURCE_DPDK_IDLE_SLEEP] = "sleeps up to 100 us at a time",
		[SOURCE_DPDK_IDLE_PAUSE] = "spins with pauses",
		[SOURCE_DPDK_IDLE_NEVER] = "spins",
	};
	static const char *const spread[] = {
		[STEERING_SINGLE] = "which sees everything",
		[STEERING_HARDWARE] = "each address pair to one of them, by the NIC's hash",
		[STEERING_SOFTWARE] = "each address pair to one of them, in software",
	};
	unsigned queues = 0;

	for (unsigned i = 0; i < dpdk.ports; i++)
		queues += dpdk.port[i].queues;
	snprintf(dpdk.description, sizeof(dpdk.description),
		"%s%s through DPDK, %u port%s, %u queue%s; %u worker%s, %s; an idle one %s",
		dpdk.port[0].name, dpdk.ports > 1 ? " and others" : "", dpdk.ports,
		dpdk.ports > 1 ? "s" : "", queues, queues > 1 ? "s" : "", c->workers,
		c->workers > 1 ? "s" : "", spread[atomic_load(&dpdk.steering)], idle[c->idle]);
}

/* --- start and stop --- */

static int check(const struct source_dpdk_config *c, char *error)
{
	const char *wrong = NULL;

	if (environment_started)
		wrong = "it has been started before";
	else if (c->devices == 0)
		wrong = "no devices";
	else if (c->workers < 1 || c->workers > SOURCE_DPDK_WORKERS_MAX)
		wrong = "want 1 to 32 workers";
	if (wrong)
		snprintf(error, SOURCE_ERROR_BYTES, "DPDK: %s", wrong);
	return wrong ? -EINVAL : assign_cpus(c, error);
}

static int start_environment(const struct source_dpdk_config *c, char *error)
{
	const char *text = NULL;
	struct dpdk_need need = need_of(c);
	int status = dpdk_eal_start(c, &need, &text, error);

	environment_started = status == 0;
	if (text)
		add_remark("", text);
	return status;
}

int source_dpdk_start(const struct source_dpdk_config *c, char error[SOURCE_ERROR_BYTES])
{
	int status;

	error[0] = '\0';
	status = check(c, error);
	if (status < 0)
		return status;
	dpdk.workers = c->workers;
	dpdk.idle = c->idle;
	status = start_environment(c, error);
	for (size_t i = 0; i < c->devices && status == 0; i++)
		status = open_device(c, c->device[i], error);
	if (status == 0)
		status = start_ports(error);
	if (status == 0)
		status = share(c, error);
	if (status == 0)
		describe(c);
	else
		source_dpdk_stop();
	return status;
}

void source_dpdk_stop(void)
{
	if (!environment_started)
		return;
	software_rss_close(&dpdk.software_rss);
	while (dpdk.ports > 0)
		dpdk_port_close(&dpdk.port[--dpdk.ports]);
	dpdk_eal_stop();
	environment_started = 0;
}

int source_dpdk_open(struct source **out, unsigned worker, char error[SOURCE_ERROR_BYTES])
{
	int status = worker < dpdk.workers && dpdk.ports > 0 ? dpdk_queue_open(out, &dpdk, worker)
							     : -EINVAL;

	if (status < 0)
		snprintf(error, SOURCE_ERROR_BYTES, "DPDK: worker %u: %s", worker,
			strerror(-status));
	return status;
}

/* --- figures --- */

size_t source_dpdk_ports(void)
{
	return dpdk.ports;
}

int source_dpdk_port(size_t port, struct source_dpdk_port *out)
{
	if (port >= dpdk.ports)
		return -EINVAL;
	dpdk_port_describe(&dpdk.port[port], out);
	return 0;
}

static void report_all(uint16_t id, int count, struct rte_eth_xstat *value,
	struct rte_eth_xstat_name *name, void (*each)(void *, const char *, uint64_t),
	void *context)
{
	if (rte_eth_xstats_get_names(id, name, (unsigned)count) != count ||
		rte_eth_xstats_get(id, value, (unsigned)count) != count)
		return;
	for (int i = 0; i < count; i++)
		if (value[i].id < (uint64_t)count)
			each(context, name[value[i].id].name, value[i].value);
}

int source_dpdk_xstats(
	size_t port, void (*each)(void *, const char *name, uint64_t value), void *context)
{
	uint16_t id = port < dpdk.ports ? dpdk.port[port].id : 0;
	int count = port < dpdk.ports ? rte_eth_xstats_get(id, NULL, 0) : -EINVAL;
	struct rte_eth_xstat *value;
	struct rte_eth_xstat_name *name;

	if (count < 0)
		return count;
	value = calloc((size_t)count + 1, sizeof(*value));
	name = calloc((size_t)count + 1, sizeof(*name));
	if (value && name)
		report_all(id, count, value, name, each, context);
	if (port == 0)
		each(context, "portolan_frames_put_together", atomic_load(&dpdk.copied));
	count = value && name ? 0 : -ENOMEM;
	free(value);
	free(name);
	return count;
}
