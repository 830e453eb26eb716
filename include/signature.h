/* Signatures: which bytes at the beginning of what one side says speak for which service.
 *
 * Read by control from configs/signatures/, compiled once at start, read by every worker.
 * A pattern that cannot tell names a validator, which looks at the message itself.
 */
#ifndef PORTOLAN_SIGNATURE_H
#define PORTOLAN_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "service.h"
#include "verdict.h"

#define SIGNATURES_MAX 256

/* Which side of a flow sends it. */
#define SIDE_LIST(X)                                                                               \
	X(EITHER, "either")                                                                        \
	X(CLIENT, "client")                                                                        \
	X(SERVER, "server")

/* One file of the core each, in dataplane/core/protocol/. */
#define VALIDATOR_LIST(X)                                                                          \
	X(BITTORRENT, "bittorrent", validate_bittorrent)                                           \
	X(DHCP, "dhcp", validate_dhcp)                                                             \
	X(DNS, "dns", validate_dns)                                                                \
	X(DTLS, "dtls", validate_dtls)                                                             \
	X(ECHO, "echo", validate_echo)                                                             \
	X(ESP_IN_UDP, "esp-in-udp", validate_esp_in_udp)                                           \
	X(FTP, "ftp", validate_ftp)                                                                \
	X(HTTP, "http", validate_http)                                                             \
	X(HTTP_PROXY, "http-proxy", validate_http_proxy)                                           \
	X(IKE, "ike", validate_ike)                                                                \
	X(IPMI, "ipmi", validate_ipmi)                                                             \
	X(LDAP, "ldap", validate_ldap)                                                             \
	X(MYSQL, "mysql", validate_mysql)                                                          \
	X(NTP, "ntp", validate_ntp)                                                                \
	X(OPENVPN, "openvpn", validate_openvpn)                                                    \
	X(POSTGRESQL, "postgresql", validate_postgresql)                                           \
	X(QUIC, "quic", validate_quic)                                                             \
	X(RADIUS, "radius", validate_radius)                                                       \
	X(RDP, "rdp", validate_rdp)                                                                \
	X(SMB, "smb", validate_smb)                                                                \
	X(SMTP, "smtp", validate_smtp)                                                             \
	X(SNMP, "snmp", validate_snmp)                                                             \
	X(SOCKS, "socks", validate_socks)                                                          \
	X(SSH, "ssh", validate_ssh)                                                                \
	X(STUN, "stun", validate_stun)                                                             \
	X(SYSLOG, "syslog", validate_syslog)                                                       \
	X(TELNET, "telnet", validate_telnet)                                                       \
	X(TLS, "tls", validate_tls)                                                                \
	X(WIREGUARD, "wireguard", validate_wireguard)                                              \
	X(XMPP, "xmpp", validate_xmpp)

#define SIDE_MEMBER(name, text) ENUM_MEMBER(SIDE_, name),
#define VALIDATOR_MEMBER(name, text, function) ENUM_MEMBER(VALIDATOR_, name),
enum side { SIDE_LIST(SIDE_MEMBER) SIDE_COUNT };
enum validator { VALIDATOR_LIST(VALIDATOR_MEMBER) VALIDATOR_COUNT, VALIDATOR_NONE };

struct signature {
	/* Of Hyperscan's dialect; from the first byte on only with ^. NULL: too weak to name a
	 * service on another's port; the validator is asked where the service is expected. */
	const char *pattern;
	uint8_t service;
	uint8_t transport;
	uint8_t side;	   /* whose bytes it is about */
	uint8_t validator; /* or VALIDATOR_NONE: the pattern alone tells */
	uint8_t caseless;
	/* NULL, or what everything that the pattern fits begins with: only what does is looked
	 * through for the pattern. For one whose length has no bound, which costs every payload
	 * otherwise. */
	const char *beginning;
};

/* All signatures, compiled. Immutable from then on. */
struct scanner;

/* Which signature could not be compiled, and why in the library's words. */
#define SCANNER_WHY_BYTES 160
struct scanner_fault {
	size_t signature; /* its index; SIGNATURES_MAX: it is none of them */
	char why[SCANNER_WHY_BYTES];
};

size_t scanner_size(void);

/* In `memory`, scanner_size() bytes; what the library needs beyond it, it allocates itself.
 * `signature` lives longer than the scanner. 0; -EINVAL with the fault told; -ENOMEM. */
int scanner_init(struct scanner *memory, const struct signature *signature, size_t count,
	struct scanner_fault *);
void scanner_fini(struct scanner *);

/* --- a scanner that is kept ---------------------------------------------------------------
 * Compiling takes a hundred milliseconds; what came out of it may be kept as bytes. Nothing here
 * is proof against bytes that somebody made up: whoever keeps them sees to it that they are the
 * same. */

/* For each transport one that every payload is looked through for, and one for what is left. */
enum { SCANNER_PARTS = 2 * TRANSPORT_COUNT };

/* What is kept of a part's signatures; no bytes where there are none. */
struct scanner_part {
	char *bytes;
	size_t length;
};

/* Everything that decides what scanner_init() compiles, piece by piece, in the same order every
 * time: the library, what it makes of this processor, the patterns and their options. -ENOTSUP:
 * the library does not know, so nothing should be kept. */
int scanner_terms(const struct signature *, size_t count,
	void (*take)(void *context, const void *bytes, size_t length), void *context);

/* 0 or -ENOMEM; in either case the caller gives each part's bytes to free(3). */
int scanner_save(const struct scanner *, struct scanner_part part[SCANNER_PARTS]);

/* scanner_init() without compiling: from the parts of a scanner of the same terms. 0, or -EINVAL
 * and nothing to undo. */
int scanner_load(struct scanner *memory, const struct signature *, size_t count,
	const struct scanner_part part[SCANNER_PARTS]);

#endif
