/* Packets in packets: which header counts, and every kind of tunnel. */
#include "dataplane/core/match_assert.h"

#define DEVICE "10.20.0.1"
#define DEVICE6 "2001:db8:20::1"
#define PEER "198.51.100.7"
#define PEER6 "2001:db8:bad::7"
#define LEFT "192.0.2.1" /* the tunnel's ends */
#define RIGHT "192.0.2.2"
#define LEFT6 "2001:db8:ff::1"
#define RIGHT6 "2001:db8:ff::2"

enum { GRE_C = 0x8000, GRE_R = 0x4000, GRE_K = 0x2000, GRE_S = 0x1000 };

/* One device; the tunnel's right end may be one too, or a mirror's. */
struct land {
	struct inventory *inventory;
	struct prefix mirror;
};

static struct land land_open(const char *second)
{
	struct land l = {.inventory = inventory_new(2, 4, 1)};
	struct prefix p = prefix_of(DEVICE, 32), q = prefix_of(DEVICE6, 128);

	assert_int_equal(inventory_add(l.inventory, ROLE_MANAGED_DEVICE), 0);
	assert_int_equal(inventory_add(l.inventory, ROLE_MANAGED_DEVICE), 1);
	assert_int_equal(inventory_add_prefix(l.inventory, &p, 0), 0);
	assert_int_equal(inventory_add_prefix(l.inventory, &q, 0), 0);
	if (second) {
		p = prefix_of(second, 32);
		assert_int_equal(inventory_add_prefix(l.inventory, &p, 1), 0);
	}
	return l;
}

static void land_mirror(struct land *l, const char *endpoint)
{
	l->mirror = prefix_of(endpoint, strchr(endpoint, ':') ? 128 : 32);
	inventory_set_mirrors(l->inventory, &l->mirror, 1);
}

static struct reading read_in(const struct land *l, const struct frame *f)
{
	return read_as(l->inventory, f, LINK_ETHERNET, f->size);
}

/* --- frames ------------------------------------------------------------------------------- */

/* What is carried: the innermost packet, with or without Ethernet, with one VLAN tag. */
enum load { LOAD_IPV4, LOAD_IPV6, LOAD_FRAME, LOAD_TAGGED };

static void put_load(struct frame *f, enum load load)
{
	if (load == LOAD_FRAME || load == LOAD_TAGGED)
		put_ethernet(f, load == LOAD_TAGGED ? 0x8100 : 0x0800);
	if (load == LOAD_TAGGED)
		put_vlan(f, 0x2000 | 77, 0x0800);
	if (load == LOAD_IPV6)
		put_ipv6(f, DEVICE6, PEER6, IPPROTO_TCP);
	else
		put_ipv4(f, DEVICE, PEER, IPPROTO_TCP, 0);
	put_tcp(f, 40000, 443, PSH | ACK, 10);
	frame_close(f);
}

/* The lengths of the headers around, from the outside in: each reaches to the frame's end. */
static void close_outer(struct frame *f, size_t ip)
{
	f->ip = ip;
	frame_close(f);
}

static void put_outer(struct frame *f, unsigned protocol)
{
	put_ethernet(f, 0x0800);
	put_ipv4(f, LEFT, RIGHT, protocol, 0);
}

static void put_gre(struct frame *f, unsigned flags, unsigned type)
{
	put16(f, flags);
	put16(f, type);
	if (flags & (GRE_C | GRE_R))
		put32(f, 0xcccc0000);
	if (flags & GRE_K)
		put32(f, 4711);
	if (flags & GRE_S)
		put32(f, 9);
	if (flags & GRE_R) { /* one route of eight bytes, and the end */
		put32(f, 0x08000408);
		put_fill(f, 7, 8);
		put32(f, 0);
	}
}

static struct frame gre_frame(unsigned flags, unsigned type, enum load load)
{
	struct frame f = {0};

	put_outer(&f, IPPROTO_GRE);
	put_gre(&f, flags, type);
	put_load(&f, load);
	close_outer(&f, 14);
	return f;
}

