#include "packet/link_header.h"

#include <string.h>

const char *link_header_links(void)
{
	return "ethernet, sll, sll2, raw, null, loop or ppp";
}

void ethernet_prepend(struct frame *f, const struct hosts *hosts)
{
	uint8_t *h;

	if (f->ethertype == ETHERTYPE_TEB)
		return;
	h = frame_prepend(f, 14);
	hosts_mac(hosts, &f->to, h);
	hosts_mac(hosts, &f->from, h + 6);
	put_u16(h + 12, f->ethertype);
	f->ethertype = ETHERTYPE_TEB;
}

void tag_prepend(struct frame *f, unsigned tpid, unsigned tci)
{
	uint8_t *h = frame_prepend(f, 4);

	put_u16(h, tci);
	put_u16(h + 2, f->ethertype);
	f->ethertype = (uint16_t)tpid;
}

static bool add_ethernet(struct frame *f, const struct hosts *hosts)
{
	ethernet_prepend(f, hosts);
	return true;
}

/* https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html: sent to us, Ethernet. */
static bool add_sll(struct frame *f, const struct hosts *hosts)
{
	uint8_t *h;

	if (f->ethertype == ETHERTYPE_TEB)
		return false;
	h = frame_prepend(f, 16);
	put_u16(h + 2, 1);
	put_u16(h + 4, 6);
	hosts_mac(hosts, &f->from, h + 6);
	put_u16(h + 14, f->ethertype);
	return true;
}

/* https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html */
static bool add_sll2(struct frame *f, const struct hosts *hosts)
{
	uint8_t *h;

	if (f->ethertype == ETHERTYPE_TEB)
		return false;
	h = frame_prepend(f, 20);
	put_u16(h, f->ethertype);
	put_u32(h + 4, 2); /* interface index */
	put_u16(h + 8, 1);
	h[11] = 6;
	hosts_mac(hosts, &f->from, h + 12);
	return true;
}

static bool add_raw(struct frame *f, const struct hosts *hosts)
{
	(void)hosts;
	return f->ethertype == ETHERTYPE_IPV4 || f->ethertype == ETHERTYPE_IPV6;
}

/* The address family: AF_INET, or AF_INET6 as FreeBSD has it. */
static uint8_t family(const struct frame *f)
{
	return f->ethertype == ETHERTYPE_IPV4 ? 2 : 28;
}

static bool add_null(struct frame *f, const struct hosts *hosts)
{
	uint8_t number = family(f);

	if (!add_raw(f, hosts))
		return false;
	frame_prepend(f, 4)[0] = number;
	return true;
}

static bool add_loop(struct frame *f, const struct hosts *hosts)
{
	uint8_t number = family(f);

	if (!add_raw(f, hosts))
		return false;
	frame_prepend(f, 4)[3] = number;
	return true;
}

/* RFC 1662 address and control, then the protocol (RFC 1661). */
static bool add_ppp(struct frame *f, const struct hosts *hosts)
{
	static const struct {
		uint16_t ethertype, protocol;
	} number[] = {{ETHERTYPE_IPV4, 0x0021}, {ETHERTYPE_IPV6, 0x0057}, {0x8847, 0x0281}};

	(void)hosts;
	for (size_t i = 0; i < sizeof(number) / sizeof(*number); i++) {
		if (number[i].ethertype == f->ethertype) {
			put_u32(frame_prepend(f, 4), 0xff030000u | number[i].protocol);
			return true;
		}
	}
	return false;
}

static const struct {
	const char *name;
	bool (*prepend)(struct frame *, const struct hosts *);
} framing[] = {
	[LINK_ETHERNET] = {"ethernet", add_ethernet},
	[LINK_SLL] = {"sll", add_sll},
	[LINK_SLL2] = {"sll2", add_sll2},
	[LINK_RAW] = {"raw", add_raw},
	[LINK_NULL] = {"null", add_null},
	[LINK_LOOP] = {"loop", add_loop},
	[LINK_PPP] = {"ppp", add_ppp},
};

bool link_header_prepend(struct frame *f, enum link link, const struct hosts *hosts)
{
	return framing[link].prepend(f, hosts);
}

enum link link_header_link(const char *name)
{
	for (unsigned i = 0; i < sizeof(framing) / sizeof(framing[0]); i++) {
		if (strcmp(framing[i].name, name) == 0)
			return (enum link)i;
	}
	return LINK_UNSUPPORTED;
}
