#include "packet/encapsulation.h"

#include <string.h>

#include "packet/ip.h"
#include "packet/link_header.h"
#include "packet/transport.h"
#include "packet/value.h"

struct wrapping {
	struct frame *frame;
	const struct wrap *wrap;
	const struct hosts *hosts;
	const struct endpoint *from, *to;
	uint16_t id;
};

struct encapsulation_kind {
	const char *name;
	const char *arguments;
	const char *help;
	void (*prepend)(const struct wrapping *);
	bool has_ends;
	uint8_t numbers_min, numbers_max;
};

static const struct ip_shape outer = IP_SHAPE_PLAIN;

static uint32_t number(const struct wrapping *w, unsigned i, uint32_t otherwise)
{
	return i < w->wrap->numbers ? w->wrap->number[i] : otherwise;
}

static void outer_ip(const struct wrapping *w, uint8_t protocol)
{
	ip_prepend(w->frame, w->from, w->to, protocol, &outer, w->id);
}

/* The source port is taken from what is inside, as tunnel endpoints do (RFC 7348 4.1.2). */
static void outer_udp(const struct wrapping *w, uint16_t port)
{
	struct endpoint from = *w->from, to = *w->to;

	from.port = 0xc000;
	to.port = port;
	udp_prepend(w->frame, &from, &to, -1, CHECKSUM_ZERO);
	outer_ip(w, PROTOCOL_UDP);
}

static void wrap_vlan(const struct wrapping *w)
{
	for (unsigned i = w->wrap->numbers; i-- > 0;)
		tag_prepend(w->frame, 0x8100, w->wrap->number[i]);
}

static void wrap_qinq(const struct wrapping *w)
{
	tag_prepend(w->frame, 0x8100, number(w, 1, 0));
	tag_prepend(w->frame, 0x88a8, number(w, 0, 0));
}

static void wrap_tag(const struct wrapping *w)
{
	tag_prepend(w->frame, number(w, 0, 0), number(w, 1, 0));
}

/* RFC 3032: label, bottom of stack, TTL 64. */
static void wrap_mpls(const struct wrapping *w)
{
	for (unsigned i = w->wrap->numbers; i-- > 0;) {
		uint32_t bottom = i + 1u == w->wrap->numbers;
		put_u32(frame_prepend(w->frame, 4), w->wrap->number[i] << 12 | bottom << 8 | 64);
	}
	w->frame->ethertype = 0x8847;
}

/* RFC 2516 session stage, with the PPP protocol of IPv4 or IPv6. */
static void wrap_pppoe(const struct wrapping *w)
{
	struct frame *f = w->frame;
	unsigned protocol = f->ethertype == ETHERTYPE_IPV4 ? 0x0021 : 0x0057;
	uint8_t *h = frame_prepend(f, 8);

	h[0] = 0x11;
	put_u16(h + 2, number(w, 0, 1));
	put_u16(h + 4, (unsigned)f->length - 6);
	put_u16(h + 6, protocol);
	f->ethertype = 0x8864;
}

/* RFC 2784, with a key (RFC 2890) where one is given. */
static void wrap_gre(const struct wrapping *w)
{
	bool has_key = w->wrap->numbers > 0;
	uint8_t *h = frame_prepend(w->frame, has_key ? 8 : 4);

	h[0] = has_key ? 0x20 : 0;
	put_u16(h + 2, w->frame->ethertype);
	if (has_key)
		put_u32(h + 4, number(w, 0, 0));
	outer_ip(w, PROTOCOL_GRE);
}

static void wrap_gretap(const struct wrapping *w)
{
	ethernet_prepend(w->frame, w->hosts);
	wrap_gre(w);
}

/* RFC 2003, 2473, 4213: all four pairs. */
static void wrap_ipip(const struct wrapping *w)
{
	outer_ip(w, w->frame->ethertype == ETHERTYPE_IPV4 ? PROTOCOL_IPIP : PROTOCOL_IPV6);
}