static void put_udp_header(struct frame *f, unsigned port)
{
	put_udp(f, 50000, port, 0);
}

static struct frame udp_frame(unsigned port, const void *header, size_t length, enum load load)
{
	struct frame f = {0};

	put_outer(&f, IPPROTO_UDP);
	put_udp_header(&f, port);
	put_bytes(&f, header, length);
	put_load(&f, load);
	close_outer(&f, 14);
	return f;
}

/* --- what comes of them ---------------------------------------------------------------------- */

static void check_path(const struct decoded *v, enum tunnel tunnel, uint32_t id)
{
	assert_int_equal(v->encap.tunnel, tunnel);
	assert_int_equal(v->encap.tunnel_id, id);
}

/* The packet inside counts, and nothing of the one around is left in the decoded packet. */
static void check_inner(const struct frame *f, enum load load, enum tunnel tunnel, uint32_t id)
{
	struct land l = land_open(NULL);
	struct reading r = read_in(&l, f);

	if (load == LOAD_IPV6)
		check_ends(&r.view, DEVICE6, 40000, PEER6, 443);
	else
		check_ends(&r.view, DEVICE, 40000, PEER, 443);
	assert_int_equal(r.view.appliance[0], 0);
	assert_int_equal(r.view.appliance[1], APPLIANCE_NONE);
	assert_int_equal(r.view.protocol, IPPROTO_TCP);
	assert_int_equal(r.view.bytes, load == LOAD_IPV6 ? 70 : 50);
	assert_int_equal(r.view.history_bits, HISTORY_BIT(DATA));
	assert_int_equal(r.view.payload_captured, 10);
	check_path(&r.view, tunnel, id);
	free(l.inventory);
}

/* The packet around counts, as if nobody had looked into it. */
static void check_outer(const struct frame *f, unsigned protocol, unsigned port)
{
	struct land l = land_open(RIGHT);
	struct reading r = read_in(&l, f);

	check_ends(&r.view, LEFT, port ? 50000 : 0, RIGHT, port);
	assert_int_equal(r.view.appliance[0], APPLIANCE_NONE);
	assert_int_equal(r.view.appliance[1], 1);
	assert_int_equal(r.view.protocol, protocol);
	assert_int_equal(r.view.bytes, f->size - 14);
	assert_int_equal(r.view.history_bits, HISTORY_BIT(DATA));
	check_path(&r.view, TUNNEL_NONE, 0);
	free(l.inventory);
}

static void check_nobodys(const struct land *l, const struct frame *f)
{
	struct reading r = read_in(l, f);

	assert_int_equal(r.view.outcome, OUTCOME_IP);
	assert_int_equal(r.view.appliance[0], APPLIANCE_NONE);
	assert_int_equal(r.view.appliance[1], APPLIANCE_NONE);
	assert_non_null(r.view.ip); /* copies are told from here on */
}

/* Cut anywhere: the packet around is one as long as it can be read, and what is inside counts
 * as soon as it can be. */
static void check_cuts(const struct frame *f, size_t outer_header)
{
	struct land l = land_open(NULL);
	int found = 0;

	for (size_t caplen = 0; caplen <= f->size; caplen++) {
		struct reading r = read_as(l.inventory, f, LINK_ETHERNET, caplen);
		int monitored = r.view.outcome == OUTCOME_IP &&
				(r.view.appliance[0] & r.view.appliance[1]) != APPLIANCE_NONE;
		assert_int_equal(
			r.view.outcome, caplen < outer_header ? OUTCOME_TRUNCATED : OUTCOME_IP);
		assert_true(monitored >= found);
		found = monitored;
	}
	assert_true(found);
	free(l.inventory);
}

static void check_tunnel(const struct frame *f, enum load load, enum tunnel tunnel, uint32_t id,
	unsigned protocol, unsigned port)
{
	check_inner(f, load, tunnel, id);
	check_outer(f, protocol, port);
	check_cuts(f, 14 + 20 + (port ? 4 : 0));
}

/* --- GRE ------------------------------------------------------------------------------------- */

