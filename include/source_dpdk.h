/* Packets from NIC ports through DPDK's poll mode drivers.
 *
 * One set of ports a process: start once, open a source for each worker, close the sources,
 * stop. Whatever the NICs can do, an address pair comes to one source only, fragments and both
 * directions: by the NICs' hash where that is known to be symmetric and the same on all ports,
 * else the sources hand packets to each other. Bytes stay where the NIC put them.
 *
 * Without DPDK at build time every function is there and fails with -ENOTSUP.
 */
#ifndef PORTOLAN_SOURCE_DPDK_H
#define PORTOLAN_SOURCE_DPDK_H

#include <stddef.h>
#include <stdint.h>

#include "source.h"

#define SOURCE_DPDK_WORKERS_MAX 32

/* What a poll does that finds nothing. */
enum source_dpdk_idle {
	SOURCE_DPDK_IDLE_SLEEP, /* spins for a while, then sleeps up to 100 us: the default */
	SOURCE_DPDK_IDLE_PAUSE, /* spins with pauses, ever longer ones: its core stays busy */
	SOURCE_DPDK_IDLE_NEVER, /* returns at once */
};

/* What spreads packets that no NIC has spread: a symmetric hash of a packet's address pair,
 * such as pair_hash_of(). Called by all workers. */
typedef uint32_t source_dpdk_hash(const void *context, const struct packet *);

struct source_dpdk_config {
	const char *const *device; /* PCI addresses, and vdevs: net_pcap0,rx_pcap=F */
	size_t devices;
	const char *lcores;	/* CPUs of the workers: "1-4,7"; NULL: where the kernel wants */
	const char *const *eal; /* more arguments for the EAL */
	size_t eals;
	unsigned workers;
	enum source_dpdk_idle idle;
	/* Always in software, also where the NICs could: because their hash would see the
	 * mirror's tunnel and not what is in it. */
	int steer_in_software;
	source_dpdk_hash *hash; /* NULL: of the outermost addresses */
	const void *hash_context;
};

/* Starts the EAL and the ports. Changes no signal handler. 0 or a negative errno with the
 * reason in `error`, and nothing left behind but that the EAL starts once a process. */
int source_dpdk_start(const struct source_dpdk_config *, char error[SOURCE_ERROR_BYTES]);

/* How many workers the list of CPUs asks for; 0 where it cannot be read. */
unsigned source_dpdk_cpus(const char *lcores);

/* Remarks after a start, a line each: no hugepages and what that costs, why traffic is spread
 * in software. NULL after the last. */
const char *source_dpdk_remark(size_t);

/* The share of worker 0 … workers - 1. It polls only between enter and leave. */
int source_dpdk_open(struct source **, unsigned worker, char error[SOURCE_ERROR_BYTES]);

/* Stops the ports and gives everything back, hugepages too. The sources are closed. Does
 * nothing where nothing was started. */
void source_dpdk_stop(void);

/* --- what the NICs know; by any one thread, also while others poll --- */

struct source_dpdk_port {
	char name[64];
	char driver[32];
	char link[64]; /* "the link is up, 10000 Mbps, full duplex" */
	uint16_t queues;
	int up;
	struct source_loss loss;
	char loss_origin[96]; /* where the figures come from, if not from the driver */
};

size_t source_dpdk_ports(void);
int source_dpdk_port(size_t port, struct source_dpdk_port *);

/* The driver's own counters, one call each. */
int source_dpdk_xstats(
	size_t port, void (*each)(void *, const char *name, uint64_t value), void *context);

/* --- telemetry: commands for dpdk-telemetry.py --- */

/* A table in the making, for the callbacks below. */
struct source_dpdk_answer;

void source_dpdk_answer_u64(struct source_dpdk_answer *, const char *name, uint64_t);
void source_dpdk_answer_text(struct source_dpdk_answer *, const char *name, const char *);

/* Fills a table; `argument` is what came after the command's comma, or NULL. Runs in a thread
 * of DPDK's. 0 or a negative errno. */
typedef int source_dpdk_telemetry(void *context, const char *argument, struct source_dpdk_answer *);

/* `command` begins with a slash: "/portolan/stats". Once per command, before or after the
 * start; there is no way back, so `context` must outlive source_dpdk_stop(). */
int source_dpdk_command(
	const char *command, const char *help, source_dpdk_telemetry *, void *context);

#endif
