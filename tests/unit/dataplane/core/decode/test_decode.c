#include "dataplane/core/match_assert.h"

#include "core/protocol/validator.h"

#define DEVICE "10.20.0.1"
#define PEER "198.51.100.7"
#define DEVICE6 "2001:db8:20::1"
#define PEER6 "2001:db8:bad::7"

static void put_segment(struct frame *f)
{
	put_ipv4(f, DEVICE, PEER, IPPROTO_TCP, 0);
	put_tcp(f, 40000, 443, PSH | ACK, 10);
	frame_close(f);
}

static void put_segment6(struct frame *f)
{
	put_ipv6(f, DEVICE6, PEER6, IPPROTO_TCP);
	put_tcp(f, 40000, 443, PSH | ACK, 10);
	frame_close(f);
}

static void check_segment(const struct frame *f, enum link link)
{
	struct reading r = read_whole(f, link);

	check_ends(&r.view, DEVICE, 40000, PEER, 443);
	assert_int_equal(r.view.version, 4);
	assert_int_equal(r.view.protocol, IPPROTO_TCP);
	assert_int_equal(r.view.bytes, 50);
	assert_int_equal(r.view.history_bits, HISTORY_BIT(DATA));
	assert_int_equal(r.view.sequence, 0x01020305);
	assert_int_equal(r.view.payload_captured, 10);
	assert_int_equal(r.payload_at, (ptrdiff_t)f->size - 10);
}

static void check_segment6(const struct frame *f, enum link link)
{
	struct reading r = read_whole(f, link);

	check_ends(&r.view, DEVICE6, 40000, PEER6, 443);
	assert_int_equal(r.view.version, 6);
	assert_int_equal(r.view.bytes, 70);
	assert_int_equal(r.view.payload_captured, 10);
	assert_int_equal(r.view.fragment, FRAGMENT_NONE);
	assert_int_equal(r.view.pending_packets, 0);
}

/* --- link types ----------------------------------------------------------------------- */

static void decode_reads_ethernet(void **state)
{
	struct frame f = {0}, g = {0};

	(void)state;
	put_ethernet(&f, 0x0800);
	put_segment(&f);
	check_segment(&f, LINK_ETHERNET);
	put_ethernet(&g, 0x86dd);
	put_segment6(&g);
	check_segment6(&g, LINK_ETHERNET);
}

static void decode_keeps_the_source_mac_address(void **state)
{
	const uint8_t want[6] = {2, 0, 0, 0, 0, 2};
	struct frame f = {0};
	struct packet p = {.link = LINK_ETHERNET};
	struct decoded v;

	(void)state;
	put_ethernet(&f, 0x0800);
	put_segment(&f);
	p.data = f.byte;
	p.caplen = p.wirelen = (uint32_t)f.size;
	decode(&p, nobody(), &v);
	assert_non_null(v.mac);
	assert_memory_equal(v.mac, want, 6);
	/* Without a link layer there is none, whatever the scratch held before. */
	p.data += 14;
	p.caplen = p.wirelen = (uint32_t)f.size - 14;
	p.link = LINK_RAW;
	decode(&p, nobody(), &v);
	assert_null(v.mac);
}

static void put_sll(struct frame *f, unsigned device, unsigned protocol)
{
	put16(f, 0);
	put16(f, device);
	put16(f, 6);
	put_fill(f, 2, 8);
	put16(f, protocol);
}

static void put_sll2(struct frame *f, unsigned device, unsigned protocol)
{
	put16(f, protocol);
	put16(f, 0);
	put32(f, 3);
	put16(f, device);
	put8(f, 0);
	put8(f, 6);
	put_fill(f, 2, 8);
}

static void decode_reads_linux_cooked(void **state)
{
	struct frame f = {0}, g = {0}, vlan = {0}, netlink = {0};

	(void)state;
	put_sll(&f, 1, 0x0800);
	put_segment(&f);
	check_segment(&f, LINK_SLL);
	put_sll(&g, 1, 0x86dd);
	put_segment6(&g);
	check_segment6(&g, LINK_SLL);
	put_sll(&vlan, 1, 0x8100);
	put_vlan(&vlan, 7, 0x0800);
	put_segment(&vlan);
	check_segment(&vlan, LINK_SLL);
	put_sll(&netlink, 824, 0x0800);
	put_segment(&netlink);
	assert_int_equal(read_whole(&netlink, LINK_SLL).view.outcome, OUTCOME_NON_IP);
}

static void decode_reads_linux_cooked_v2(void **state)
{
	struct frame f = {0}, g = {0};

	(void)state;
	put_sll2(&f, 1, 0x0800);
	put_segment(&f);
	check_segment(&f, LINK_SLL2);
	put_sll2(&g, 1, 0x86dd);
	put_segment6(&g);
	check_segment6(&g, LINK_SLL2);
}