static void tunnel_gre_carries_ip_and_ethernet(void **state)
{
	static const struct {
		unsigned type;
		enum load load;
	} kind[] = {{0x0800, LOAD_IPV4}, {0x86dd, LOAD_IPV6}, {0x6558, LOAD_FRAME},
		{0x6558, LOAD_TAGGED}};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct frame f = gre_frame(0, kind[i].type, kind[i].load);
		check_tunnel(&f, kind[i].load, TUNNEL_GRE, 0, IPPROTO_GRE, 0);
	}
}

static void tunnel_gre_may_have_checksum_key_sequence_and_routes(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 16; bits++) {
		unsigned flags = bits << 12;
		struct frame f = gre_frame(flags, 0x0800, LOAD_IPV4);
		check_tunnel(&f, LOAD_IPV4, TUNNEL_GRE, flags & GRE_K ? 4711 : 0, IPPROTO_GRE, 0);
	}
}

static void tunnel_gre_carries_labels_and_tags(void **state)
{
	struct frame f = {0}, g = {0};

	(void)state;
	put_outer(&f, IPPROTO_GRE);
	put_gre(&f, 0, 0x8847);
	put32(&f, 16 << 12 | 1 << 8 | 64);
	put_load(&f, LOAD_IPV4);
	close_outer(&f, 14);
	check_inner(&f, LOAD_IPV4, TUNNEL_GRE, 0);
	put_outer(&g, IPPROTO_GRE);
	put_gre(&g, 0, 0x894f);
	put32(&g, 0x0fc20101); /* NSH, two words, IPv4 */
	put32(&g, 0x000000ff);
	put_load(&g, LOAD_IPV4);
	close_outer(&g, 14);
	check_inner(&g, LOAD_IPV4, TUNNEL_GRE, 0);
}

static void tunnel_pptp_carries_ppp(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 4; bits++) {
		struct frame f = {0};
		put_outer(&f, IPPROTO_GRE);
		put16(&f, 0x2001 | (bits & 1 ? 0x1000 : 0) | (bits & 2 ? 0x0080 : 0));
		put16(&f, 0x880b);
		put16(&f, 54);
		put16(&f, 321); /* the call */
		put_fill(&f, 0, (bits & 1 ? 4 : 0) + (bits & 2 ? 4 : 0));
		put32(&f, 0xff030021);
		put_load(&f, LOAD_IPV4);
		close_outer(&f, 14);
		check_tunnel(&f, LOAD_IPV4, TUNNEL_GRE, 321, IPPROTO_GRE, 0);
	}
}

/* A keepalive, another version, a type that is not looked into: payload, and no packet lost. */
static void tunnel_gre_that_is_not_understood_is_a_packet_without_ports(void **state)
{
	static const uint16_t flags[] = {0, 2, 7, 0x2001, 0},
			      type[] = {0, 0x0800, 0x0800, 0x0800, 1500};
	struct land l = land_open(NULL);

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct frame f = gre_frame(flags[i], type[i], LOAD_IPV4);
		check_outer(&f, IPPROTO_GRE, 0);
		check_nobodys(&l, &f);
	}
	free(l.inventory);
}

/* --- ERSPAN ------------------------------------------------------------------------------------
 */

static struct frame erspan(unsigned type, enum load load)
{
	struct frame f = {0};

	put_outer(&f, IPPROTO_GRE);
	put_gre(&f, type == 1 ? 0 : GRE_S, type == 3 ? 0x22eb : 0x88be);
	if (type == 2) {
		put32(&f, 0x10000000 | 77 << 16 | 0x1800 | 5);
		put32(&f, 0);
	} else if (type > 2) {
		put32(&f, 0x20000000 | 77 << 16 | 5);
		put32(&f, 0x12345678);
		put16(&f, 0);
		put16(&f, (load == LOAD_IPV4 ? 2u << 10 : 0) | (type == 4 ? 1 : 0));
		put_fill(&f, 0, type == 4 ? 8 : 0);
	}
	put_load(&f, load);
	close_outer(&f, 14);
	if (type == 4)
		set16(&f, 14 + 20 + 2, 0x22eb);
	return f;
}