/* RFC 7348 */
static void wrap_vxlan(const struct wrapping *w)
{
	uint8_t *h;

	ethernet_prepend(w->frame, w->hosts);
	h = frame_prepend(w->frame, 8);
	h[0] = 0x08;
	put_u32(h + 4, number(w, 0, 1) << 8);
	outer_udp(w, 4789);
}

/* RFC 8926, without options */
static void wrap_geneve(const struct wrapping *w)
{
	uint8_t *h;

	ethernet_prepend(w->frame, w->hosts);
	h = frame_prepend(w->frame, 8);
	put_u16(h + 2, ETHERTYPE_TEB);
	put_u32(h + 4, number(w, 0, 1) << 8);
	outer_udp(w, 6081);
}

/* 3GPP TS 29.281 5.1: version 1, G-PDU, no options */
static void wrap_gtpu(const struct wrapping *w)
{
	uint8_t *h = frame_prepend(w->frame, 8);

	h[0] = 0x30;
	h[1] = 0xff;
	put_u16(h + 2, (unsigned)w->frame->length - 8);
	put_u32(h + 4, number(w, 0, 1));
	outer_udp(w, 2152);
}

/* draft-foschiano-erspan-03 4.1: GRE without a sequence number, no ERSPAN header */
static void wrap_erspan1(const struct wrapping *w)
{
	ethernet_prepend(w->frame, w->hosts);
	put_u16(frame_prepend(w->frame, 4) + 2, 0x88be);
	outer_ip(w, PROTOCOL_GRE);
}

static void erspan_gre(const struct wrapping *w, uint16_t protocol)
{
	uint8_t *h = frame_prepend(w->frame, 8);

	h[0] = 0x10; /* a sequence number */
	put_u16(h + 2, protocol);
	w->frame->sequence = h + 4; /* numbered in the order of time, when written */
	w->frame->session = (uint16_t)(number(w, 0, 1) & 0x3ff);
	outer_ip(w, PROTOCOL_GRE);
}

/* draft-foschiano-erspan-03 4.2 */
static void wrap_erspan2(const struct wrapping *w)
{
	uint8_t *h;

	ethernet_prepend(w->frame, w->hosts);
	h = frame_prepend(w->frame, 8);
	put_u16(h, 0x1000 | (number(w, 1, 0) & 0xfff));
	put_u16(h + 2, 0x1800 | (number(w, 0, 1) & 0x3ff)); /* En 3: tag in the frame */
	erspan_gre(w, 0x88be);
}

/* draft-foschiano-erspan-03 4.3, without the platform's subheader */
static void wrap_erspan3(const struct wrapping *w)
{
	uint8_t *h;

	ethernet_prepend(w->frame, w->hosts);
	h = frame_prepend(w->frame, 12);
	put_u16(h, 0x2000 | (number(w, 1, 0) & 0xfff));
	put_u16(h + 2, number(w, 0, 1) & 0x3ff);
	erspan_gre(w, 0x22eb);
}

