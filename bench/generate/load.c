#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packet/ip.h"
#include "packet/link_header.h"
#include "packet/transport.h"
#include "packet/value.h"
#include "payload/payload.h"
#include "random.h"

#define CENTERS 2
#define DEVICES 64
#define START_NS (1767225600ull * 1000000000u) /* 2026-01-01T00:00:00Z */
#define SMALL 60			       /* 64 bytes on the wire, less the FCS */
#define MIDDLE 590
#define LARGE 1514
#define MESSAGE_MAX 1400

/* Rows of the seed's table, as often as they are seen: 8305 most of all. */
static const struct row {
	uint8_t weight, protocol;
	uint16_t port;
	bool is_center, is_inbound, to_appliance;
	const char *request, *reply;
} rows[] = {
	{30, PROTOCOL_TCP, 8305, false, false, true, "tls-client-hello(fmc)", "tls-server-hello"},
	{10, PROTOCOL_TCP, 8305, true, false, true, "tls-client-hello(ftd)", "tls-server-hello"},
	{10, PROTOCOL_TCP, 443, false, false, false, "tls-client-hello", "tls-server-hello"},
	{6, PROTOCOL_TCP, 443, true, true, false, "tls-client-hello(fmc)", "tls-server-hello"},
	{6, PROTOCOL_TCP, 443, false, true, false, "tls-client-hello(vpn)", "tls-server-hello"},
	{12, PROTOCOL_UDP, 514, false, false, false, "syslog", NULL},
	{8, PROTOCOL_UDP, 8514, false, false, false, "syslog", NULL},
	{4, PROTOCOL_UDP, 123, false, false, false, "ntp-client", "ntp-server"},
	{4, PROTOCOL_UDP, 53, false, false, false, "dns-query", "dns-response"},
	{2, PROTOCOL_UDP, 53, true, false, false, "dns-query", "dns-response"},
	{3, PROTOCOL_UDP, 161, false, true, false, "snmp-get", "snmp-response"},
	{1, PROTOCOL_UDP, 1812, true, false, false, "radius-access-request",
		"radius-access-accept"},
	{1, PROTOCOL_TCP, 389, true, false, false, "ldap-bind", "ldap-bind-response"},
	{1, PROTOCOL_TCP, 22, false, true, false, "ssh-banner", "ssh-server-banner"},
	{1, PROTOCOL_TCP, 80, true, false, false, "http-get", "http-response"},
	{1, PROTOCOL_TCP, 4444, false, false, false, "random(64)", "random(64)"},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

struct message_store {
	uint8_t bytes[ROWS][2][MESSAGE_MAX];
	uint16_t length[ROWS][2];
};

struct flow {
	struct endpoint end[2]; /* [0] is the initiator */
	uint32_t next[2];
	uint32_t packets;
	uint8_t row;
};

struct maker {
	const struct load *load;
	struct random_state random;
	struct hosts hosts;
	struct flow *flow;
	struct message_store *store;
	struct frame frame;
	struct ip_shape ip;
	struct capture *capture;
	uint64_t now_ns, gap_ns;
	uint16_t id;
};

/* --- hosts --- */

static struct endpoint appliance_v4(bool is_center, uint32_t i)
{
	return endpoint_v4(is_center ? 0x0a0a0005 + i % CENTERS : 0x0a140001 + i % DEVICES, 0);
}

/* 2001:db8:0:a::5 … for centers, 2001:db8:0:14::1 … for devices */
static struct endpoint appliance_v6(bool is_center, uint32_t i)
{
	struct endpoint e = {.version = 6, .address = {{0x20, 0x01, 0x0d, 0xb8}}};

	e.address.byte[7] = is_center ? 0x0a : 0x14;
	e.address.byte[15] = (uint8_t)(is_center ? 5 + i % CENTERS : 1 + i % DEVICES);
	return e;
}

static void add_appliance(struct hosts *h, bool is_center, uint32_t i)
{
	struct host *host = &h->host[h->count++];

	*host = (struct host){.role = is_center ? ROLE_MANAGEMENT_CENTER : ROLE_MANAGED_DEVICE};
	snprintf(host->name, sizeof(host->name), is_center ? "fmc-%u" : "ftd-%u", i + 1);
	host->prefix[0] = (struct prefix){appliance_v4(is_center, i).address, 4, 32};
	host->prefix[1] = (struct prefix){appliance_v6(is_center, i).address, 6, 128};
	host->prefixes = 2;
}

void load_hosts(struct hosts *h)
{
	for (uint32_t i = 0; i < CENTERS; i++)
		add_appliance(h, true, i);
	for (uint32_t i = 0; i < DEVICES; i++)
		add_appliance(h, false, i);
}

/* A host that is no appliance, a different one for each number: half of them in
 * 10.128.0.0/9, the other half in 96.0.0.0/3, as a mirror sees inside and outside. */
static struct endpoint stranger(bool is_v6, uint32_t number)
{
	uint32_t low = (uint32_t)random_mix(number) & 0xffffff; /* spread, not unique */
	uint32_t address = number & 1 ? 0x60000000 | (number >> 1 & 0x1fffffff)
				      : 0x0a800000 | (number >> 1 & 0x7fffff);
	struct endpoint e = endpoint_v4(address, 0);

	if (!is_v6)
		return e;
	e = (struct endpoint){.version = 6, .address = {{0x2a, 0x01, 0x04, 0xf8}}};
	put_u32(e.address.byte + 4, low);
	put_u32(e.address.byte + 12, number);
	return e;
}

/* --- flows --- */

static uint8_t pick_row(struct random_state *d)
{
	uint32_t sum = 0, at;

	for (size_t i = 0; i < ROWS; i++)
		sum += rows[i].weight;
	at = random_below(d, sum);
	for (size_t i = 0; i < ROWS; i++) {
		if (at < rows[i].weight)
			return (uint8_t)i;
		at -= rows[i].weight;
	}
	return 0;
}

/* The share of flow numbers below `i` that is `percent` of them, spread evenly. */
static bool is_share(uint32_t i, uint32_t percent)
{
	return (uint64_t)(i + 1) * percent / 100 != (uint64_t)i * percent / 100;
}

static struct endpoint appliance(bool is_center, bool is_v6, struct random_state *d)
{
	uint32_t i = random_below(d, CENTERS * DEVICES);

	return is_v6 ? appliance_v6(is_center, i) : appliance_v4(is_center, i);
}

/* A peer that no other flow has; between appliances its port alone tells flows apart. */
static void make_flow(struct maker *m, uint32_t number)
{
	struct flow *f = &m->flow[number];
	bool is_v6 = random_below(&m->random, 100) < m->load->ipv6_percent;
	bool monitored = is_share(number, m->load->monitored_percent);
	const struct row *row;
	struct endpoint own, peer;

	f->row = pick_row(&m->random);
	row = &rows[f->row];
	own = monitored ? appliance(row->is_center, is_v6, &m->random) : stranger(is_v6, ~number);
	peer = stranger(is_v6, number);
	if (monitored && row->to_appliance && number < 20000)
		peer = appliance(!row->is_center, is_v6, &m->random);
	f->end[row->is_inbound] = own;
	f->end[!row->is_inbound] = peer;
	f->end[0].port = (uint16_t)(row->to_appliance ? 10000 + number % 50000
						      : 1024 + random_below(&m->random, 64000));
	f->end[1].port = row->port;
	f->next[0] = (uint32_t)random_next(&m->random);
	f->next[1] = (uint32_t)random_next(&m->random);
}

/* --- packets --- */

static void emit(struct maker *m)
{
	struct frame *f = &m->frame;

	link_header_prepend(f, LINK_ETHERNET, NULL);
	frame_pad(f, ETHERNET_MIN);
	capture_add(m->capture, m->now_ns, f->head, (uint32_t)f->length, (uint32_t)f->length);
	m->now_ns += m->gap_ns / 2 + random_below(&m->random, (uint32_t)m->gap_ns + 1);
}

static void emit_ip(struct maker *m, const struct flow *f, unsigned side)
{
	ip_prepend(
		&m->frame, &f->end[side], &f->end[!side], rows[f->row].protocol, &m->ip, m->id++);
	emit(m);
}

static void emit_tcp(struct maker *m, struct flow *f, unsigned side, uint8_t flags,
	const void *payload, size_t length)
{
	struct tcp_fields t = {
		.seq = f->next[side], .window = 64240, .flags = flags, .data_offset = -1};

	if (flags & TCP_ACK)
		t.ack = f->next[!side];
	frame_start(&m->frame, payload, length);
	tcp_prepend(&m->frame, &f->end[side], &f->end[!side], &t, CHECKSUM_RIGHT);
	f->next[side] += (uint32_t)length + (flags & TCP_SYN ? 1 : 0);
	emit_ip(m, f, side);
}

static void emit_udp(
	struct maker *m, struct flow *f, unsigned side, const void *payload, size_t length)
{
	frame_start(&m->frame, payload, length);
	udp_prepend(&m->frame, &f->end[side], &f->end[!side], -1, CHECKSUM_RIGHT);
	emit_ip(m, f, side);
}

/* Bytes of payload: what fills a frame of the mix, 7:4:1 for IMIX. */
static size_t fill_length(struct maker *m, const struct flow *f)
{
	size_t headers = 14u + (f->end[0].version == 4 ? 20 : 40) +
			 (rows[f->row].protocol == PROTOCOL_TCP ? 20 : 8);
	size_t frame = SMALL;

	if (m->load->mix == 'c') {
		uint32_t at = random_below(&m->random, 12);
		frame = at < 7 ? SMALL : at < 11 ? MIDDLE : LARGE;
	}
	return frame > headers ? frame - headers : 0;
}

/* A payload that no one looks into: TLS records where they fit. */
static const uint8_t *filler(void)
{
	static const uint8_t record[LARGE] = {23, 3, 3, 2, 0};

	return record;
}

/* Of a mix with payloads every datagram is a message, and nobody answers syslog; of a stream the
 * first bytes of each side are. */
static int is_message(const struct maker *m, const struct flow *f, uint32_t number)
{
	return m->load->mix == 'c' && (number < 2 || rows[f->row].protocol == PROTOCOL_UDP);
}

static void data_packet(struct maker *m, struct flow *f, uint32_t number)
{
	const struct message_store *s = m->store;
	unsigned side = number < 2 ? number : random_below(&m->random, 2);
	const uint8_t *payload = filler();
	size_t length;

	if (m->load->mix == 'c' && !rows[f->row].reply)
		side = 0;
	if (is_message(m, f, number)) {
		payload = s->bytes[f->row][side];
		length = s->length[f->row][side];
	} else {
		length = fill_length(m, f);
	}
	if (rows[f->row].protocol == PROTOCOL_UDP)
		emit_udp(m, f, side, payload, length);
	else
		emit_tcp(m, f, side, length ? TCP_PSH | TCP_ACK : TCP_ACK, payload, length);
}

/* The flow's next packet: TCP begins with its handshake. */
static void next_packet(struct maker *m, struct flow *f)
{
	static const struct {
		uint8_t side, flags;
	} handshake[] = {{0, TCP_SYN}, {1, TCP_SYN | TCP_ACK}, {0, TCP_ACK}};
	uint32_t number = f->packets++;

	if (rows[f->row].protocol != PROTOCOL_TCP)
		data_packet(m, f, number);
	else if (number < 3)
		emit_tcp(m, f, handshake[number].side, handshake[number].flags, NULL, 0);
	else
		data_packet(m, f, number - 3);
}

static void flood_packet(struct maker *m, uint32_t number)
{
	bool is_v6 = random_below(&m->random, 100) < m->load->ipv6_percent;
	struct flow f = {.row = 0, .next = {(uint32_t)random_next(&m->random), 0}};

	f.end[0] = stranger(is_v6, (uint32_t)random_next(&m->random));
	f.end[0].port = (uint16_t)(1024 + random_below(&m->random, 64512));
	f.end[1] = stranger(is_v6, number);
	if (is_share(number, m->load->monitored_percent))
		f.end[1] = appliance(random_below(&m->random, 8) == 0, is_v6, &m->random);
	f.end[1].port = (uint16_t)(1 + random_below(&m->random, 65535));
	emit_tcp(m, &f, 0, TCP_SYN, NULL, 0);
}

/* --- openings --- */

/* Any row that is carried by it: what it says of its port is not used. */
static uint8_t row_over(uint8_t protocol)
{
	uint8_t row = 0;

	while (rows[row].protocol != protocol)
		row++;
	return row;
}

bool load_take_first(struct opening *o, char *text)
{
	char *port = strchr(text, '/'), *payload = port ? strchr(port + 1, '/') : NULL;
	struct random_state random = {0};
	uint8_t scratch[MESSAGE_MAX];
	struct bytes bytes = bytes_in(scratch, sizeof(scratch));
	uint64_t number;
	uint8_t protocol;

	if (!payload)
		return false;
	*port++ = *payload++ = '\0';
	if (strcmp(text, "tcp") == 0)
		protocol = PROTOCOL_TCP;
	else if (strcmp(text, "udp") == 0)
		protocol = PROTOCOL_UDP;
	else
		return false;
	if (!value_number(port, 65535, &number) || payload_write(&bytes, payload, &random))
		return false;
	*o = (struct opening){
		.protocol = protocol,
		.port = (uint16_t)number,
		.payload = payload,
	};
	return true;
}

static void opening_packet(struct maker *m, uint32_t number)
{
	const struct opening *o = &m->load->opening;
	bool is_v6 = random_below(&m->random, 100) < m->load->ipv6_percent;
	struct flow f = {.row = row_over(o->protocol)};
	uint8_t message[MESSAGE_MAX];
	struct bytes payload = bytes_in(message, sizeof(message));

	payload_write(&payload, o->payload, &m->random);
	f.end[0] = stranger(is_v6, number);
	f.end[0].port = (uint16_t)(1024 + random_below(&m->random, 64512));
	f.end[1] = is_share(number, m->load->monitored_percent)
			   ? appliance(false, is_v6, &m->random)
			   : stranger(is_v6, ~number);
	f.end[1].port = o->port;
	f.next[0] = f.next[1] = number;
	if (o->protocol == PROTOCOL_TCP)
		emit_tcp(m, &f, 0, TCP_PSH | TCP_ACK, message, payload.length);
	else
		emit_udp(m, &f, 0, message, payload.length);
}

/* --- the whole --- */

static void shuffle(struct random_state *d, uint32_t *order, uint64_t count)
{
	for (uint64_t i = count; i > 1; i--) {
		uint32_t j = random_below(d, (uint32_t)i), keep = order[j];
		order[j] = order[i - 1];
		order[i - 1] = keep;
	}
}

/* Every flow as often as the others, in random order among those that are alive at a time: numbers
 * of flows. */
static uint32_t *shuffled(struct random_state *d, uint32_t flows, uint32_t alive, uint64_t packets)
{
	uint32_t *order = malloc(packets * sizeof(*order));
	uint64_t each = packets < flows ? 1 : packets / flows;
	int all = alive == 0 || alive >= flows;
	uint64_t block = all ? packets : each * alive;

	for (uint64_t i = 0; order && i < packets; i++)
		order[i] = (uint32_t)((all ? i : i / each) % flows);
	for (uint64_t i = 0; order && i < packets; i += block)
		shuffle(d, order + i, packets - i < block ? packets - i : block);
	return order;
}

static void write_messages(struct maker *m)
{
	struct message_store *s = m->store;

	for (size_t i = 0; i < ROWS; i++) {
		struct bytes request = bytes_in(s->bytes[i][0], MESSAGE_MAX);
		struct bytes reply = bytes_in(s->bytes[i][1], MESSAGE_MAX);
		payload_write(&request, rows[i].request, &m->random);
		if (rows[i].reply)
			payload_write(&reply, rows[i].reply, &m->random);
		s->length[i][0] = (uint16_t)request.length;
		s->length[i][1] = (uint16_t)reply.length;
	}
}

static int write_flows(struct maker *m, uint32_t flows, uint64_t packets)
{
	uint32_t *order = shuffled(&m->random, flows, m->load->alive, packets);

	m->flow = calloc(flows, sizeof(*m->flow));
	m->store = calloc(1, sizeof(*m->store));
	if (!order || !m->flow || !m->store) {
		free(order);
		return -ENOMEM;
	}
	write_messages(m);
	for (uint32_t i = 0; i < flows; i++)
		make_flow(m, i);
	for (uint64_t i = 0; i < packets; i++)
		next_packet(m, &m->flow[order[i]]);
	free(order);
	return 0;
}

static int write_each(
	struct maker *m, uint64_t packets, void (*packet)(struct maker *, uint32_t number))
{
	for (uint64_t i = 0; i < packets; i++)
		packet(m, (uint32_t)i);
	return 0;
}

static int write_packets(struct maker *m, uint32_t flows, uint64_t packets)
{
	if (m->load->syn_flood)
		return write_each(m, packets, flood_packet);
	if (m->load->opening.payload)
		return write_each(m, packets, opening_packet);
	return write_flows(m, flows, packets);
}

static uint32_t default_flows(char mix)
{
	return mix == 'a' ? 1000 : mix == 'b' ? 1000000 : 10000;
}

int load_write(const struct load *load, const char *path, struct capture_format format)
{
	static const struct ip_shape plain = IP_SHAPE_PLAIN;
	uint64_t packets = load->packets ? load->packets : load->mix == 'b' ? 4000000 : 1000000;
	uint32_t flows = load->flows ? load->flows : default_flows(load->mix);
	struct maker *m = calloc(1, sizeof(*m));
	int error = -ENOMEM, closed;

	if (!m)
		return error;
	m->load = load;
	m->random.state = load->seed;
	m->ip = plain;
	m->now_ns = START_NS;
	m->gap_ns = load->rate ? 1000000000u / load->rate : 1000;
	error = capture_open(&m->capture, path, format, LINK_ETHERNET, 65535);
	if (!error) {
		error = write_packets(m, flows, packets);
		closed = capture_close(m->capture);
		error = error ? error : closed;
	}
	free(m->flow);
	free(m->store);
	free(m);
	return error;
}