static void check_erspan(const struct frame *f, enum load load, uint32_t session, unsigned numbered)
{
	struct land l = land_open(NULL);
	struct reading r = read_in(&l, f);

	check_ends(&r.view, DEVICE, 40000, PEER, 443);
	assert_int_not_equal(r.view.foreign_tunnel, 0); /* nobody said that it is our mirror's */
	check_path(&r.view, TUNNEL_ERSPAN, session);
	assert_int_equal(r.view.encap.vlan[0], load == LOAD_TAGGED || session ? 77 : 0);
	assert_int_equal(r.view.encap.vlan[1], 0);
	assert_int_equal(r.view.is_numbered, numbered);
	if (numbered) {
		assert_int_equal(r.view.mirrored.sequence, 9);
		assert_int_equal(r.view.mirrored.session, session);
		check_address(&r.view.mirrored.source, LEFT);
	}
	free(l.inventory);
}

/* But for an appliance's: one that sends or takes ERSPAN is a finding. */
static void tunnel_erspan_is_a_mirrors_transport(void **state)
{
	(void)state;
	for (unsigned type = 1; type <= 4; type++) {
		struct frame f = erspan(type, LOAD_FRAME), tagged = erspan(type, LOAD_TAGGED);
		check_outer(&f, IPPROTO_GRE, 0);
		check_erspan(&f, LOAD_FRAME, type > 1 ? 5 : 0, type > 1);
		check_erspan(&tagged, LOAD_TAGGED, type > 1 ? 5 : 0, type > 1);
	}
}

static void tunnel_erspan3_carries_ip_without_ethernet_too(void **state)
{
	struct frame f = erspan(3, LOAD_IPV4), g = erspan(4, LOAD_IPV4);

	(void)state;
	check_erspan(&f, LOAD_IPV4, 5, 1);
	check_erspan(&g, LOAD_IPV4, 5, 1);
}

/* The mirrored frame is what was seen: what it is, the packet is. */
static void tunnel_erspan_with_no_ip_in_it_is_no_ip(void **state)
{
	struct land l = land_open(NULL);
	struct frame f = {0};

	(void)state;
	put_outer(&f, IPPROTO_GRE);
	put_gre(&f, 0, 0x88be);
	put_ethernet(&f, 0x0806);
	put_fill(&f, 0, 28);
	close_outer(&f, 14);
	assert_int_equal(read_in(&l, &f).view.outcome, OUTCOME_NON_IP);
	for (size_t caplen = 14 + 20 + 4; caplen < 14 + 20 + 4 + 14; caplen++)
		assert_int_equal(read_as(l.inventory, &f, LINK_ETHERNET, caplen).view.outcome,
			OUTCOME_TRUNCATED);
	free(l.inventory);
}

static void tunnel_erspan_of_another_version_is_gre(void **state)
{
	struct frame f = erspan(2, LOAD_FRAME), g = erspan(3, LOAD_FRAME);

	(void)state;
	f.byte[14 + 20 + 8] = 0x30;
	g.byte[14 + 20 + 8] = 0x30;
	check_outer(&f, IPPROTO_GRE, 0);
	check_outer(&g, IPPROTO_GRE, 0);
}

/* --- over UDP ------------------------------------------------------------------------------------
 */

static void tunnel_vxlan_carries_ethernet(void **state)
{
	static const uint8_t header[8] = {0x08, 0, 0, 0, 0, 0x30, 0x39, 0};
	static const unsigned port[] = {4789, 8472};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct frame f = udp_frame(port[i], header, 8, LOAD_FRAME);
		struct frame tagged = udp_frame(port[i], header, 8, LOAD_TAGGED);
		check_tunnel(&f, LOAD_FRAME, TUNNEL_VXLAN, 12345, IPPROTO_UDP, port[i]);
		check_tunnel(&tagged, LOAD_TAGGED, TUNNEL_VXLAN, 12345, IPPROTO_UDP, port[i]);
	}
}

