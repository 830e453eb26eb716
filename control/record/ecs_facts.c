#include "record/ecs_facts.h"

#include <stdio.h>

#include "service.h"

struct number_name {
	unsigned number;
	const char *name;
};

static const char *name_of(const struct number_name *list, unsigned number)
{
	for (; list->name; list++)
		if (list->number == number)
			return list->name;
	return NULL;
}

static json_t *text_json(const struct facts *f, unsigned which)
{
	return f->length[which] ? json_stringn(facts_text(f, which), f->length[which]) : NULL;
}

/* The member's name in an object that is made where it is missing. NULL values add nothing. */
static void put(json_t *document, const char *object, const char *name, json_t *value)
{
	json_t *at = json_object_get(document, object);

	if (!value)
		return;
	if (!at) {
		at = json_object();
		json_object_set_new(document, object, at);
	}
	json_object_set_new(at, name, value);
}

static void put_own(json_t *document, const char *name, json_t *value)
{
	put(json_object_get(document, "portolan"), "facts", name, value);
}

/* A number by its name, or as it is. */
static json_t *number_json(const struct number_name *list, unsigned number)
{
	const char *name = name_of(list, number);
	char text[16];

	if (number == FACT_NONE)
		return NULL;
	snprintf(text, sizeof(text), "%u", number);
	return json_string(name ? name : text);
}

/* ---- TLS ---- */

const char *tls_version_text(unsigned version, int *is_ssl)
{
	static const struct number_name list[] = {{0x0002, "2.0"}, {0x0300, "3.0"}, {0x0301, "1.0"},
		{0x0302, "1.1"}, {0x0303, "1.2"}, {0x0304, "1.3"}, {0xfeff, "1.0"}, {0xfefd, "1.2"},
		{0xfefc, "1.3"}, {0x0100, "1.0"}, {0, NULL}};

	*is_ssl = version <= 0x0300 && version != 0x0100;
	return name_of(list, version);
}

unsigned tls_version_of(const struct facts *f)
{
	return f->number[1] != FACT_NONE ? f->number[1] : f->number[0];
}

static void add_tls(const struct record *r, json_t *document)
{
	int is_ssl;
	const char *version = tls_version_text(tls_version_of(&r->facts), &is_ssl);
	json_t *name = text_json(&r->facts, 0);

	put(document, "tls", "next_protocol", text_json(&r->facts, 1));
	if (version) {
		put(document, "tls", "version", json_string(version));
		put(document, "tls", "version_protocol", json_string(is_ssl ? "ssl" : "tls"));
	}
	if (name)
		put(document, "tls", "client", json_pack("{s:o}", "server_name", name));
}

/* ---- the others ---- */

static void add_http(const struct record *r, json_t *document)
{
	json_t *method = text_json(&r->facts, 0);
	unsigned status = r->facts.number[1];

	if (method)
		put(document, "http", "request", json_pack("{s:o}", "method", method));
	if (status != FACT_NONE)
		put(document, "http", "response", json_pack("{s:i}", "status_code", (int)status));
	put(document, "url", "domain", text_json(&r->facts, 1));
}

static void add_dns(const struct record *r, json_t *document)
{
	static const struct number_name type[] = {{1, "A"}, {2, "NS"}, {5, "CNAME"}, {6, "SOA"},
		{10, "NULL"}, {12, "PTR"}, {15, "MX"}, {16, "TXT"}, {28, "AAAA"}, {33, "SRV"},
		{35, "NAPTR"}, {43, "DS"}, {48, "DNSKEY"}, {64, "SVCB"}, {65, "HTTPS"},
		{252, "AXFR"}, {255, "ANY"}, {0, NULL}};
	json_t *question = json_object();

	json_object_set_new(question, "name", text_json(&r->facts, 0));
	json_object_set_new(question, "type", number_json(type, r->facts.number[0]));
	put(document, "dns", "question", question);
}

static void add_ssh(const struct record *r, json_t *document)
{
	put_own(document, "ssh_client", text_json(&r->facts, 0));
	put_own(document, "ssh_server", text_json(&r->facts, 1));
}

static void add_snmp(const struct record *r, json_t *document)
{
	static const struct number_name version[] = {{0, "1"}, {1, "2c"}, {3, "3"}, {0, NULL}};

	put_own(document, "snmp_version", number_json(version, r->facts.number[0]));
}

static void add_ldap(const struct record *r, json_t *document)
{
	static const struct number_name operation[] = {{0x60, "bind"}, {0x42, "unbind"},
		{0x63, "search"}, {0x66, "modify"}, {0x68, "add"}, {0x4a, "delete"},
		{0x6c, "modify-dn"}, {0x6e, "compare"}, {0x50, "abandon"}, {0x77, "extended"},
		{0, NULL}};

	put_own(document, "ldap_operation", number_json(operation, r->facts.number[0]));
	if (r->facts.number[0] == 0x60)
		put_own(document, "ldap_simple_bind_in_clear",
			json_boolean(r->facts.flags & FACTS_CLEAR_BIND));
}

static void add_radius(const struct record *r, json_t *document)
{
	json_t *codes = json_array();

	for (unsigned i = 0; i < 2; i++)
		if (r->facts.number[i] != FACT_NONE)
			json_array_append_new(codes, json_integer(r->facts.number[i]));
	put_own(document, "radius_codes", codes);
}

void ecs_add_facts(const struct record *r, json_t *document)
{
	static const struct {
		enum service service;
		void (*add)(const struct record *, json_t *);
	} list[] = {
		{SERVICE_TLS, add_tls},
		{SERVICE_DTLS, add_tls},
		{SERVICE_HTTP, add_http},
		{SERVICE_HTTP_PROXY, add_http},
		{SERVICE_DNS, add_dns},
		{SERVICE_SSH, add_ssh},
		{SERVICE_SNMP, add_snmp},
		{SERVICE_LDAP, add_ldap},
		{SERVICE_RADIUS, add_radius},
	};

	for (size_t i = 0; r->facts.known && i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].service == r->service)
			list[i].add(r, document);
}