static void decode_reads_raw_ip_by_its_version(void **state)
{
	struct frame f = {0}, g = {0}, other = {0};

	(void)state;
	put_segment(&f);
	check_segment(&f, LINK_RAW);
	put_segment6(&g);
	check_segment6(&g, LINK_RAW);
	put_fill(&other, 0x50, 60);
	assert_int_equal(read_whole(&other, LINK_RAW).view.outcome, OUTCOME_MALFORMED);
}

static void decode_reads_loopback_families_of_every_bsd(void **state)
{
	static const uint8_t family6[] = {10, 24, 28, 30};

	(void)state;
	for (unsigned swapped = 0; swapped < 2; swapped++) {
		struct frame f = {0};
		put32(&f, swapped ? 0x02000000 : 2);
		put_segment(&f);
		check_segment(&f, LINK_NULL);
		for (size_t i = 0; i < sizeof(family6); i++) {
			struct frame g = {0};
			put32(&g, swapped ? (uint32_t)family6[i] << 24 : family6[i]);
			put_segment6(&g);
			check_segment6(&g, LINK_NULL);
		}
	}
}

static void decode_reads_loop_in_network_order_only(void **state)
{
	struct frame f = {0}, swapped = {0};

	(void)state;
	put32(&f, 2);
	put_segment(&f);
	check_segment(&f, LINK_LOOP);
	put32(&swapped, 0x02000000);
	put_segment(&swapped);
	assert_int_equal(read_whole(&swapped, LINK_LOOP).view.outcome, OUTCOME_NON_IP);
}

static void decode_reads_ppp_with_and_without_what_may_be_left_out(void **state)
{
	static const uint8_t header[][4] = {
		{0xff, 0x03, 0x00, 0x21}, {0x00, 0x21}, {0x21}, {0xff, 0x03, 0x21}};
	static const size_t length[] = {4, 2, 1, 3};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct frame f = {0};
		put_bytes(&f, header[i], length[i]);
		put_segment(&f);
		check_segment(&f, LINK_PPP);
	}
}

static void decode_refuses_link_types_that_it_does_not_know(void **state)
{
	struct frame f = {0};

	(void)state;
	put_segment(&f);
	assert_int_equal(read_whole(&f, LINK_UNSUPPORTED).view.outcome, OUTCOME_UNSUPPORTED);
}

/* --- between link and IP ---------------------------------------------------------------- */

static void decode_strips_a_stack_of_vlan_tags(void **state)
{
	static const unsigned tpid[] = {0x8100, 0x88a8, 0x9100};

	(void)state;
	for (unsigned depth = 1; depth <= 12; depth++) {
		struct frame f = {0};
		put_ethernet(&f, tpid[depth % 3]);
		for (unsigned i = depth - 1; i > 0; i--)
			put_vlan(&f, i, tpid[i % 3]);
		put_vlan(&f, 0xe123, 0x0800);
		put_segment(&f);
		check_segment(&f, LINK_ETHERNET);
	}
}

static void decode_gives_up_on_a_stack_without_end(void **state)
{
	struct frame f = {0};

	(void)state;
	put_ethernet(&f, 0x8100);
	for (unsigned i = 0; i < 2000; i++)
		put_vlan(&f, 1, 0x8100);
	assert_int_equal(read_whole(&f, LINK_ETHERNET).view.outcome, OUTCOME_MALFORMED);
}

static void decode_knows_what_is_not_ip(void **state)
{
	static const unsigned type[] = {0x0806, 0x88cc, 0x888e, 0x8847, 0x1234, 1501, 1535};

	(void)state;
	for (size_t i = 0; i < sizeof(type) / sizeof(type[0]); i++) {
		struct frame f = {0};
		put_ethernet(&f, type[i]);
		put_fill(&f, 0x45, 46);
		if (type[i] != 0x8847)
			assert_int_equal(
				read_whole(&f, LINK_ETHERNET).view.outcome, OUTCOME_NON_IP);
	}
}

static void decode_reads_ip_behind_snap_and_nothing_else_behind_llc(void **state)
{
	static const uint8_t snap[6] = {0xaa, 0xaa, 3, 0, 0, 0}, stp[3] = {0x42, 0x42, 3};
	struct frame f = {0}, g = {0};

	(void)state;
	put_ethernet(&f, 100);
	put_bytes(&f, snap, sizeof(snap));
	put16(&f, 0x0800);
	put_segment(&f);
	check_segment(&f, LINK_ETHERNET);
	put_ethernet(&g, 38);
	put_bytes(&g, stp, sizeof(stp));
	put_fill(&g, 0, 43);
	assert_int_equal(read_whole(&g, LINK_ETHERNET).view.outcome, OUTCOME_NON_IP);
}

/* --- IPv4 --------------------------------------------------------------------------------- */

static void decode_reads_ports_behind_ipv4_options(void **state)
{
	(void)state;
	for (size_t options = 0; options <= 40; options += 4) {
		struct frame f = {0};
		struct reading r;
		put_ethernet(&f, 0x0800);
		put_ipv4(&f, DEVICE, PEER, IPPROTO_UDP, options);
		put_udp(&f, 40000, 514, 30);
		frame_close(&f);
		r = read_whole(&f, LINK_ETHERNET);
		check_ends(&r.view, DEVICE, 40000, PEER, 514);
		assert_int_equal(r.view.bytes, 20 + options + 38);
		assert_int_equal(r.view.payload_captured, 30);
	}
}

