/* The functions behind the payload library: each writes one whole message.
 *
 * An argument that the script does not give is NULL; every message has a default.
 */
#ifndef GENERATE_MESSAGE_H
#define GENERATE_MESSAGE_H

#include <stdlib.h>

#include "payload/payload.h"

struct message {
	const char *argument[PAYLOAD_ARGUMENTS_MAX];
	struct random_state *random;
};

typedef void message_function(struct bytes *, const struct message *);

static inline const char *message_text(const struct message *m, unsigned i, const char *otherwise)
{
	return m->argument[i] ? m->argument[i] : otherwise;
}

static inline unsigned message_number(const struct message *m, unsigned i, unsigned otherwise)
{
	unsigned long n = m->argument[i] ? strtoul(m->argument[i], NULL, 0) : otherwise;

	return n > PAYLOAD_MAX ? PAYLOAD_MAX : (unsigned)n;
}

static inline void message_random(struct bytes *b, const struct message *m, size_t count)
{
	while (count-- > 0)
		bytes_u8(b, (uint8_t)(random_next(m->random) >> 56));
}

/* tls_messages.c */
message_function tls_client_hello, tls_server_hello, tls_finished, tls_data, tls_alert;
message_function dtls_client_hello;
/* dns_messages.c */
message_function dns_query, dns_response, dns_tcp_query, dns_tcp_response;
/* ber_messages.c: SNMP and LDAP */
message_function snmp_get, snmp_response, snmp_trap, snmp_trap_v1;
message_function ldap_bind, ldap_bind_response, ldap_search, ldap_search_done, ldap_starttls;
/* radius_messages.c: RADIUS */
message_function radius_access_request, radius_access_accept, radius_access_reject;
message_function radius_accounting_request, radius_accounting_response;
/* vpn_messages.c: IKEv2 and ESP */
message_function ike_sa_init, ike_sa_init_response, ike_auth, ike_auth_response, esp, esp_in_udp;
/* text_messages.c */
message_function http_get, http_put, http_connect, http_response, syslog, syslog_5424;
message_function xmpp_stream, xmpp_stream_response, ssh_kexinit;
/* ntp_messages.c: NTP */
message_function ntp_client, ntp_server;
/* misc_messages.c: what hides on a port that is another's */
message_function rdp_request, smb_negotiate, postgres_startup, stun_binding, wireguard_initiation;
message_function openvpn_reset, bittorrent_handshake, mysql_greeting;

#endif
