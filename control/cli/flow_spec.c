#include "cli/flow_spec.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/literal.h"
#include "config/address_list.h"
#include "policy/ruleset.h"
#include "policy/site_names.h"
#include "protocol.h"

static int read_protocol(struct flow_spec *q, const char *text, char *why, size_t bytes)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || number < 0 || number > 255)
		number = protocol_number(text);
	if (number < 0) {
		snprintf(why, bytes,
			"found protocol '%s'; want tcp, udp, a name such as gre, or 0 to 255",
			text);
		return -EINVAL;
	}
	q->flow.protocol = (uint8_t)number;
	return 0;
}

static int read_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n > 65535)
		return -EINVAL;
	*port = (uint16_t)n;
	return 0;
}

/* Splits "10.0.0.1:443" or "[2001:db8::1]:443" in place; without ports all of it is the address. */
static char *split(char *text, int with_port)
{
	char *end = text[0] == '[' ? strchr(text, ']') : NULL, *colon;

	if (end) {
		memmove(text, text + 1, (size_t)(end - text - 1));
		end[-1] = '\0';
		return end[1] == ':' ? end + 2 : end + 1;
	}
	if (!with_port)
		return text + strlen(text);
	colon = strrchr(text, ':');
	if (!colon)
		return text + strlen(text);
	*colon = '\0';
	return colon + 1;
}

static int read_address(struct flow_spec *q, unsigned end, const char *text, const char *argument,
	char *why, size_t bytes)
{
	unsigned version = literal_address(text, &q->flow.address[end]);

	if (version == 0) {
		snprintf(why, bytes,
			"found '%s'; want ADDRESS%s or the name of an appliance, IPv6 with a port "
			"as "
			"[ADDRESS]:PORT",
			argument, protocol_has_ports(q->flow.protocol) ? ":PORT" : "");
		return -EINVAL;
	}
	if (q->flow.version && q->flow.version != version) {
		snprintf(why, bytes, "found IPv4 and IPv6 in one flow; want one of them");
		return -EINVAL;
	}
	q->flow.version = (uint8_t)version;
	return 0;
}

static int read_end(
	struct flow_spec *q, unsigned end, const char *argument, char *why, size_t bytes)
{
	int with_port = protocol_has_ports(q->flow.protocol);
	char text[FLOW_SPEC_NAME_BYTES], *port;

	snprintf(text, sizeof(text), "%s", argument);
	port = split(text, with_port);
	if (isalpha((unsigned char)text[0]) && !strchr(text, ':'))
		memcpy(q->name[end], text, sizeof(text));
	else if (read_address(q, end, text, argument, why, bytes) < 0)
		return -EINVAL;
	if (with_port ? read_port(port, &q->flow.port[end]) < 0 : *port != '\0') {
		snprintf(why, bytes, "found '%s'; want ADDRESS%s", argument,
			with_port ? ":PORT, the port from 0 to 65535"
				  : " without a port for this protocol");
		return -EINVAL;
	}
	return 0;
}

int flow_spec_read(struct flow_spec *q, const char *const argument[3], char *why, size_t bytes)
{
	memset(q, 0, sizeof(*q));
	if (read_protocol(q, argument[0], why, bytes) < 0)
		return -EINVAL;
	for (unsigned end = 0; end < 2; end++)
		if (read_end(q, end, argument[1 + end], why, bytes) < 0)
			return -EINVAL;
	return 0;
}

/* --- names ------------------------------------------------------------------------------- */

/* An appliance of a network may have left out its first hosts: so many are looked at. */
#define HOSTS_TRIED 65536

static void step(struct address *a)
{
	for (unsigned i = 16; i-- > 0 && ++a->byte[i] == 0;)
		;
}

/* Whether the prefix has a host that is meant, the first of which is put into `found`. */
static bool first_host(
	const struct prefix *p, const struct ruleset *c, uint16_t appliance, struct address *found)
{
	unsigned width = p->version == 4 ? 32 : 128;
	struct address a = p->address;

	if (p->length + 1u < width) /* the address of the network itself is no host's */
		step(&a);
	for (unsigned i = 0; i < HOSTS_TRIED && prefix_contains(p, &a, p->version); i++) {
		if (appliance == APPLIANCE_NONE ||
			inventory_find(c->policy->inventory, &a, p->version) == appliance) {
			*found = a;
			return true;
		}
		step(&a);
	}
	return false;
}

static bool host_of_appliance(const struct ruleset *c, const struct appliance_text *a,
	unsigned version, struct address *found)
{
	struct prefix p;

	for (size_t i = 0; i < a->addresses; i++)
		if (literal_prefix(a->address[i], &p) != -EINVAL && p.version == version &&
			first_host(&p, c, (uint16_t)(a - c->appliance), found))
			return true;
	return false;
}

static bool host_of_group(const struct ruleset *c, const struct address_group *g, unsigned version,
	struct address *found)
{
	for (size_t i = 0; i < g->list.count; i++)
		if (g->list.prefix[i].version == version &&
			first_host(&g->list.prefix[i], c, APPLIANCE_NONE, found))
			return true;
	return false;
}

static bool host_of(
	const struct ruleset *c, const struct site_name *n, unsigned version, struct address *found)
{
	return n->appliance ? host_of_appliance(c, n->appliance, version, found)
			    : host_of_group(c, n->group, version, found);
}

static bool resolve_as(struct flow_spec *q, const struct ruleset *c, unsigned version)
{
	for (unsigned end = 0; end < 2; end++) {
		struct site_name n = site_name_find(c, q->name[end]);
		if (*q->name[end] && !host_of(c, &n, version, &q->flow.address[end]))
			return false;
	}
	q->flow.version = (uint8_t)version;
	return true;
}

int flow_spec_resolve(struct flow_spec *q, const struct ruleset *c, char *why, size_t bytes)
{
	char want[SUGGEST_TEXT_BYTES];

	for (unsigned end = 0; end < 2; end++) {
		struct site_name n = site_name_find(c, q->name[end]);
		if (!*q->name[end] || n.appliance || n.group)
			continue;
		site_name_want(c, q->name[end], want);
		snprintf(why, bytes,
			"the site has no appliance or group '%s'; want an address, or %s",
			q->name[end], want);
		return -EINVAL;
	}
	if (!*q->name[0] && !*q->name[1])
		return 0;
	if (q->flow.version ? resolve_as(q, c, q->flow.version)
			    : resolve_as(q, c, 4) || resolve_as(q, c, 6))
		return 0;
	snprintf(why, bytes, "'%s' and '%s' have no addresses of the same version of IP",
		*q->name[0] ? q->name[0] : "the address", *q->name[1] ? q->name[1] : "the address");
	return -EINVAL;
}