static void tunnel_vxlan_has_its_flag_and_its_port(void **state)
{
	static const uint8_t header[8] = {0x08, 0, 0, 0, 0, 0x30, 0x39, 0}, none[8] = {0};
	struct frame other = udp_frame(4788, header, 8, LOAD_FRAME),
		     flagless = udp_frame(4789, none, 8, LOAD_FRAME);
	struct land l = land_open(NULL);

	(void)state;
	check_nobodys(&l, &other);
	check_nobodys(&l, &flagless);
	check_outer(&flagless, IPPROTO_UDP, 4789);
	free(l.inventory);
}

static void tunnel_geneve_may_have_options(void **state)
{
	(void)state;
	for (unsigned words = 0; words < 64; words += 21) {
		uint8_t header[8 + 63 * 4] = {(uint8_t)words, 0, 0x65, 0x58, 0, 0x30, 0x39, 0};
		struct frame f = udp_frame(6081, header, 8 + words * 4, LOAD_FRAME), g;
		check_tunnel(&f, LOAD_FRAME, TUNNEL_GENEVE, 12345, IPPROTO_UDP, 6081);
		header[2] = 0x08;
		header[3] = 0x00;
		g = udp_frame(6081, header, 8 + words * 4, LOAD_IPV4);
		check_tunnel(&g, LOAD_IPV4, TUNNEL_GENEVE, 12345, IPPROTO_UDP, 6081);
	}
}

static void tunnel_gtp_carries_users_packets_behind_extensions(void **state)
{
	static const uint8_t plain[8] = {0x30, 255, 0, 50, 0, 0, 0x12, 0x34};
	static const uint8_t numbered[12] = {0x32, 255, 0, 54, 0, 0, 0x12, 0x34, 0, 1, 0, 0};
	static const uint8_t extended[24] = {0x34, 255, 0, 66, 0, 0, 0x12, 0x34, 0, 0, 0, 0x85, 1,
		0x10, 9, 0xc0, 2, 0, 0, 0, 0, 0, 0, 0};
	struct frame f = udp_frame(2152, plain, 8, LOAD_IPV4);
	struct frame f6 = udp_frame(2152, plain, 8, LOAD_IPV6);
	struct frame g = udp_frame(2152, numbered, 12, LOAD_IPV4);
	struct frame h = udp_frame(2152, extended, 24, LOAD_IPV4);

	(void)state;
	check_tunnel(&f, LOAD_IPV4, TUNNEL_GTP_U, 0x1234, IPPROTO_UDP, 2152);
	check_tunnel(&f6, LOAD_IPV6, TUNNEL_GTP_U, 0x1234, IPPROTO_UDP, 2152);
	check_tunnel(&g, LOAD_IPV4, TUNNEL_GTP_U, 0x1234, IPPROTO_UDP, 2152);
	check_tunnel(&h, LOAD_IPV4, TUNNEL_GTP_U, 0x1234, IPPROTO_UDP, 2152);
}

static void tunnel_gtp_signalling_is_a_packet_of_its_ends(void **state)
{
	static const uint8_t echo[12] = {0x32, 1, 0, 4, 0, 0, 0, 0, 0, 1, 0, 0};
	static const uint8_t endless[16] = {
		0x34, 255, 0, 58, 0, 0, 0, 1, 0, 0, 0, 0x85, 0, 0, 0, 0x85};
	struct frame f = udp_frame(2152, echo, 12, LOAD_IPV4),
		     g = udp_frame(2152, endless, 16, LOAD_IPV4);
	struct land l = land_open(NULL);

	(void)state;
	check_outer(&f, IPPROTO_UDP, 2152);
	check_nobodys(&l, &f);
	check_outer(&g, IPPROTO_UDP, 2152);
	check_nobodys(&l, &g);
	free(l.inventory);
}

/* --- IP in IP ----------------------------------------------------------------------------------
 */

