#include "analysis/answered.h"

#include "policy/ruleset.h"

enum { SNMP_TRAP = 162 };

/* Syslog (RFC 5426) and traps (RFC 3416 section 4.2.6) have no answer; a DHCP server's may go to
 * another address than the client's (RFC 2131 section 4.1). */
static bool is_never_answered(const struct rule *r)
{
	return (r->services & (SERVICE_BIT(SERVICE_SYSLOG) | SERVICE_BIT(SERVICE_DHCP))) != 0 ||
	       (r->services & SERVICE_BIT(SERVICE_SNMP) && r->port == SNMP_TRAP);
}

bool is_answered(const struct ruleset *c, const struct record *r, unsigned end)
{
	uint32_t rules = c->policy->set[r->set[end]].count;

	switch (r->connection) {
	case CONNECTION_ATTEMPTED:
	case CONNECTION_REFUSED:
		return false;
	case CONNECTION_ONE_WAY:
		break;
	default:
		return true;
	}
	for (uint32_t i = 0; i < rules; i++)
		if (is_never_answered(policy_rule(c->policy, r->set[end], i)))
			return true;
	return rules == 0; /* a protocol without ports has no row */
}