static const struct encapsulation_kind kinds[] = {
	{"vlan", "ID,...", "802.1Q tags, the outermost first", wrap_vlan, false, 1, 8},
	{"qinq", "OUTER,INNER", "802.1ad service tag and 802.1Q tag", wrap_qinq, false, 2, 2},
	{"tag", "TPID,TCI", "a tag of any type: tag(0x9100,7)", wrap_tag, false, 2, 2},
	{"mpls", "LABEL,...", "MPLS label stack, the outermost first", wrap_mpls, false, 1, 8},
	{"pppoe", "SESSION", "PPPoE session", wrap_pppoe, false, 0, 1},
	{"gre", "ENDS[,KEY]", "GRE", wrap_gre, true, 0, 1},
	{"gretap", "ENDS[,KEY]", "GRE with transparent Ethernet", wrap_gretap, true, 0, 1},
	{"ipip", "ENDS", "IP in IP, any versions", wrap_ipip, true, 0, 0},
	{"vxlan", "ENDS[,VNI]", "VXLAN", wrap_vxlan, true, 0, 1},
	{"geneve", "ENDS[,VNI]", "GENEVE", wrap_geneve, true, 0, 1},
	{"gtpu", "ENDS[,TEID]", "GTP-U", wrap_gtpu, true, 0, 1},
	{"erspan1", "ENDS", "ERSPAN type I", wrap_erspan1, true, 0, 0},
	{"erspan2", "ENDS[,SESSION[,VLAN]]", "ERSPAN type II", wrap_erspan2, true, 0, 2},
	{"erspan3", "ENDS[,SESSION[,VLAN]]", "ERSPAN type III", wrap_erspan3, true, 0, 2},
};

static const struct encapsulation_kind *find_kind(const char *text, size_t length)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strlen(kinds[i].name) == length && memcmp(kinds[i].name, text, length) == 0)
			return &kinds[i];
	}
	return NULL;
}

/* `A>B`, always from A to B, or `A<>B`, which turns with the packet. */
static bool parse_ends(struct wrap *w, char *text, const struct hosts *hosts)
{
	char *arrow = strchr(text, '>');
	bool has_port;

	if (!arrow)
		return false;
	*arrow = '\0';
	w->turns = arrow > text && arrow[-1] == '<';
	if (w->turns)
		arrow[-1] = '\0';
	return value_endpoint(text, hosts, &w->end[0], &has_port) &&
	       value_endpoint(arrow + 1, hosts, &w->end[1], &has_port) &&
	       w->end[0].version == w->end[1].version;
}

static const char *parse_arguments(struct wrap *w, char *text, const struct hosts *hosts)
{
	char *rest = NULL;
	char *word = strtok_r(text, ",", &rest);
	uint64_t value;

	if (w->kind->has_ends) {
		if (!word || !parse_ends(w, word, hosts))
			return "the tunnel's ends first, A>B or A<>B";
		word = strtok_r(NULL, ",", &rest);
	}
	for (; word; word = strtok_r(NULL, ",", &rest)) {
		if (w->numbers == w->kind->numbers_max || !value_number(word, UINT32_MAX, &value))
			return "a number, and no more than `help script` shows";
		w->number[w->numbers++] = (uint32_t)value;
	}
	return w->numbers < w->kind->numbers_min ? "more numbers, see `help script`" : NULL;
}

const char *encapsulation_parse(struct wrap *w, const char *text, const struct hosts *hosts)
{
	char arguments[256];
	const char *open = strchr(text, '(');
	size_t name = open ? (size_t)(open - text) : strlen(text);
	size_t length = strlen(text);

	*w = (struct wrap){.kind = find_kind(text, name)};
	if (!w->kind)
		return "an encapsulation such as vlan(7), mpls(16) or gre(192.0.2.1<>192.0.2.2)";
	if (open && (text[length - 1] != ')' || length - name >= sizeof(arguments)))
		return "a closing parenthesis";
	arguments[0] = '\0';
	if (open) {
		memcpy(arguments, open + 1, length - name - 2);
		arguments[length - name - 2] = '\0';
	}
	return parse_arguments(w, arguments, hosts);
}

void encapsulation_prepend(
	struct frame *f, const struct wrap *w, const struct hosts *hosts, bool back, uint16_t id)
{
	bool swap = back && w->turns;

	w->kind->prepend(&(struct wrapping){
		.frame = f,
		.wrap = w,
		.hosts = hosts,
		.from = &w->end[swap],
		.to = &w->end[!swap],
		.id = id,
	});
}

void encapsulation_help(FILE *out)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		fprintf(out, "  %-8s %-24s %s\n", kinds[i].name, kinds[i].arguments, kinds[i].help);
}
