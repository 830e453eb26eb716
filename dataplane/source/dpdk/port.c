#include "source/dpdk/port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_bus_pci.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_thash.h>

#include "source/dpdk/eal.h"
#include "source/dpdk/kernel_drops.h"

#define MTU_WANTED 9216
#define TX_DESCRIPTORS 64 /* some drivers want a queue to send from; nothing ever does */
#define POOL_CACHE 256
#define KEY_MAX 64

/* Repeated, it makes the Toeplitz hash the same for both directions: S. Woo, K. Park,
 * "Scalable TCP Session Monitoring with Symmetric Receive-side Scaling", KAIST 2012. */
#define KEY_BYTE(i) ((i)&1 ? 0x5a : 0x6d)

/* Virtual devices of which the kernel, or a file, feeds every queue that was made with them,
 * so that every one must be read; others make as many queues as they are asked for. */
static const char *const all_queues[] = {"net_pcap", "net_af_packet", "net_af_xdp"};

static int is_fed(const char *driver)
{
	for (size_t i = 0; i < sizeof(all_queues) / sizeof(all_queues[0]); i++)
		if (strcmp(driver, all_queues[i]) == 0)
			return 1;
	return 0;
}

static int refuse(
	char error[SOURCE_ERROR_BYTES], const struct dpdk_port *p, int status, const char *what)
{
	const char *more = dpdk_eal_error();

	snprintf(error, SOURCE_ERROR_BYTES, "%s: %s: %s%s%s", p->name, what, rte_strerror(-status),
		*more ? "; DPDK says: " : "", more);
	return status;
}

static void fill_key(uint8_t *key, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		key[i] = KEY_BYTE(i);
}

/* Addresses alone, for all protocols: that is what the general IPv4 and IPv6 types mean. A NIC
 * that has only types by protocol would hash TCP with its ports or not at all. */
static const char *why_not(const struct rte_eth_dev_info *info, const struct dpdk_port_config *c)
{
	uint64_t general = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6;

	if (!c->hash)
		return "it was asked for";
	if (info->flow_type_rss_offloads == 0 || info->reta_size == 0)
		return "the driver has no hash to spread by";
	if ((info->flow_type_rss_offloads & general) != general)
		return "the NIC cannot hash by addresses alone";
	if (info->hash_key_size > KEY_MAX)
		return "the NIC's hash key is longer than known ones";
	if (info->max_rx_queues < c->workers)
		return "the NIC has fewer queues than there are workers";
	return NULL;
}

static uint16_t queues_for(const struct dpdk_port *p, const struct rte_eth_dev_info *info,
	const struct dpdk_port_config *c)
{
	unsigned n = p->why ? 1 : c->workers;

	if (is_fed(info->driver_name))
		n = info->max_rx_queues;
	return (uint16_t)(n < DPDK_QUEUES_MAX ? n : DPDK_QUEUES_MAX);
}

static int make_pools(struct dpdk_port *p, const struct dpdk_port_config *c, uint32_t room)
{
	for (uint16_t q = 0; q < p->queues; q++) {
		char name[RTE_MEMPOOL_NAMESIZE];

		snprintf(name, sizeof(name), "portolan_%u_%u", p->id, q);
		p->pool[q] = rte_pktmbuf_pool_create(name, c->buffers, POOL_CACHE, 0,
			(uint16_t)(room + RTE_PKTMBUF_HEADROOM), rte_eth_dev_socket_id(p->id));
		if (!p->pool[q])
			return -(rte_errno ? rte_errno : ENOMEM);
	}
	return 0;
}

static struct rte_eth_conf configuration(
	const struct dpdk_port *p, const struct rte_eth_dev_info *info, uint8_t *key, uint32_t mtu)
{
	struct rte_eth_conf conf = {.rxmode.mtu = mtu};

	conf.rxmode.offloads = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	if (*info->dev_flags & RTE_ETH_DEV_INTR_RMV)
		conf.intr_conf.rmv = 1;
	if (p->why || p->queues < 2)
		return conf;
	conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf.rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH;
	conf.rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){
		.rss_key = key,
		.rss_key_len = info->hash_key_size ? info->hash_key_size : 40,
		.rss_hf = RTE_ETH_RSS_IP & info->flow_type_rss_offloads,
	};
	return conf;
}

