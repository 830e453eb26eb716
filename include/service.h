/* Wire protocols by name: what a rule expects on a port and what a signature
 * recognises. A set of services is a bit mask, 1 << enum service.
 */
#ifndef PORTOLAN_SERVICE_H
#define PORTOLAN_SERVICE_H

#include <assert.h>
#include <stdint.h>

#define SERVICE_LIST(X)                                                                            \
	X(TLS, "tls")                                                                              \
	X(DTLS, "dtls")                                                                            \
	X(SSH, "ssh")                                                                              \
	X(SMTP, "smtp")                                                                            \
	X(DNS, "dns")                                                                              \
	X(DHCP, "dhcp")                                                                            \
	X(HTTP, "http")                                                                            \
	X(NTP, "ntp")                                                                              \
	X(SNMP, "snmp")                                                                            \
	X(LDAP, "ldap")                                                                            \
	X(RADIUS, "radius")                                                                        \
	X(IKE, "ike")                                                                              \
	X(ESP_IN_UDP, "esp-in-udp")                                                                \
	X(SYSLOG, "syslog")                                                                        \
	X(XMPP, "xmpp")                                                                            \
	X(ECHO, "echo")                                                                            \
	X(IPMI, "ipmi")                                                                            \
	X(DATABASE, "database")                                                                    \
	/* From here on: what hides on a port that is another's. */                                \
	X(HTTP_PROXY, "http-proxy")                                                                \
	X(QUIC, "quic")                                                                            \
	X(STUN, "stun")                                                                            \
	X(OPENVPN, "openvpn")                                                                      \
	X(WIREGUARD, "wireguard")                                                                  \
	X(BITTORRENT, "bittorrent")                                                                \
	X(RDP, "rdp")                                                                              \
	X(SMB, "smb")                                                                              \
	X(FTP, "ftp")                                                                              \
	X(TELNET, "telnet")                                                                        \
	X(VNC, "vnc")                                                                              \
	X(SOCKS, "socks")                                                                          \
	X(MYSQL, "mysql")                                                                          \
	X(POSTGRESQL, "postgresql")                                                                \
	X(REDIS, "redis")                                                                          \
	X(IRC, "irc")                                                                              \
	X(SIP, "sip")                                                                              \
	X(RTSP, "rtsp")                                                                            \
	X(IMAP, "imap")                                                                            \
	X(POP3, "pop3")                                                                            \
	/* A service's own message on a port that is not for it. */                                \
	X(NTP_CONTROL, "ntp-control")                                                              \
	X(SNMP_TRAP, "snmp-trap")                                                                  \
	X(RADIUS_ACCESS, "radius-access")                                                          \
	X(RADIUS_ACCOUNTING, "radius-accounting")

#define SERVICE_MEMBER(name, text) SERVICE_##name,
enum service { SERVICE_LIST(SERVICE_MEMBER) SERVICE_COUNT };

typedef uint64_t service_mask;
static_assert(SERVICE_COUNT <= 64, "a set of services is one word");
#define SERVICE_BIT(s) ((service_mask)1 << (s))

static inline const char *service_name(enum service s)
{
#define SERVICE_NAME(name, text) text,
	static const char *const name[] = {SERVICE_LIST(SERVICE_NAME)};
#undef SERVICE_NAME
	return name[s];
}

/* `database` is a family: whoever expects it is content with any of its members. */
static inline service_mask service_accepts(service_mask expected)
{
	const service_mask members = SERVICE_BIT(SERVICE_MYSQL) | SERVICE_BIT(SERVICE_POSTGRESQL);

	return expected & SERVICE_BIT(SERVICE_DATABASE) ? expected | members : expected;
}

#endif
