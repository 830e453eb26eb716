#include "record/technique.h"

#include <netinet/in.h>
#include <stddef.h>

#include "policy/ruleset.h"
#include "record/event.h"

#define NON_APPLICATION_LAYER_PROTOCOL "T1095"
#define PROTOCOL_TUNNELING "T1572"
#define NON_STANDARD_PORT "T1571"
#define NETWORK_SERVICE_DISCOVERY "T1046"
#define REMOTE_SYSTEM_DISCOVERY "T1018"
#define EXTERNAL_REMOTE_SERVICES "T1133"
#define REMOTE_SERVICES_SSH "T1021.004"
#define SNMP_MIB_DUMP "T1602.001"
#define TRUSTED_RELATIONSHIP "T1199"

/* IP protocols that carry other packets. */
static bool is_tunnel(uint8_t protocol)
{
	enum { ETHERIP = 97, L2TP = 115 };

	return protocol == IPPROTO_GRE || protocol == IPPROTO_IPIP || protocol == IPPROTO_IPV6 ||
	       protocol == ETHERIP || protocol == L2TP;
}

static bool talks(const struct record *r)
{
	return r->connection != CONNECTION_ATTEMPTED && r->connection != CONNECTION_REFUSED &&
	       r->connection != CONNECTION_ONE_WAY;
}

/* Whether the policy has this port anywhere, for what is spoken on it where that is known. */
static bool is_usual_port(const struct ruleset *c, const struct record *r)
{
	enum transport transport = r->protocol == IPPROTO_TCP ? TRANSPORT_TCP : TRANSPORT_UDP;

	for (uint32_t i = 0; i < c->policy->rules; i++) {
		const struct rule *rule = &c->policy->rule[i];
		if (!rule->is_pair && rule->port <= r->port[1] && r->port[1] <= rule->port_last &&
			rule->transport == transport &&
			(r->service >= SERVICE_COUNT || rule->services & SERVICE_BIT(r->service)))
			return true;
	}
	return false;
}

/* Who reaches an appliance's documented port from where nobody should. */
static const char *technique_of_entry(const struct record *r)
{
	enum { SNMP = 161, SSH = 22, HTTPS = 443 };

	if (!talks(r) && r->connection != CONNECTION_ONE_WAY)
		return NULL;
	if (r->service == SERVICE_SNMP || (r->protocol == IPPROTO_UDP && r->port[1] == SNMP))
		return SNMP_MIB_DUMP;
	if (r->service == SERVICE_SSH || (r->protocol == IPPROTO_TCP && r->port[1] == SSH))
		return REMOTE_SERVICES_SSH;
	return r->port[1] == HTTPS ? EXTERNAL_REMOTE_SERVICES : NULL;
}

static const char *technique_of_peer(const struct ruleset *c, const struct record *r, unsigned end)
{
	if (r->verdict == VERDICT_PEER_NOT_ALLOWED && r->set[end] != SET_NONE &&
		policy_rule(c->policy, r->set[end], 0)->peers & (PEERS_INVENTORY | PEERS_MANAGERS))
		return TRUSTED_RELATIONSHIP;
	return end == 1 ? technique_of_entry(r) : NULL;
}

static const char *technique_of_port(const struct ruleset *c, const struct record *r,
	const struct event_finding *f, unsigned end)
{
	if (f && f->several_ports)
		return NETWORK_SERVICE_DISCOVERY;
	if (f && f->several_peers && end == 0)
		return REMOTE_SYSTEM_DISCOVERY;
	if (!talks(r))
		return NULL;
	if (!is_usual_port(c, r))
		return NON_STANDARD_PORT;
	return end == 1 ? technique_of_entry(r) : NULL;
}

const char *technique_of(
	const struct ruleset *c, const struct record *r, const struct event_finding *f)
{
	unsigned end = record_judged_end(r);

	switch (r->verdict) {
	case VERDICT_UNEXPECTED_PROTOCOL:
		return is_tunnel(r->protocol) ? PROTOCOL_TUNNELING : NON_APPLICATION_LAYER_PROTOCOL;
	case VERDICT_PEER_NOT_ALLOWED:
	case VERDICT_FEATURE_DISABLED:
		return technique_of_peer(c, r, end);
	case VERDICT_WRONG_SERVICE:
		return NON_STANDARD_PORT;
	case VERDICT_UNEXPECTED_PORT:
		return technique_of_port(c, r, f, end);
	default:
		return NULL;
	}
}
