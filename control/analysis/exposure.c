#include "analysis/exposure.h"

#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "policy/remap.h"
#include "policy/ruleset.h"
#include "record/ecs_facts.h"

void exposures_init(struct exposures *n, const struct ruleset *ruleset)
{
	*n = (struct exposures){.ruleset = ruleset};
	for (unsigned i = 0; i < EXPOSURE_COUNT; i++)
		n->flows[i] = heap_calloc(ruleset->appliances + 1, sizeof(*n->flows[i]));
}

void exposures_reload(struct exposures *n, const struct ruleset *ruleset, const struct remap *remap)
{
	struct exposures old = *n;

	exposures_init(n, ruleset);
	for (unsigned kind = 0; kind < EXPOSURE_COUNT; kind++)
		for (size_t i = 0; old.flows[kind] && n->flows[kind] && i < remap->appliances; i++)
			if (remap->appliance[i] != APPLIANCE_NONE)
				n->flows[kind][remap->appliance[i]] += old.flows[kind][i];
	exposures_fini(&old);
}

void exposures_fini(struct exposures *n)
{
	for (unsigned i = 0; i < EXPOSURE_COUNT; i++)
		free(n->flows[i]);
	memset(n, 0, sizeof(*n));
}

static int is_old_tls(const struct record *r)
{
	unsigned version = r->facts.known ? tls_version_of(&r->facts) : FACT_NONE;

	if (r->service == SERVICE_DTLS)
		return version == 0xfeff || version == 0x0100;
	return r->service == SERVICE_TLS && version < 0x0303;
}

bool exposure_holds(enum exposure kind, const struct record *r, unsigned end)
{
	int known = r->facts.known;

	if (r->service_basis != SERVICE_RECOGNISED || r->appliance[end] == APPLIANCE_NONE)
		return false;
	switch (kind) {
	case EXPOSURE_CLEAR_SYSLOG:
		return r->service == SERVICE_SYSLOG && end == 0 && r->set[end] != SET_NONE;
	case EXPOSURE_CLEAR_BIND:
		return known && r->service == SERVICE_LDAP && r->facts.flags & FACTS_CLEAR_BIND;
	case EXPOSURE_OLD_SNMP:
		return known && r->service == SERVICE_SNMP && r->facts.number[0] < 3;
	case EXPOSURE_CLEAR_HTTP:
		return r->service == SERVICE_HTTP && end == 0;
	case EXPOSURE_OLD_TLS:
		return is_old_tls(r);
	default:
		return 0;
	}
}

void exposures_take(struct exposures *n, const struct record *r)
{
	for (unsigned end = 0; end < 2; end++)
		for (unsigned k = 0; k < EXPOSURE_COUNT; k++)
			if (n->flows[k] && exposure_holds((enum exposure)k, r, end))
				n->flows[k][r->appliance[end]]++;
}

uint64_t exposures_flows(const struct exposures *n, enum exposure kind)
{
	uint64_t sum = 0;

	for (size_t i = 0; n->flows[kind] && i < n->ruleset->appliances; i++)
		sum += n->flows[kind][i];
	return sum;
}