/* Jumbo frames where the NIC has them; a driver that does not like the size gets its own. */
static int configure(struct dpdk_port *p, const struct rte_eth_dev_info *info)
{
	uint8_t key[KEY_MAX];
	uint32_t mtu = p->real ? RTE_MIN((uint32_t)info->max_mtu, (uint32_t)MTU_WANTED) : 0;
	uint16_t senders = info->max_tx_queues > 0;
	struct rte_eth_conf conf;
	int status;

	fill_key(key, sizeof(key));
	conf = configuration(p, info, key, mtu);
	status = rte_eth_dev_configure(p->id, p->queues, senders, &conf);
	if (status < 0 && mtu) {
		conf.rxmode.mtu = 0;
		status = rte_eth_dev_configure(p->id, p->queues, senders, &conf);
		p->remark = "the driver takes no frames over 1500 bytes";
	}
	return status;
}

static int set_up_queues(struct dpdk_port *p, const struct rte_eth_dev_info *info)
{
	uint16_t rx = DPDK_RX_DESCRIPTORS, tx = TX_DESCRIPTORS;
	unsigned socket = (unsigned)rte_eth_dev_socket_id(p->id);
	int status = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &rx, &tx);

	for (uint16_t q = 0; q < p->queues && status == 0; q++)
		status = rte_eth_rx_queue_setup(p->id, q, rx, socket, NULL, p->pool[q]);
	if (status == 0 && info->max_tx_queues > 0)
		status = rte_eth_tx_queue_setup(p->id, 0, tx, socket, NULL);
	return status;
}

static int on_removal(uint16_t id, enum rte_eth_event_type event, void *port, void *unused)
{
	struct dpdk_port *p = port;

	(void)id;
	(void)event;
	(void)unused;
	atomic_store_explicit(&p->removed, 1, memory_order_relaxed);
	return 0;
}

/* The kernel's interface behind a virtual device, and the sockets that read it for us. */
static void find_interface(struct dpdk_port *p, const struct rte_eth_dev_info *info)
{
	if (info->if_index == 0 || !if_indextoname(info->if_index, p->interface))
		return;
	p->interface_index = info->if_index;
	if (strcmp(p->driver, "net_af_packet") == 0)
		p->sockets = interface_sockets(p->interface_index, p->socket, DPDK_SOCKETS_MAX);
}

static int identify(struct dpdk_port *p, uint16_t id, struct rte_eth_dev_info *info)
{
	int status = rte_eth_dev_info_get(id, info);

	p->id = id;
	pthread_mutex_init(&p->counting, NULL);
	snprintf(p->name, sizeof(p->name), "port %u", id);
	if (status < 0)
		return status;
	rte_eth_dev_get_name_by_port(id, p->name);
	snprintf(p->driver, sizeof(p->driver), "%s", info->driver_name);
	p->real = strncmp(p->name, "net_", 4) != 0 && strncmp(p->name, "eth_", 4) != 0;
	find_interface(p, info);
	return 0;
}

int dpdk_port_open(struct dpdk_port *p, uint16_t id, const struct dpdk_port_config *c,
	char error[SOURCE_ERROR_BYTES])
{
	struct rte_eth_dev_info info;
	uint32_t room = c->buffer_bytes;
	int status = identify(p, id, &info);

	if (status < 0)
		return refuse(error, p, status, "cannot be asked");
	p->why = why_not(&info, c);
	p->queues = queues_for(p, &info, c);
	/* A NIC that cannot lay a frame into several buffers needs big ones. */
	if (p->real && !(info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER))
		room = RTE_MAX(room, (uint32_t)MTU_WANTED + 256);
	status = make_pools(p, c, room);
	if (status < 0)
		return refuse(error, p, status, "no memory for packet buffers");
	status = configure(p, &info);
	if (status < 0)
		return refuse(error, p, status, "cannot be configured");
	p->configured = 1;
	status = set_up_queues(p, &info);
	if (status < 0)
		return refuse(error, p, status, "its queues cannot be set up");
	p->table = p->why || p->queues < 2 ? 0 : info.reta_size;
	rte_eth_dev_callback_register(id, RTE_ETH_EVENT_INTR_RMV, on_removal, p);
	return 0;
}

