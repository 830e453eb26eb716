/* Wire protocols by name: what a rule expects on a port and what a signature
 * recognises. A set of services is a bit mask, 1 << enum service.
 */
#ifndef PORTOLAN_SERVICE_H
#define PORTOLAN_SERVICE_H

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
	X(DATABASE, "database")

#define SERVICE_MEMBER(name, text) SERVICE_##name,
enum service { SERVICE_LIST(SERVICE_MEMBER) SERVICE_COUNT };

typedef uint64_t service_mask;
#define SERVICE_BIT(s) ((service_mask)1 << (s))

static inline const char *service_name(enum service s)
{
#define SERVICE_NAME(name, text) text,
	static const char *const name[] = {SERVICE_LIST(SERVICE_NAME)};
#undef SERVICE_NAME
	return name[s];
}

#endif