static void tunnel_ip_carries_ip_in_all_four_pairs(void **state)
{
	(void)state;
	for (unsigned pair = 0; pair < 4; pair++) {
		enum load load = pair & 1 ? LOAD_IPV6 : LOAD_IPV4;
		unsigned protocol = pair & 1 ? IPPROTO_IPV6 : IPPROTO_IPIP;
		struct frame f = {0};
		put_ethernet(&f, pair & 2 ? 0x86dd : 0x0800);
		if (pair & 2)
			put_ipv6(&f, LEFT6, RIGHT6, protocol);
		else
			put_ipv4(&f, LEFT, RIGHT, protocol, 0);
		put_load(&f, load);
		close_outer(&f, 14);
		check_inner(&f, load, TUNNEL_IP, 0);
		check_cuts(&f, 14 + (pair & 2 ? 40 : 20));
		if (!(pair & 2))
			check_outer(&f, protocol, 0);
	}
}

static void tunnel_ip_behind_extension_headers(void **state)
{
	struct frame f = {0};

	(void)state;
	put_ethernet(&f, 0x86dd);
	put_ipv6(&f, LEFT6, RIGHT6, IPPROTO_DSTOPTS);
	put_extension(&f, IPPROTO_IPIP, 0);
	put_load(&f, LOAD_IPV4);
	close_outer(&f, 14);
	check_inner(&f, LOAD_IPV4, TUNNEL_IP, 0);
}

/* --- which one counts ---------------------------------------------------------------------------
 */

/* Two tunnels in each other: the device is at the end of the one in the middle. */
static struct frame nested(const char *middle_source)
{
	static const uint8_t vxlan[8] = {0x08, 0, 0, 0, 0, 0, 7, 0};
	struct frame f = {0};
	size_t middle;

	put_outer(&f, IPPROTO_UDP);
	put_udp_header(&f, 4789);
	put_bytes(&f, vxlan, 8);
	put_ethernet(&f, 0x0800);
	middle = f.size;
	put_ipv4(&f, middle_source, RIGHT, IPPROTO_GRE, 0);
	put_gre(&f, GRE_K, 0x0800);
	put_load(&f, LOAD_IPV4);
	close_outer(&f, middle);
	close_outer(&f, 14);
	return f;
}

static void tunnel_counts_the_outermost_header_with_an_appliance(void **state)
{
	struct frame f = nested(DEVICE), g = nested(LEFT);
	struct land l = land_open(NULL);
	struct reading r = read_in(&l, &f);

	(void)state;
	check_ends(&r.view, DEVICE, 0, RIGHT, 0);
	assert_int_equal(r.view.protocol, IPPROTO_GRE);
	check_path(&r.view, TUNNEL_VXLAN, 7);
	r = read_in(&l, &g);
	check_ends(&r.view, DEVICE, 40000, PEER, 443);
	check_path(&r.view, TUNNEL_GRE, 4711);
	free(l.inventory);
}

/* A device that mirrors: its transport is not traffic of its own. */
static void tunnel_to_a_mirror_endpoint_is_stripped(void **state)
{
	static const uint8_t header[8] = {0x08, 0, 0, 0, 0, 0x30, 0x39, 0};
	struct frame f = udp_frame(4789, header, 8, LOAD_TAGGED);
	struct land l = land_open(LEFT);
	struct reading r = read_in(&l, &f);

	(void)state;
	check_ends(&r.view, LEFT, 50000, RIGHT, 4789);
	land_mirror(&l, RIGHT);
	r = read_in(&l, &f);
	check_ends(&r.view, DEVICE, 40000, PEER, 443);
	check_path(&r.view, TUNNEL_VXLAN, 12345);
	assert_int_equal(r.view.encap.vlan[0], 77);
	assert_int_equal(r.view.is_numbered, 0);
	free(l.inventory);
}

/* Only tunnels are transport: what else is sent to the mirror's end is traffic. */
static void tunnel_endpoints_have_traffic_of_their_own(void **state)
{
	struct land l = land_open(NULL);
	struct frame f = {0};
	struct reading r;

	(void)state;
	land_mirror(&l, RIGHT);
	put_ethernet(&f, 0x0800);
	put_ipv4(&f, DEVICE, RIGHT, IPPROTO_TCP, 0);
	put_tcp(&f, 40000, 22, SYN, 0);
	frame_close(&f);
	r = read_in(&l, &f);
	check_ends(&r.view, DEVICE, 40000, RIGHT, 22);
	assert_int_equal(r.view.appliance[0], 0);
	free(l.inventory);
}

