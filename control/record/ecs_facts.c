#include "record/ecs_facts.h"

#include "record/json_writer.h"
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

static void put_text(struct buffer *b, const char *key, const struct facts *f, unsigned which)
{
	if (!f->length[which])
		return;
	json_put_key(b, key);
	json_put_text(b, facts_text(f, which), f->length[which]);
}

/* Writes a number's name, or the number if it has none. */
static void put_number(
	struct buffer *b, const char *key, const struct number_name *list, unsigned number)
{
	const char *name = name_of(list, number);

	if (number == FACT_NONE)
		return;
	json_put_key(b, key);
	if (name)
		json_put_word(b, name);
	else
		json_put_number_text(b, number);
}

/* Writes an object with one text; nothing without a text. */
static void put_text_in(struct buffer *b, const char *object, const char *key,
	const struct facts *f, unsigned which)
{
	if (!f->length[which])
		return;
	json_object_open(b, object);
	put_text(b, key, f, which);
	json_close(b, '}');
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

static void put_tls(struct buffer *b, const struct facts *f)
{
	int is_ssl;
	const char *version = tls_version_text(tls_version_of(f), &is_ssl);

	if (!version && !f->length[0] && !f->length[1])
		return;
	json_object_open(b, "tls");
	put_text(b, "next_protocol", f, 1);
	if (version) {
		json_word(b, "version", version);
		json_word(b, "version_protocol", is_ssl ? "ssl" : "tls");
	}
	put_text_in(b, "client", "server_name", f, 0);
	json_close(b, '}');
}

/* ---- the others ---- */

static void put_http(struct buffer *b, const struct facts *f)
{
	unsigned status = f->number[1];

	if (f->length[0] || status != FACT_NONE) {
		json_object_open(b, "http");
		put_text_in(b, "request", "method", f, 0);
		if (status != FACT_NONE) {
			json_object_open(b, "response");
			json_number(b, "status_code", status);
			json_close(b, '}');
		}
		json_close(b, '}');
	}
	put_text_in(b, "url", "domain", f, 1);
}

static void put_dns(struct buffer *b, const struct facts *f)
{
	static const struct number_name type[] = {{1, "A"}, {2, "NS"}, {5, "CNAME"}, {6, "SOA"},
		{10, "NULL"}, {12, "PTR"}, {15, "MX"}, {16, "TXT"}, {28, "AAAA"}, {33, "SRV"},
		{35, "NAPTR"}, {43, "DS"}, {48, "DNSKEY"}, {64, "SVCB"}, {65, "HTTPS"},
		{252, "AXFR"}, {255, "ANY"}, {0, NULL}};

	json_object_open(b, "dns");
	json_object_open(b, "question");
	put_text(b, "name", f, 0);
	put_number(b, "type", type, f->number[0]);
	json_close(b, '}');
	json_close(b, '}');
}

static void put_ssh(struct buffer *b, const struct facts *f)
{
	put_text(b, "ssh_client", f, 0);
	put_text(b, "ssh_server", f, 1);
}

static void put_snmp(struct buffer *b, const struct facts *f)
{
	static const struct number_name version[] = {{0, "1"}, {1, "2c"}, {3, "3"}, {0, NULL}};

	put_number(b, "snmp_version", version, f->number[0]);
}

static void put_ldap(struct buffer *b, const struct facts *f)
{
	static const struct number_name operation[] = {{0x60, "bind"}, {0x42, "unbind"},
		{0x63, "search"}, {0x66, "modify"}, {0x68, "add"}, {0x4a, "delete"},
		{0x6c, "modify-dn"}, {0x6e, "compare"}, {0x50, "abandon"}, {0x77, "extended"},
		{0, NULL}};

	put_number(b, "ldap_operation", operation, f->number[0]);
	if (f->number[0] != 0x60)
		return;
	json_put_key(b, "ldap_simple_bind_in_clear");
	json_put_bool(b, f->flags & FACTS_CLEAR_BIND);
}

static void put_radius(struct buffer *b, const struct facts *f)
{
	json_list_open(b, "radius_codes");
	for (unsigned i = 0; i < 2; i++)
		if (f->number[i] != FACT_NONE)
			json_put_number(b, f->number[i]);
	json_close(b, ']');
}

/* The members written for a service's facts, of the document or of `portolan`. */
static const struct {
	enum service service;
	void (*put)(struct buffer *, const struct facts *);
	bool is_own;
} list[] = {
	{SERVICE_TLS, put_tls, false},
	{SERVICE_DTLS, put_tls, false},
	{SERVICE_HTTP, put_http, false},
	{SERVICE_HTTP_PROXY, put_http, false},
	{SERVICE_DNS, put_dns, false},
	{SERVICE_SSH, put_ssh, true},
	{SERVICE_SNMP, put_snmp, true},
	{SERVICE_LDAP, put_ldap, true},
	{SERVICE_RADIUS, put_radius, true},
};

void ecs_put_facts(struct buffer *b, const struct record *r)
{
	for (size_t i = 0; r->facts.known && i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].service == r->service && !list[i].is_own)
			list[i].put(b, &r->facts);
}

/* No object if there are no facts. */
void ecs_put_own_facts(struct buffer *b, const struct record *r)
{
	size_t before = b->length, opened;

	for (size_t i = 0; r->facts.known && i < sizeof(list) / sizeof(list[0]); i++) {
		if (list[i].service != r->service || !list[i].is_own)
			continue;
		json_object_open(b, "facts");
		opened = b->length;
		list[i].put(b, &r->facts);
		if (b->length == opened)
			b->length = before;
		else
			json_close(b, '}');
	}
}