static struct frame datagram_with_total(unsigned total)
{
	struct frame f = {0};

	put_ethernet(&f, 0x0800);
	put_ipv4(&f, DEVICE, PEER, IPPROTO_UDP, 0);
	put_udp(&f, 40000, 514, 30);
	set16(&f, f.ip + 2, total);
	return f;
}

static void decode_rejects_ipv4_header_longer_than_packet(void **state)
{
	struct frame f = datagram_with_total(58), g = datagram_with_total(58);

	(void)state;
	f.byte[f.ip] = 0x4f;
	set16(&f, f.ip + 2, 56);
	assert_int_equal(read_whole(&f, LINK_ETHERNET).view.outcome, OUTCOME_MALFORMED);
	/* The total length has room for it, the frame has not. */
	g.byte[g.ip] = 0x4f;
	set16(&g, g.ip + 2, 80);
	assert_int_equal(read_whole(&g, LINK_ETHERNET).view.outcome, OUTCOME_MALFORMED);
}

static void decode_rejects_ipv4_header_shorter_than_twenty_bytes(void **state)
{
	(void)state;
	for (uint8_t words = 0; words < 5; words++) {
		struct frame f = datagram_with_total(58);
		f.byte[f.ip] = (uint8_t)(0x40 | words);
		assert_int_equal(read_whole(&f, LINK_ETHERNET).view.outcome, OUTCOME_MALFORMED);
	}
}

static void decode_rejects_ipv4_total_length_smaller_than_its_header(void **state)
{
	(void)state;
	for (unsigned total = 1; total < 20; total++) {
		struct frame f = datagram_with_total(total);
		assert_int_equal(read_whole(&f, LINK_ETHERNET).view.outcome, OUTCOME_MALFORMED);
	}
}

static void decode_rejects_an_ipv4_packet_without_room_for_ports(void **state)
{
	(void)state;
	for (unsigned total = 20; total < 24; total++) {
		struct frame f = datagram_with_total(total);
		assert_int_equal(read_whole(&f, LINK_ETHERNET).view.outcome, OUTCOME_MALFORMED);
	}
}

static void decode_counts_captured_bytes_where_ipv4_total_length_is_zero(void **state)
{
	struct frame f = datagram_with_total(0);
	struct reading r = read_whole(&f, LINK_ETHERNET);

	(void)state;
	check_ends(&r.view, DEVICE, 40000, PEER, 514);
	assert_int_equal(r.view.bytes, 58);
	assert_int_equal(r.view.payload_captured, 30);
}

static void decode_keeps_an_ipv4_total_length_larger_than_the_frame(void **state)
{
	struct frame f = datagram_with_total(1400);
	struct reading r = read_whole(&f, LINK_ETHERNET);

	(void)state;
	check_ends(&r.view, DEVICE, 40000, PEER, 514);
	assert_int_equal(r.view.bytes, 1400);
	assert_int_equal(r.view.payload_captured, 30);
}

static void decode_rejects_another_version_than_the_ethertype(void **state)
{
	(void)state;
	for (uint8_t version = 0; version < 16; version++) {
		struct frame f = datagram_with_total(58), g = {0};
		f.byte[f.ip] = (uint8_t)(version << 4 | 5);
		if (version != 4)
			assert_int_equal(
				read_whole(&f, LINK_ETHERNET).view.outcome, OUTCOME_MALFORMED);
		put_ethernet(&g, 0x86dd);
		put_segment6(&g);
		g.byte[g.ip] = (uint8_t)(version << 4);
		if (version != 6)
			assert_int_equal(
				read_whole(&g, LINK_ETHERNET).view.outcome, OUTCOME_MALFORMED);
	}
}

static void decode_does_not_take_padding_for_payload(void **state)
{
	struct frame f = {0}, g = {0};
	struct reading r;

	(void)state;
	put_ethernet(&f, 0x0800);
	put_ipv4(&f, DEVICE, PEER, IPPROTO_TCP, 0);
	put_tcp(&f, 40000, 443, ACK, 0);
	frame_close(&f);
	put_fill(&f, 0xaa, 200);
	r = read_whole(&f, LINK_ETHERNET);
	check_ends(&r.view, DEVICE, 40000, PEER, 443);
	assert_int_equal(r.view.bytes, 40);
	assert_int_equal(r.view.history_bits, HISTORY_BIT(ACK));
	assert_int_equal(r.view.payload_captured, 0);
	put_ethernet(&g, 0x86dd);
	put_ipv6(&g, DEVICE6, PEER6, IPPROTO_UDP);
	put_udp(&g, 40000, 514, 4);
	frame_close(&g);
	put_fill(&g, 0xaa, 200);
	r = read_whole(&g, LINK_ETHERNET);
	assert_int_equal(r.view.bytes, 52);
	assert_int_equal(r.view.payload_captured, 4);
}