static void tunnel_of_nobody_counts_once_as_nobodys(void **state)
{
	struct frame f = gre_frame(0, 0x0800, LOAD_IPV4), broken = gre_frame(0, 0x0800, LOAD_IPV4);

	(void)state;
	check_nobodys(&(struct land){.inventory = (struct inventory *)(uintptr_t)nobody()}, &f);
	broken.byte[14 + 20 + 4] = 0x95; /* no IP header */
	check_nobodys(
		&(struct land){.inventory = (struct inventory *)(uintptr_t)nobody()}, &broken);
}

static void tunnel_depth_is_bounded(void **state)
{
	struct land l = land_open(NULL);
	struct frame f = {0};

	(void)state;
	put_ethernet(&f, 0x0800);
	for (unsigned i = 0; i < 200; i++) {
		put_ipv4(&f, LEFT, RIGHT, IPPROTO_IPIP, 0);
		set16(&f, f.ip + 2, 9000 - 20 * i);
	}
	put_load(&f, LOAD_IPV4);
	check_nobodys(&l, &f);
	free(l.inventory);
}

/* A DHCP client inside a tunnel is known by the MAC address of the frame inside. */
static void tunnel_carries_dhcp_by_hardware_address(void **state)
{
	static const uint8_t header[8] = {0x08, 0, 0, 0, 0, 0, 1, 0};
	struct land l = land_open(NULL);
	struct frame f = {0};
	struct reading r;
	size_t inner;

	(void)state;
	assert_int_equal(inventory_add_mac(l.inventory, 0x020000000002u, 0), 0);
	put_outer(&f, IPPROTO_UDP);
	put_udp_header(&f, 4789);
	put_bytes(&f, header, 8);
	put_ethernet(&f, 0x0800);
	inner = f.size;
	put_ipv4(&f, "0.0.0.0", "255.255.255.255", IPPROTO_UDP, 0);
	put_udp(&f, 68, 67, 20);
	close_outer(&f, inner);
	close_outer(&f, 14);
	r = read_in(&l, &f);
	check_ends(&r.view, "0.0.0.0", 68, "255.255.255.255", 67);
	assert_int_equal(r.view.appliance[0], 0);
	assert_int_equal(r.view.by_mac[0], 1);
	free(l.inventory);
}

/* --- VLANs
 * ---------------------------------------------------------------------------------------- */

static void path_keeps_the_first_two_tags(void **state)
{
	struct frame f = {0}, priority = {0};
	struct reading r;

	(void)state;
	put_ethernet(&f, 0x88a8);
	put_vlan(&f, 0x6000 | 100, 0x8100);
	put_vlan(&f, 200, 0x8100);
	put_vlan(&f, 300, 0x0800);
	put_load(&f, LOAD_IPV4);
	r = read_whole(&f, LINK_ETHERNET);
	assert_int_equal(r.view.encap.vlan[0], 100);
	assert_int_equal(r.view.encap.vlan[1], 200);
	put_ethernet(&priority, 0x8100);
	put_vlan(&priority, 0xe000, 0x8100);
	put_vlan(&priority, 5, 0x0800);
	put_load(&priority, LOAD_IPV4);
	r = read_whole(&priority, LINK_ETHERNET);
	assert_int_equal(r.view.encap.vlan[0], 5);
	assert_int_equal(r.view.encap.vlan[1], 0);
}

/* The makers' tags of DESIGN 5 that stand between Ethernet and IP. */
static void tags_of_switch_makers_are_read_over(void **state)
{
	static const uint8_t metadata[6] = {1, 1, 0, 1, 0, 100}, timestamp[6] = {1, 2, 3, 4, 5, 6};
	static const uint16_t type[] = {0x8909, 0x8988};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct frame f = {0};
		struct reading r;
		put_ethernet(&f, type[i]);
		put_bytes(&f, i ? timestamp : metadata, 6);
		put16(&f, 0x8100);
		put_vlan(&f, 9, 0x0800);
		put_load(&f, LOAD_IPV4);
		r = read_whole(&f, LINK_ETHERNET);
		check_ends(&r.view, DEVICE, 40000, PEER, 443);
		assert_int_equal(r.view.encap.vlan[0], 9);
	}
}