/* Whether the NIC has taken the key. */
static int key_is_set(const struct dpdk_port *p)
{
	uint8_t key[KEY_MAX] = {0}, want[KEY_MAX];
	struct rte_eth_rss_conf got = {.rss_key = key, .rss_key_len = sizeof(key)};

	fill_key(want, sizeof(want));
	return rte_eth_dev_rss_hash_conf_get(p->id, &got) < 0 || memcmp(key, want, 40) == 0;
}

/* Entry i to queue i modulo their number. Some drivers have just that and let nobody change
 * it; whether it holds is seen from where packets arrive (rx_queue.c). */
static void fill_table(const struct dpdk_port *p)
{
	struct rte_eth_rss_reta_entry64 entry[RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE];

	memset(entry, 0, sizeof(entry));
	for (unsigned i = 0; i < p->table && i < RTE_ETH_RSS_RETA_SIZE_512; i++) {
		entry[i / RTE_ETH_RETA_GROUP_SIZE].mask |= 1ull << i % RTE_ETH_RETA_GROUP_SIZE;
		entry[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] =
			(uint16_t)(i % p->queues);
	}
	rte_eth_dev_rss_reta_update(p->id, entry, p->table);
}

/* A capture in a file has no other side to be polite to; a NIC may refuse what it has not. */
static void hear_everything(struct dpdk_port *p)
{
	int status = rte_eth_promiscuous_enable(p->id);

	if (status < 0 && p->real)
		p->remark = "cannot be made promiscuous: it will see its own traffic only";
}

