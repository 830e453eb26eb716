/* SNMP (RFC 1157, RFC 3416) and LDAP (RFC 4511): what is written in BER */
#include "payload/message.h"

#include <string.h>

enum {
	BER_BOOLEAN = 0x01,
	BER_INTEGER = 0x02,
	BER_OCTETS = 0x04,
	BER_NULL = 0x05,
	BER_OID = 0x06,
	BER_ENUMERATED = 0x0a,
	BER_SEQUENCE = 0x30,
	SNMP_GET = 0xa0,
	SNMP_RESPONSE = 0xa2,
	SNMP_TRAP_V1 = 0xa4,
	SNMP_TRAP = 0xa7,
	SNMP_ADDRESS = 0x40,
	SNMP_TICKS = 0x43,
	LDAP_BIND = 0x60,
	LDAP_BIND_RESPONSE = 0x61,
	LDAP_SEARCH = 0x63,
	LDAP_SEARCH_DONE = 0x65,
	LDAP_EXTENDED = 0x77,
};

static const uint8_t oid_uptime[] = {0x2b, 6, 1, 2, 1, 1, 3, 0};
static const uint8_t oid_descr[] = {0x2b, 6, 1, 2, 1, 1, 1, 0};
static const uint8_t oid_trap[] = {0x2b, 6, 1, 6, 3, 1, 1, 4, 1, 0};
static const uint8_t oid_link_down[] = {0x2b, 6, 1, 6, 3, 1, 1, 5, 3};
static const uint8_t oid_enterprise[] = {0x2b, 6, 1, 4, 1, 9, 1};

static size_t begin(struct bytes *b, unsigned tag)
{
	bytes_u8(b, tag);
	return b->length;
}

/* Puts the length before what was written since begin(). */
static void end(struct bytes *b, size_t start)
{
	size_t length = b->length - start;
	uint8_t field[3] = {(uint8_t)length};
	size_t width = 1;

	if (length > 127) {
		field[0] = 0x82;
		field[1] = (uint8_t)(length >> 8);
		field[2] = (uint8_t)length;
		width = 3;
	}
	bytes_insert(b, start, field, width);
}

static void primitive(struct bytes *b, unsigned tag, const void *content, size_t length)
{
	size_t start = begin(b, tag);

	bytes_put(b, content, length);
	end(b, start);
}

static void text(struct bytes *b, unsigned tag, const char *content)
{
	primitive(b, tag, content, strlen(content));
}

static void integer(struct bytes *b, unsigned tag, unsigned value)
{
	const uint8_t octets[] = {0, (uint8_t)(value >> 8), (uint8_t)value};
	size_t skip = value < 0x80 ? 2 : value < 0x8000 ? 1 : 0;

	primitive(b, tag, octets + skip, sizeof(octets) - skip);
}

/* --- SNMP --- */

static size_t snmp_begin(struct bytes *b, const struct message *m, unsigned version)
{
	size_t start = begin(b, BER_SEQUENCE);

	integer(b, BER_INTEGER, version);
	text(b, BER_OCTETS, message_text(m, 0, "public"));
	return start;
}

static size_t pdu_begin(struct bytes *b, unsigned tag)
{
	size_t start = begin(b, tag);

	integer(b, BER_INTEGER, 0x2a17); /* request id */
	integer(b, BER_INTEGER, 0);
	integer(b, BER_INTEGER, 0);
	return start;
}

static void binding(struct bytes *b, const uint8_t *oid, size_t oid_length, unsigned tag,
	const void *value, size_t length)
{
	size_t start = begin(b, BER_SEQUENCE);

	primitive(b, BER_OID, oid, oid_length);
	primitive(b, tag, value, length);
	end(b, start);
}

static void snmp_message(struct bytes *b, const struct message *m, unsigned tag, unsigned value_tag,
	const char *value)
{
	size_t message = snmp_begin(b, m, 1), pdu = pdu_begin(b, tag);
	size_t list = begin(b, BER_SEQUENCE);

	binding(b, oid_descr, sizeof(oid_descr), value_tag, value, strlen(value));
	end(b, list);
	end(b, pdu);
	end(b, message);
}