/* Good tunnels with a few bytes changed, cut anywhere: an outcome, nothing read beyond. */
static void tunnel_has_an_outcome_for_any_bytes(void **state)
{
	static const uint8_t vxlan[8] = {0x08}, geneve[12] = {1, 0, 0x65, 0x58};
	static const uint8_t gtp[16] = {0x34, 255, 0, 58, 0, 0, 0, 1, 0, 0, 0, 0x85, 1};
	struct frame good[] = {gre_frame(0xf000, 0x6558, LOAD_TAGGED), erspan(2, LOAD_FRAME),
		erspan(4, LOAD_FRAME), udp_frame(4789, vxlan, 8, LOAD_FRAME),
		udp_frame(6081, geneve, 12, LOAD_FRAME), udp_frame(2152, gtp, 16, LOAD_IPV6),
		nested(LEFT)};
	struct dice d = dice_cast(20260102);
	struct land l = land_open(NULL);

	(void)state;
	land_mirror(&l, LEFT);
	for (unsigned i = 0; i < 20000; i++) {
		struct frame f = good[dice_below(&d, 7)];
		for (unsigned n = dice_below(&d, 6); n > 0; n--)
			f.byte[14 + dice_below(&d, (unsigned)f.size - 14)] = (uint8_t)dice_next(&d);
		assert_in_range(read_as(l.inventory, &f, LINK_ETHERNET,
					dice_below(&d, (unsigned)f.size + 1))
					.view.outcome,
			OUTCOME_IP, OUTCOME_UNSUPPORTED);
	}
	free(l.inventory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tunnel_gre_carries_ip_and_ethernet),
		cmocka_unit_test(tunnel_gre_may_have_checksum_key_sequence_and_routes),
		cmocka_unit_test(tunnel_gre_carries_labels_and_tags),
		cmocka_unit_test(tunnel_pptp_carries_ppp),
		cmocka_unit_test(tunnel_gre_that_is_not_understood_is_a_packet_without_ports),
		cmocka_unit_test(tunnel_erspan_is_a_mirrors_transport),
		cmocka_unit_test(tunnel_erspan3_carries_ip_without_ethernet_too),
		cmocka_unit_test(tunnel_erspan_with_no_ip_in_it_is_no_ip),
		cmocka_unit_test(tunnel_erspan_of_another_version_is_gre),
		cmocka_unit_test(tunnel_vxlan_carries_ethernet),
		cmocka_unit_test(tunnel_vxlan_has_its_flag_and_its_port),
		cmocka_unit_test(tunnel_geneve_may_have_options),
		cmocka_unit_test(tunnel_gtp_carries_users_packets_behind_extensions),
		cmocka_unit_test(tunnel_gtp_signalling_is_a_packet_of_its_ends),
		cmocka_unit_test(tunnel_ip_carries_ip_in_all_four_pairs),
		cmocka_unit_test(tunnel_ip_behind_extension_headers),
		cmocka_unit_test(tunnel_counts_the_outermost_header_with_an_appliance),
		cmocka_unit_test(tunnel_to_a_mirror_endpoint_is_stripped),
		cmocka_unit_test(tunnel_endpoints_have_traffic_of_their_own),
		cmocka_unit_test(tunnel_of_nobody_counts_once_as_nobodys),
		cmocka_unit_test(tunnel_depth_is_bounded),
		cmocka_unit_test(tunnel_carries_dhcp_by_hardware_address),
		cmocka_unit_test(path_keeps_the_first_two_tags),
		cmocka_unit_test(tags_of_switch_makers_are_read_over),
		cmocka_unit_test(tunnel_has_an_outcome_for_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