/* --- IPv6 --------------------------------------------------------------------------------- */

static void decode_walks_chains_of_extension_headers(void **state)
{
	static const uint8_t kind[] = {
		IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING, 135, 139, 140};

	(void)state;
	for (unsigned chain = 0; chain <= sizeof(kind); chain++) {
		struct frame f = {0};
		struct reading r;
		put_ethernet(&f, 0x86dd);
		put_ipv6(&f, DEVICE6, PEER6, chain > 0 ? kind[0] : IPPROTO_UDP);
		for (unsigned i = 0; i < chain; i++)
			put_extension(&f, i + 1 < chain ? kind[i + 1] : IPPROTO_UDP, i);
		put_udp(&f, 40000, 514, 12);
		frame_close(&f);
		r = read_whole(&f, LINK_ETHERNET);
		check_ends(&r.view, DEVICE6, 40000, PEER6, 514);
		assert_int_equal(r.view.protocol, IPPROTO_UDP);
		assert_int_equal(r.view.bytes, f.size - 14);
		assert_int_equal(r.view.payload_captured, 12);
	}
}

/* Nothing follows them as a rule: then they are what the packet is about, cut or not. */
static void decode_names_mobility_hip_and_shim6_by_their_numbers(void **state)
{
	static const uint8_t kind[] = {135, 139, 140};

	(void)state;
	for (unsigned i = 0; i < sizeof(kind); i++)
		for (unsigned form = 0; form < 3; form++) {
			struct frame f = {0};
			struct reading r;
			put_ethernet(&f, 0x86dd);
			put_ipv6(&f, DEVICE6, PEER6, kind[i]);
			if (form < 2)
				put_extension(&f, IPPROTO_NONE, form);
			else
				put_fill(&f, 0x3b, 4);
			frame_close(&f);
			r = read_whole(&f, LINK_ETHERNET);
			assert_int_equal(r.view.outcome, OUTCOME_IP);
			assert_int_equal(r.view.protocol, kind[i]);
		}
}

static void decode_rejects_an_extension_header_longer_than_packet(void **state)
{
	struct frame f = {0};

	(void)state;
	put_ethernet(&f, 0x86dd);
	put_ipv6(&f, DEVICE6, PEER6, IPPROTO_HOPOPTS);
	put_extension(&f, IPPROTO_UDP, 0);
	put_udp(&f, 40000, 514, 12);
	frame_close(&f);
	f.byte[f.ip + 41] = 3;
	assert_int_equal(read_whole(&f, LINK_ETHERNET).view.outcome, OUTCOME_MALFORMED);
}

static void decode_counts_captured_bytes_where_ipv6_payload_length_is_zero(void **state)
{
	struct frame f = {0}, none = {0};
	struct reading r;

	(void)state;
	put_ethernet(&f, 0x86dd);
	put_segment6(&f);
	set16(&f, f.ip + 4, 0);
	r = read_whole(&f, LINK_ETHERNET);
	check_ends(&r.view, DEVICE6, 40000, PEER6, 443);
	assert_int_equal(r.view.bytes, 70);
	/* No next header: there is nothing to count. */
	put_ethernet(&none, 0x86dd);
	put_ipv6(&none, DEVICE6, PEER6, IPPROTO_NONE);
	frame_close(&none);
	put_fill(&none, 0, 6);
	r = read_whole(&none, LINK_ETHERNET);
	assert_int_equal(r.view.outcome, OUTCOME_IP);
	assert_int_equal(r.view.bytes, 40);
}

/* --- where the payload of UDP ends ------------------------------------------------------------ */

/* Ethernet, IP of either version and UDP with these bytes, and more behind them that IP's length
 * counts and UDP's does not. */
static struct frame datagram_of(int version, const char *bytes, size_t count, size_t more)
{
	struct frame f = {0};

	put_ethernet(&f, version == 4 ? 0x0800 : 0x86dd);
	if (version == 4)
		put_ipv4(&f, DEVICE, PEER, IPPROTO_UDP, 0);
	else
		put_ipv6(&f, DEVICE6, PEER6, IPPROTO_UDP);
	put_udp(&f, 40000, 514, count);
	f.size -= count;
	put_bytes(&f, bytes, count);
	put_fill(&f, 0xa7, more);
	frame_close(&f);
	return f;
}

static validator_function *const validators[] = {
#define VALIDATOR_ENTRY(name, text, function) function,
	VALIDATOR_LIST(VALIDATOR_ENTRY)
#undef VALIDATOR_ENTRY
};

static enum match reading_by(unsigned validator, const struct frame *f, struct message_info *m)
{
	struct packet p = {.data = f->byte,
		.caplen = (uint32_t)f->size,
		.wirelen = (uint32_t)f->size,
		.link = LINK_ETHERNET};
	struct decoded v;
	struct message u = {.transport = TRANSPORT_UDP};

	decode(&p, nobody(), &v);
	assert_int_equal(v.outcome, OUTCOME_IP);
	u.bytes = v.payload;
	u.length = u.size = v.payload_captured;
	message_info_init(m);
	return validators[validator](&u, m);
}