static int is_up(struct dpdk_port *p)
{
	struct rte_eth_link link = {0};
	int flags;

	if (p->interface[0]) {
		flags = interface_flags(p->interface);
		return flags > 0 && (flags & IFF_UP) && (flags & IFF_RUNNING);
	}
	return rte_eth_link_get_nowait(p->id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

/* What the kernel's interface lost before our driver was asked. Not rx_dropped: that also has
 * the frames that were seen here and that the host's own stack then had no use for. */
static uint64_t interface_drops(const struct dpdk_port *p)
{
	if (!p->interface[0])
		return 0;
	if (strcmp(p->driver, "net_tap") == 0)
		return interface_counter(p->interface, "tx_dropped");
	return interface_counter(p->interface, "rx_missed_errors") +
	       interface_counter(p->interface, "rx_fifo_errors");
}

int dpdk_port_start(struct dpdk_port *p, char error[SOURCE_ERROR_BYTES])
{
	int status = rte_eth_dev_start(p->id);

	if (status < 0)
		return refuse(error, p, status, "does not start");
	p->started = 1;
	hear_everything(p);
	if (p->table) {
		fill_table(p);
		if (!key_is_set(p)) {
			p->table = 0;
			p->why = "the NIC keeps a hash key of its own";
		}
	}
	p->up = is_up(p);
	rte_eth_stats_reset(p->id);
	for (size_t i = 0; i < p->sockets; i++)
		interface_socket_drops(p->socket[i]);
	p->first_dropped = interface_drops(p);
	return 0;
}

void dpdk_port_close(struct dpdk_port *p)
{
	if (p->started)
		rte_eth_dev_stop(p->id);
	if (p->configured) {
		rte_eth_dev_callback_unregister(p->id, RTE_ETH_EVENT_INTR_RMV, on_removal, p);
		rte_eth_dev_close(p->id);
	}
	for (unsigned q = 0; q < p->queues; q++)
		rte_mempool_free(p->pool[q]);
	if (p->name[0])
		pthread_mutex_destroy(&p->counting);
	*p = (struct dpdk_port){0};
}

unsigned dpdk_port_queue(const struct dpdk_port *p, const uint8_t *addresses, unsigned bytes)
{
	_Alignas(uint32_t) uint8_t key[KEY_MAX];
	uint32_t word[8], words = bytes / 2;

	fill_key(key, sizeof(key));
	memcpy(word, addresses, words * sizeof(word[0]));
	for (unsigned i = 0; i < words; i++)
		word[i] = rte_be_to_cpu_32(word[i]);
	return (rte_softrss(word, words, key) & (p->table - 1u)) % p->queues;
}

/* Drivers that read through the kernel do not count what it drops; under the lock. */
static void add_kernel_losses(struct dpdk_port *p, struct source_loss *out)
{
	for (size_t i = 0; i < p->sockets; i++)
		p->socket_drops += interface_socket_drops(p->socket[i]);
	out->dropped_kernel += p->socket_drops;
	out->dropped_interface += interface_drops(p) - p->first_dropped;
}

int dpdk_port_loss(struct dpdk_port *p, struct source_loss *out)
{
	struct rte_eth_stats stats = {0};
	int status = rte_eth_stats_get(p->id, &stats);

	*out = (struct source_loss){
		.received = stats.ipackets,
		.bytes = stats.ibytes,
		.dropped_nic = stats.imissed,
		.errors = stats.ierrors,
		.no_buffer = stats.rx_nombuf,
	};
	pthread_mutex_lock(&p->counting);
	add_kernel_losses(p, out);
	pthread_mutex_unlock(&p->counting);
	return status;
}

static void describe_link(const struct dpdk_port *p, struct source_dpdk_port *out)
{
	struct rte_eth_link link = {.link_speed = RTE_ETH_SPEED_NUM_UNKNOWN};

	if (!p->interface[0])
		rte_eth_link_get_nowait(p->id, &link);
	if (!out->up)
		snprintf(out->link, sizeof(out->link), "the link is down");
	else if (link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN)
		snprintf(out->link, sizeof(out->link), "the link is up");
	else
		snprintf(out->link, sizeof(out->link), "the link is up, %u Mbps, %s duplex",
			link.link_speed, link.link_duplex ? "full" : "half");
}

void dpdk_port_describe(struct dpdk_port *p, struct source_dpdk_port *out)
{
	*out = (struct source_dpdk_port){.queues = p->queues, .up = is_up(p)};
	snprintf(out->name, sizeof(out->name), "%s", p->name);
	snprintf(out->driver, sizeof(out->driver), "%s", p->driver);
	describe_link(p, out);
	dpdk_port_loss(p, &out->loss);
	if (p->interface[0])
		snprintf(out->loss_origin, sizeof(out->loss_origin), "%s%s of %s",
			p->sockets ? "its packet sockets, and " : "",
			strcmp(p->driver, "net_tap") == 0 ? "tx_dropped"
							  : "rx_missed and rx_fifo errors",
			p->interface);
}

static int has_gone(const struct dpdk_port *p)
{
	return atomic_load_explicit(&p->removed, memory_order_relaxed) ||
	       rte_eth_dev_is_removed(p->id) ||
	       (p->interface[0] && if_nametoindex(p->interface) != p->interface_index);
}

static void say_link(struct dpdk_port *p, int gone, char text[SOURCE_ERROR_BYTES])
{
	struct source_dpdk_port now;

	if (gone) {
		snprintf(text, SOURCE_ERROR_BYTES, "%s: the device has disappeared", p->name);
		return;
	}
	dpdk_port_describe(p, &now);
	snprintf(text, SOURCE_ERROR_BYTES, "%s: %s", p->name, now.link);
}

int dpdk_port_is_down(struct dpdk_port *p, char text[SOURCE_ERROR_BYTES])
{
	if (p->up)
		return 0;
	say_link(p, has_gone(p), text);
	return 1;
}

int dpdk_port_watch(struct dpdk_port *p, char text[SOURCE_ERROR_BYTES])
{
	int was_up = p->up, gone = has_gone(p);

	if (gone)
		atomic_store_explicit(&p->removed, 1, memory_order_relaxed);
	p->up = !gone && is_up(p);
	if (p->up == was_up)
		return 0;
	say_link(p, gone, text);
	return 1;
}
