#include "cli/explain.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "policy/nearest.h"
#include "policy/ruleset.h"
#include "protocol.h"

static int has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

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

/* The version, or 0. */
static int read_address(const char *text, struct address *a)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, text, a->byte + 12) == 1)
		return 4;
	return inet_pton(AF_INET6, text, a->byte) == 1 ? 6 : 0;
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

/* "10.0.0.1:443" and "[2001:db8::1]:443", cut in two; without ports the whole is the address. */
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

static int read_end(
	struct flow_spec *q, unsigned end, const char *argument, char *why, size_t bytes)
{
	int with_port = has_ports(q->flow.protocol), version;
	char text[128], *port;

	snprintf(text, sizeof(text), "%s", argument);
	port = split(text, with_port);
	version = read_address(text, &q->flow.address[end]);
	if (version == 0) {
		snprintf(why, bytes,
			"found '%s'; want ADDRESS%s, IPv6 with a port as [ADDRESS]:PORT", argument,
			with_port ? ":PORT" : "");
		return -EINVAL;
	}
	if (q->flow.version && q->flow.version != version) {
		snprintf(why, bytes, "found IPv4 and IPv6 in one flow; want one of them");
		return -EINVAL;
	}
	q->flow.version = (uint8_t)version;
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

static void print_set(const struct ruleset *c, uint16_t set, FILE *out)
{
	const struct rule_set *rules = &c->policy->set[set];

	for (uint32_t i = 0; i < rules->count; i++) {
		const struct rule *r = &c->policy->rule[rules->first + i];
		const struct rule_text *words = &c->rule[rules->first + i];
		fprintf(out, "    rule %s  %s%s%s: %s\n", words->id, words->feature,
			r->enabled ? "" : " (switched off)",
			r->peers == PEERS_INVENTORY ? " (appliances only)"
			: r->peers == PEERS_LISTED  ? " (listed peers only)"
						    : "",
			words->description);
	}
}

static void print_nearest(const struct ruleset *c, struct other_profiles *other_profiles,
	const struct rule_key *at, FILE *out)
{
	struct near_rule found[NEAREST_MAX];
	size_t count = nearest_rules(c, other_profiles, at, found);
	char words[128];

	if (count == 0)
		fprintf(out, "    no rule is near\n");
	for (size_t i = 0; i < count; i++) {
		nearest_words(&found[i], words, sizeof(words));
		fprintf(out, "    nearest %s  %s: %s\n", found[i].id, found[i].feature, words);
	}
}

static void print_end(const struct ruleset *c, struct other_profiles *other_profiles,
	const struct flow_tuple *flow, const struct verdict_pair *j, unsigned end, FILE *out)
{
	const struct appliance_text *a;
	enum direction direction = end == 0 ? DIRECTION_OUTBOUND : DIRECTION_INBOUND;
	char port[ENDPOINT_TEXT_BYTES];

	if (flow->appliance[end] == APPLIANCE_NONE)
		return;
	a = &c->appliance[flow->appliance[end]];
	format_port(flow->protocol, flow->port[1], port);
	fprintf(out, "  %s (%s) %s %s: %s\n", a->name, role_name(a->role),
		direction_name(direction), port, verdict_name((enum verdict)j->end_verdict[end]));
	if (j->set[end] != SET_NONE)
		print_set(c, j->set[end], out);
	else if (has_ports(flow->protocol))
		print_nearest(c, other_profiles,
			&(struct rule_key){a->role, direction,
				flow->protocol == IPPROTO_TCP ? TRANSPORT_TCP : TRANSPORT_UDP,
				flow->port[1]},
			out);
}

static void turn(struct flow_tuple *c)
{
	struct address a = c->address[0];
	uint16_t port = c->port[0];

	c->address[0] = c->address[1];
	c->address[1] = a;
	c->port[0] = c->port[1];
	c->port[1] = port;
}

void explain(const struct ruleset *c, const struct flow_spec *q, FILE *out)
{
	struct flow_tuple flow = q->flow;
	struct verdict_pair j;
	struct other_profiles other_profiles;

	if (policy_dhcp_is_reversed(&flow)) {
		turn(&flow);
		fprintf(out, "68/udp and 67/udp are one DHCP exchange, which the client starts\n");
	}
	for (unsigned end = 0; end < 2; end++)
		flow.appliance[end] =
			inventory_find(c->policy->inventory, &flow.address[end], flow.version);
	if (flow.appliance[0] == APPLIANCE_NONE && flow.appliance[1] == APPLIANCE_NONE) {
		fprintf(out, "unmonitored: neither end is an appliance of %s\n", c->name);
		return;
	}
	other_profiles_open(&other_profiles, c);
	j = policy_judge(c->policy, &flow);
	fprintf(out, "%s\n", verdict_name((enum verdict)j.verdict));
	print_end(c, &other_profiles, &flow, &j, 0, out);
	print_end(c, &other_profiles, &flow, &j, 1, out);
	fprintf(out, "  profile %s, policy %s\n", c->profile, c->hash);
	other_profiles_close(&other_profiles);
}