static void bytes_behind_the_length_of_udp_change_nothing_for_any_validator(void **state)
{
	static const struct {
		const char *bytes;
		size_t count;
	} message[] = {
		{"\xe5\xa2\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03"
		 "abc\x00\x00\x01\x00\x01",
			21},
		{"\x23\x00\x06\xec\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		 "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		 "\xed\x02\xa1\xb0\xc0\x00\x00\x00",
			48},
		{"<13>Jan  1 00:00:00 a b: c", 26},
		{"\x01\x02\x00\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
			20},
		{"\x00\x01\x00\x00\x21\x12\xa4\x42\x78\x21\x80\x3a\xe7\x52\x61\xc0\x27\xa3\xa1\x81",
			20},
		{"\xff", 1},
		{"some text", 9},
		{"\x04\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		 "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
			32},
	};
	static const size_t more[] = {1, 4, 6, 24, 200};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(message) / sizeof(message[0]); i++) {
		const char *bytes = message[i / 2].bytes;
		size_t count = message[i / 2].count;
		struct frame alone = datagram_of(i % 2 ? 6 : 4, bytes, count, 0);
		for (size_t k = 0; k < sizeof(more) / sizeof(more[0]); k++) {
			struct frame with = datagram_of(i % 2 ? 6 : 4, bytes, count, more[k]);
			struct reading r = read_whole(&with, LINK_ETHERNET);
			assert_int_equal(r.view.payload_captured, count);
			for (unsigned n = 0; n < VALIDATOR_COUNT; n++) {
				struct message_info a, b;
				assert_int_equal(
					reading_by(n, &alone, &a), reading_by(n, &with, &b));
				assert_int_equal(a.said, b.said);
				assert_int_equal(a.exchange, b.exchange);
			}
		}
	}
}

/* RFC 2675 4: a jumbogram's; no datagram is shorter than its header. */
static void a_length_of_udp_that_says_nothing_bounds_nothing(void **state)
{
	struct frame f = datagram_of(6, "0123456789", 10, 0);

	(void)state;
	set16(&f, f.ip + 40 + 4, 0);
	assert_int_equal(read_whole(&f, LINK_ETHERNET).view.payload_captured, 10);
	set16(&f, f.ip + 40 + 4, 9000);
	assert_int_equal(read_whole(&f, LINK_ETHERNET).view.payload_captured, 10);
	set16(&f, f.ip + 40 + 4, 7);
	assert_int_equal(read_whole(&f, LINK_ETHERNET).view.payload_captured, 0);
}

/* --- fragments ---------------------------------------------------------------------------- */

static struct frame fragment4(unsigned offset_and_flags)
{
	struct frame f = {0};

	put_ethernet(&f, 0x0800);
	put_ipv4(&f, DEVICE, PEER, IPPROTO_UDP, 0);
	put_udp(&f, 4444, 5555, 24);
	frame_close(&f);
	set16(&f, f.ip + 6, offset_and_flags);
	return f;
}

static void decode_tells_ipv4_fragments_apart(void **state)
{
	struct frame whole = fragment4(0x4000), reserved = fragment4(0x8000),
		     first = fragment4(0x2000), later = fragment4(0x2001), last = fragment4(185);
	struct reading r;

	(void)state;
	assert_int_equal(read_whole(&whole, LINK_ETHERNET).view.fragment, FRAGMENT_NONE);
	assert_int_equal(read_whole(&reserved, LINK_ETHERNET).view.fragment, FRAGMENT_NONE);
	r = read_whole(&first, LINK_ETHERNET);
	check_ends(&r.view, DEVICE, 4444, PEER, 5555);
	assert_int_equal(r.view.fragment, FRAGMENT_FIRST);
	assert_int_equal(r.view.fragment_id, 0x1234);
	r = read_whole(&later, LINK_ETHERNET);
	check_ends(&r.view, DEVICE, 0, PEER, 0);
	assert_int_equal(r.view.fragment, FRAGMENT_LATER);
	assert_int_equal(r.view.protocol, IPPROTO_UDP);
	assert_int_equal(r.view.bytes, 52);
	assert_int_equal(r.view.payload_captured, 0);
	r = read_whole(&last, LINK_ETHERNET);
	check_ends(&r.view, DEVICE, 0, PEER, 0);
	assert_int_equal(r.view.fragment, FRAGMENT_LATER);
}

static struct frame fragment6(unsigned offset_and_more)
{
	struct frame f = {0};

	put_ethernet(&f, 0x86dd);
	put_ipv6(&f, DEVICE6, PEER6, IPPROTO_HOPOPTS);
	put_extension(&f, IPPROTO_FRAGMENT, 0);
	put_ipv6_fragment(&f, IPPROTO_UDP, offset_and_more);
	put_udp(&f, 4444, 5555, 24);
	frame_close(&f);
	return f;
}

