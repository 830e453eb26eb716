/* IP protocols by name: IANA's keywords in lower case, and the few other names that people
 * use. A number that has none is written as a number.
 */
#ifndef PORTOLAN_PROTOCOL_H
#define PORTOLAN_PROTOCOL_H

#include <netinet/in.h>
#include <stddef.h>
#include <strings.h>

#define PROTOCOL_LIST(X)                                                                           \
	X(0, "hopopt")                                                                             \
	X(1, "icmp")                                                                               \
	X(2, "igmp")                                                                               \
	X(3, "ggp")                                                                                \
	X(4, "ipv4")                                                                               \
	X(5, "st")                                                                                 \
	X(6, "tcp")                                                                                \
	X(7, "cbt")                                                                                \
	X(8, "egp")                                                                                \
	X(9, "igp")                                                                                \
	X(12, "pup")                                                                               \
	X(17, "udp")                                                                               \
	X(22, "xns-idp")                                                                           \
	X(27, "rdp")                                                                               \
	X(29, "iso-tp4")                                                                           \
	X(33, "dccp")                                                                              \
	X(41, "ipv6")                                                                              \
	X(43, "ipv6-route")                                                                        \
	X(44, "ipv6-frag")                                                                         \
	X(46, "rsvp")                                                                              \
	X(47, "gre")                                                                               \
	X(50, "esp")                                                                               \
	X(51, "ah")                                                                                \
	X(54, "narp")                                                                              \
	X(55, "min-ipv4")                                                                          \
	X(57, "skip")                                                                              \
	X(58, "ipv6-icmp")                                                                         \
	X(59, "ipv6-nonxt")                                                                        \
	X(60, "ipv6-opts")                                                                         \
	X(88, "eigrp")                                                                             \
	X(89, "ospf")                                                                              \
	X(97, "etherip")                                                                           \
	X(98, "encap")                                                                             \
	X(103, "pim")                                                                              \
	X(108, "ipcomp")                                                                           \
	X(112, "vrrp")                                                                             \
	X(115, "l2tp")                                                                             \
	X(118, "stp")                                                                              \
	X(124, "isis")                                                                             \
	X(132, "sctp")                                                                             \
	X(133, "fc")                                                                               \
	X(135, "mobility-header")                                                                  \
	X(136, "udplite")                                                                          \
	X(137, "mpls-in-ip")                                                                       \
	X(138, "manet")                                                                            \
	X(139, "hip")                                                                              \
	X(140, "shim6")                                                                            \
	X(141, "wesp")                                                                             \
	X(142, "rohc")                                                                             \
	X(143, "ethernet")

/* Other names for some of them; `ipip` is what people call 4, not IANA's 94. */
#define PROTOCOL_ALIAS_LIST(X)                                                                     \
	X(58, "icmpv6")                                                                            \
	X(58, "icmp6")                                                                             \
	X(4, "ipip")                                                                               \
	X(4, "ip-in-ip")                                                                           \
	X(89, "ospfigp")                                                                           \
	X(115, "l2tpv3")

/* NULL where the number has no name. */
static inline const char *protocol_name(unsigned number)
{
#define PROTOCOL_NAME(n, text) [n] = text,
	static const char *const name[256] = {PROTOCOL_LIST(PROTOCOL_NAME)};
#undef PROTOCOL_NAME
	return number < 256 ? name[number] : NULL;
}

/* The number of a name or an alias, in either case; -1. */
static inline int protocol_number(const char *name)
{
#define PROTOCOL_ENTRY(n, text) {n, text},
	static const struct {
		int number;
		const char *name;
	} entry[] = {PROTOCOL_LIST(PROTOCOL_ENTRY) PROTOCOL_ALIAS_LIST(PROTOCOL_ENTRY)};
#undef PROTOCOL_ENTRY
	for (size_t i = 0; i < sizeof(entry) / sizeof(entry[0]); i++) {
		if (strcasecmp(entry[i].name, name) == 0)
			return entry[i].number;
	}
	return -1;
}

/* The protocols whose ports a rule is about: TCP and UDP. */
static inline int protocol_has_ports(unsigned number)
{
	return number == IPPROTO_TCP || number == IPPROTO_UDP;
}

#endif