void snmp_get(struct bytes *b, const struct message *m)
{
	snmp_message(b, m, SNMP_GET, BER_NULL, "");
}

void snmp_response(struct bytes *b, const struct message *m)
{
	snmp_message(b, m, SNMP_RESPONSE, BER_OCTETS, "Firewall Threat Defense, Version 7.6.0");
}

void snmp_trap(struct bytes *b, const struct message *m)
{
	static const uint8_t ticks[] = {0x01, 0x5f, 0x90};
	size_t message = snmp_begin(b, m, 1), pdu = pdu_begin(b, SNMP_TRAP);
	size_t list = begin(b, BER_SEQUENCE);

	binding(b, oid_uptime, sizeof(oid_uptime), SNMP_TICKS, ticks, sizeof(ticks));
	binding(b, oid_trap, sizeof(oid_trap), BER_OID, oid_link_down, sizeof(oid_link_down));
	end(b, list);
	end(b, pdu);
	end(b, message);
}

void snmp_trap_v1(struct bytes *b, const struct message *m)
{
	static const uint8_t agent[] = {10, 20, 0, 1}, ticks[] = {0x01, 0x5f, 0x90};
	size_t message = snmp_begin(b, m, 0), pdu = begin(b, SNMP_TRAP_V1), list;

	primitive(b, BER_OID, oid_enterprise, sizeof(oid_enterprise));
	primitive(b, SNMP_ADDRESS, agent, sizeof(agent));
	integer(b, BER_INTEGER, 2); /* link down */
	integer(b, BER_INTEGER, 0);
	primitive(b, SNMP_TICKS, ticks, sizeof(ticks));
	list = begin(b, BER_SEQUENCE);
	end(b, list);
	end(b, pdu);
	end(b, message);
}

/* --- LDAP --- */

static size_t ldap_begin(struct bytes *b, unsigned id)
{
	size_t start = begin(b, BER_SEQUENCE);

	integer(b, BER_INTEGER, id);
	return start;
}

void ldap_bind(struct bytes *b, const struct message *m)
{
	size_t message = ldap_begin(b, 1), bind = begin(b, LDAP_BIND);

	integer(b, BER_INTEGER, 3);
	text(b, BER_OCTETS, message_text(m, 0, "cn=fmc,ou=services,dc=example,dc=com"));
	text(b, 0x80, message_text(m, 1, "not-a-secret"));
	end(b, bind);
	end(b, message);
}

static void ldap_result(struct bytes *b, unsigned id, unsigned operation)
{
	size_t message = ldap_begin(b, id), result = begin(b, operation);

	integer(b, BER_ENUMERATED, 0);
	text(b, BER_OCTETS, "");
	text(b, BER_OCTETS, "");
	end(b, result);
	end(b, message);
}

void ldap_bind_response(struct bytes *b, const struct message *m)
{
	(void)m;
	ldap_result(b, 1, LDAP_BIND_RESPONSE);
}

void ldap_search(struct bytes *b, const struct message *m)
{
	static const uint8_t no = 0;
	size_t message = ldap_begin(b, 2), search = begin(b, LDAP_SEARCH), list;

	text(b, BER_OCTETS, message_text(m, 0, "dc=example,dc=com"));
	integer(b, BER_ENUMERATED, 2); /* whole subtree */
	integer(b, BER_ENUMERATED, 0);
	integer(b, BER_INTEGER, 100);
	integer(b, BER_INTEGER, 30);
	primitive(b, BER_BOOLEAN, &no, 1);
	text(b, 0x87, "objectClass"); /* present */
	list = begin(b, BER_SEQUENCE);
	text(b, BER_OCTETS, "sAMAccountName");
	end(b, list);
	end(b, search);
	end(b, message);
}

void ldap_search_done(struct bytes *b, const struct message *m)
{
	(void)m;
	ldap_result(b, 2, LDAP_SEARCH_DONE);
}

void ldap_starttls(struct bytes *b, const struct message *m)
{
	size_t message = ldap_begin(b, 1), extended = begin(b, LDAP_EXTENDED);

	(void)m;
	text(b, 0x80, "1.3.6.1.4.1.1466.20037");
	end(b, extended);
	end(b, message);
}