static void decode_tells_ipv6_fragments_apart(void **state)
{
	struct frame atomic = fragment6(0), reserved = fragment6(6), first = fragment6(1),
		     later = fragment6(8 | 1), last = fragment6(1480);
	struct reading r = read_whole(&atomic, LINK_ETHERNET);

	(void)state;
	check_ends(&r.view, DEVICE6, 4444, PEER6, 5555);
	assert_int_equal(r.view.fragment, FRAGMENT_NONE);
	assert_int_equal(read_whole(&reserved, LINK_ETHERNET).view.fragment, FRAGMENT_NONE);
	r = read_whole(&first, LINK_ETHERNET);
	check_ends(&r.view, DEVICE6, 4444, PEER6, 5555);
	assert_int_equal(r.view.fragment, FRAGMENT_FIRST);
	assert_int_equal(r.view.fragment_id, 0xabcd1234);
	r = read_whole(&later, LINK_ETHERNET);
	check_ends(&r.view, DEVICE6, 0, PEER6, 0);
	assert_int_equal(r.view.fragment, FRAGMENT_LATER);
	assert_int_equal(r.view.fragment_id, 0xabcd1234);
	assert_int_equal(r.view.payload_captured, 0);
	r = read_whole(&last, LINK_ETHERNET);
	check_ends(&r.view, DEVICE6, 0, PEER6, 0);
	assert_int_equal(r.view.fragment, FRAGMENT_LATER);
}

static void decode_says_which_bytes_a_fragment_carries(void **state)
{
	struct frame first = fragment4(0x2000), last = fragment4(185), six = fragment6(1480 | 1);
	struct reading r = read_whole(&first, LINK_ETHERNET);

	(void)state;
	assert_int_equal(r.view.fragment_begin, 0);
	assert_int_equal(r.view.fragment_end, 32);
	r = read_whole(&last, LINK_ETHERNET);
	assert_int_equal(r.view.fragment_begin, 1480);
	assert_int_equal(r.view.fragment_end, 1512);
	r = read_whole(&six, LINK_ETHERNET);
	assert_int_equal(r.view.fragment_begin, 1480);
	assert_int_equal(r.view.fragment_end, 1512);
	/* However little of it was captured. */
	r = read_cut(&last, LINK_ETHERNET, 14 + 20);
	assert_int_equal(r.view.fragment_end, 1512);
}

/* RFC 1858: what is about ends before it is said. Not so what was cut by the capture. */
static void decode_knows_a_first_fragment_without_the_whole_header(void **state)
{
	(void)state;
	for (unsigned length = 0; length <= 20; length++) {
		struct frame f = {0};
		struct reading r;
		put_ethernet(&f, 0x0800);
		put_ipv4(&f, DEVICE, PEER, IPPROTO_TCP, 0);
		put_tcp(&f, 40000, 443, SYN, 100);
		set16(&f, f.ip + 2, 20 + length);
		set16(&f, f.ip + 6, 0x2000);
		r = read_whole(&f, LINK_ETHERNET);
		assert_int_equal(r.view.outcome, OUTCOME_IP);
		assert_int_equal(r.view.fragment, length < 16 ? FRAGMENT_TINY : FRAGMENT_FIRST);
		set16(&f, f.ip + 2, 20 + 120);
		r = read_cut(&f, LINK_ETHERNET, 14 + 20 + length);
		assert_int_equal(r.view.outcome, length < 4 ? OUTCOME_TRUNCATED : OUTCOME_IP);
		assert_int_equal(r.view.fragment, FRAGMENT_FIRST);
	}
}

/* --- TCP, UDP and others --------------------------------------------------------------------- */

static struct frame segment(unsigned flags, size_t payload)
{
	struct frame f = {0};

	put_ethernet(&f, 0x0800);
	put_ipv4(&f, DEVICE, PEER, IPPROTO_TCP, 0);
	put_tcp(&f, 40000, 443, flags, payload);
	frame_close(&f);
	return f;
}

static void decode_spells_tcp_flags_in_letters(void **state)
{
	static const struct {
		unsigned flags, payload, history_bits;
	} want[] = {
		{SYN, 0, HISTORY_BIT(SYN)},
		{SYN | ACK, 0, HISTORY_BIT(SYN_ACK)},
		{ACK, 0, HISTORY_BIT(ACK)},
		{ACK | PSH, 10, HISTORY_BIT(DATA)},
		{FIN | ACK, 0, HISTORY_BIT(FIN)},
		{FIN | ACK, 10, HISTORY_BIT(FIN) | HISTORY_BIT(DATA)},
		{RST, 0, HISTORY_BIT(RST)},
		{RST | ACK, 0, HISTORY_BIT(RST)},
		{SYN, 10, HISTORY_BIT(SYN) | HISTORY_BIT(DATA)},
		{SYN | FIN, 0, HISTORY_BIT(SYN) | HISTORY_BIT(MULTI)},
		{SYN | RST, 0, HISTORY_BIT(RST) | HISTORY_BIT(MULTI)},
		{SYN | 0xc0, 0, HISTORY_BIT(SYN)}, /* ECN set-up, RFC 3168 section 6.1.1 */
		{SYN | ACK | 0x40, 0, HISTORY_BIT(SYN_ACK)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct frame f = segment(want[i].flags, want[i].payload);
		assert_int_equal(
			read_whole(&f, LINK_ETHERNET).view.history_bits, want[i].history_bits);
	}
}

/* The header says how much data there was, whatever the snap length. */
static void decode_sees_data_that_was_not_captured(void **state)
{
	struct frame f = segment(ACK | PSH, 1000);
	struct reading r = read_cut(&f, LINK_ETHERNET, 54);

	(void)state;
	check_ends(&r.view, DEVICE, 40000, PEER, 443);
	assert_int_equal(r.view.bytes, 1040);
	assert_int_equal(r.view.payload_captured, 0);
	assert_int_equal(r.view.history_bits, HISTORY_BIT(DATA));
}

static void decode_survives_every_tcp_header_length(void **state)
{
	(void)state;
	for (unsigned words = 0; words < 16; words++) {
		struct frame f = segment(ACK | PSH, 30);
		struct reading r;
		f.byte[14 + 20 + 12] = (uint8_t)(words << 4);
		r = read_whole(&f, LINK_ETHERNET);
		check_ends(&r.view, DEVICE, 40000, PEER, 443);
		if (words >= 5 && words * 4 < 50)
			assert_int_equal(r.view.payload_captured, 50 - words * 4);
		else
			assert_int_equal(r.view.payload_captured, 0);
	}
}

static void decode_gives_no_ports_to_other_protocols(void **state)
{
	static const uint8_t protocol[] = {1, 2, 47, 50, 51, 89, 103, 112, 115, 132, 253, 255};

	(void)state;
	for (size_t i = 0; i < sizeof(protocol); i++) {
		struct frame f = {0};
		struct reading r;
		put_ethernet(&f, 0x0800);
		put_ipv4(&f, DEVICE, PEER, protocol[i], 0);
		put_udp(&f, 4444, 5555, 24);
		frame_close(&f);
		r = read_whole(&f, LINK_ETHERNET);
		check_ends(&r.view, DEVICE, 0, PEER, 0);
		assert_int_equal(r.view.protocol, protocol[i]);
		assert_int_equal(r.view.history_bits, HISTORY_BIT(DATA));
	}
}

/* --- any bytes ---------------------------------------------------------------------------------
 */

/* Cut anywhere, a good packet is the same packet or truncated, and once it can be read it
 * can be read with more of it. */
static void check_every_cut(const struct frame *f, enum link link)
{
	struct reading whole = read_whole(f, link);
	int readable = 0;

	assert_int_equal(whole.view.outcome, OUTCOME_IP);
	for (size_t caplen = 0; caplen <= f->size; caplen++) {
		struct reading r = read_cut(f, link, caplen);
		if (r.view.outcome != OUTCOME_IP) {
			assert_int_equal(r.view.outcome, OUTCOME_TRUNCATED);
			assert_false(readable);
			continue;
		}
		readable = 1;
		assert_memory_equal(&r.view.source, &whole.view.source, 16);
		assert_memory_equal(&r.view.destination, &whole.view.destination, 16);
		assert_int_equal(r.view.source_port, whole.view.source_port);
		assert_int_equal(r.view.destination_port, whole.view.destination_port);
		assert_int_equal(r.view.protocol, whole.view.protocol);
		assert_int_equal(r.view.fragment, whole.view.fragment);
		assert_int_equal(r.view.bytes, whole.view.bytes);
	}
}

static void decode_reads_nothing_past_the_captured_bytes(void **state)
{
	struct frame tagged = {0}, options = {0}, chain = {0}, sll = {0}, sll2 = {0},
		     later4 = fragment4(185), later6 = fragment6(1480), first6 = fragment6(1),
		     null = {0}, raw = {0};

	(void)state;
	put_ethernet(&tagged, 0x88a8);
	put_vlan(&tagged, 1, 0x8100);
	put_vlan(&tagged, 2, 0x0800);
	put_segment(&tagged);
	check_every_cut(&tagged, LINK_ETHERNET);
	put_ethernet(&options, 0x0800);
	put_ipv4(&options, DEVICE, PEER, IPPROTO_UDP, 40);
	put_udp(&options, 1, 2, 3);
	frame_close(&options);
	put_fill(&options, 0, 7);
	check_every_cut(&options, LINK_ETHERNET);
	put_ethernet(&chain, 0x86dd);
	put_ipv6(&chain, DEVICE6, PEER6, IPPROTO_HOPOPTS);
	put_extension(&chain, IPPROTO_ROUTING, 2);
	put_extension(&chain, IPPROTO_DSTOPTS, 0);
	put_extension(&chain, IPPROTO_TCP, 1);
	put_tcp(&chain, 1, 2, SYN, 9);
	frame_close(&chain);
	check_every_cut(&chain, LINK_ETHERNET);
	put_sll(&sll, 1, 0x0800);
	put_segment(&sll);
	check_every_cut(&sll, LINK_SLL);
	put_sll2(&sll2, 1, 0x86dd);
	put_segment6(&sll2);
	check_every_cut(&sll2, LINK_SLL2);
	put32(&null, 0x02000000);
	put_segment(&null);
	check_every_cut(&null, LINK_NULL);
	put_segment6(&raw);
	check_every_cut(&raw, LINK_RAW);
	check_every_cut(&later4, LINK_ETHERNET);
	check_every_cut(&later6, LINK_ETHERNET);
	check_every_cut(&first6, LINK_ETHERNET);
}

static void decode_calls_a_link_header_that_was_cut_truncated(void **state)
{
	static const uint8_t snap_header[6] = {0xaa, 0xaa, 3, 0, 0, 0};
	struct frame ppp = {0}, snap = {0};

	(void)state;
	put_ethernet(&snap, 200);
	put_bytes(&snap, snap_header, 6);
	put16(&snap, 0x0800);
	put_segment(&snap);
	check_every_cut(&snap, LINK_ETHERNET);
	put32(&ppp, 0xff030021);
	put_segment(&ppp);
	check_every_cut(&ppp, LINK_PPP);
}

/* A good packet with a few bytes changed, cut anywhere: an outcome, and nothing read beyond. */
static void decode_has_an_outcome_for_any_bytes(void **state)
{
	struct dice d = dice_cast(20260101);
	struct frame good[] = {fragment4(0), fragment6(1), segment(ACK, 20), fragment6(0)};

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		struct frame f = good[dice_below(&d, 4)];
		for (unsigned n = dice_below(&d, 6); n > 0; n--)
			f.byte[dice_below(&d, (unsigned)f.size)] = (uint8_t)dice_next(&d);
		assert_in_range(read_cut(&f, (enum link)dice_below(&d, LINK_UNSUPPORTED + 1),
					dice_below(&d, (unsigned)f.size + 1))
					.view.outcome,
			OUTCOME_IP, OUTCOME_UNSUPPORTED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode_reads_ethernet),
		cmocka_unit_test(decode_keeps_the_source_mac_address),
		cmocka_unit_test(decode_reads_linux_cooked),
		cmocka_unit_test(decode_reads_linux_cooked_v2),
		cmocka_unit_test(decode_reads_raw_ip_by_its_version),
		cmocka_unit_test(decode_reads_loopback_families_of_every_bsd),
		cmocka_unit_test(decode_reads_loop_in_network_order_only),
		cmocka_unit_test(decode_reads_ppp_with_and_without_what_may_be_left_out),
		cmocka_unit_test(decode_refuses_link_types_that_it_does_not_know),
		cmocka_unit_test(decode_strips_a_stack_of_vlan_tags),
		cmocka_unit_test(decode_gives_up_on_a_stack_without_end),
		cmocka_unit_test(decode_knows_what_is_not_ip),
		cmocka_unit_test(decode_reads_ip_behind_snap_and_nothing_else_behind_llc),
		cmocka_unit_test(decode_reads_ports_behind_ipv4_options),
		cmocka_unit_test(decode_rejects_ipv4_header_longer_than_packet),
		cmocka_unit_test(decode_rejects_ipv4_header_shorter_than_twenty_bytes),
		cmocka_unit_test(decode_rejects_ipv4_total_length_smaller_than_its_header),
		cmocka_unit_test(decode_rejects_an_ipv4_packet_without_room_for_ports),
		cmocka_unit_test(decode_counts_captured_bytes_where_ipv4_total_length_is_zero),
		cmocka_unit_test(decode_keeps_an_ipv4_total_length_larger_than_the_frame),
		cmocka_unit_test(decode_rejects_another_version_than_the_ethertype),
		cmocka_unit_test(decode_does_not_take_padding_for_payload),
		cmocka_unit_test(decode_walks_chains_of_extension_headers),
		cmocka_unit_test(decode_names_mobility_hip_and_shim6_by_their_numbers),
		cmocka_unit_test(decode_rejects_an_extension_header_longer_than_packet),
		cmocka_unit_test(decode_counts_captured_bytes_where_ipv6_payload_length_is_zero),
		cmocka_unit_test(decode_tells_ipv4_fragments_apart),
		cmocka_unit_test(decode_tells_ipv6_fragments_apart),
		cmocka_unit_test(decode_says_which_bytes_a_fragment_carries),
		cmocka_unit_test(decode_knows_a_first_fragment_without_the_whole_header),
		cmocka_unit_test(decode_spells_tcp_flags_in_letters),
		cmocka_unit_test(decode_sees_data_that_was_not_captured),
		cmocka_unit_test(decode_survives_every_tcp_header_length),
		cmocka_unit_test(decode_gives_no_ports_to_other_protocols),
		cmocka_unit_test(decode_reads_nothing_past_the_captured_bytes),
		cmocka_unit_test(decode_calls_a_link_header_that_was_cut_truncated),
		cmocka_unit_test(decode_has_an_outcome_for_any_bytes),
		cmocka_unit_test(bytes_behind_the_length_of_udp_change_nothing_for_any_validator),
		cmocka_unit_test(a_length_of_udp_that_says_nothing_bounds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
