/* The shipped profile and its signatures, so that first bytes are reassembled, services recognised
 * and facts taken. Whose address begins with a 0 is monitored, of one role or of both, or what is
 * in 10.0.0.0/8 alone.
 */
#include <stdlib.h>

#include "base/errors.h"
#include "core_policy.h"
#include "policy/ruleset.h"

#define SITES 3

static const char *const site[SITES] = {
	"appliances:\n"
	"  - {name: a, role: management-center, addresses: [0.0.0.0/2, \"::/2\"]}\n"
	"  - {name: b, role: managed-device, addresses: [64.0.0.0/2, \"4000::/2\"]}\n",
	"appliances:\n"
	"  - {name: a, role: managed-device, addresses: [0.0.0.0/1, \"::/1\"]}\n",
	"appliances:\n"
	"  - {name: a, role: management-center, addresses: [10.0.0.0/8]}\n"
	"features: {ldap: {enabled: no}}\n"
	"capture: {mirror_endpoints: [128.0.0.0/1]}\n",
};

static struct ruleset *open_site(const char *text)
{
	struct errors errors = {.length = 0};
	struct ruleset *ruleset;

	setenv("PORTOLAN_CONFIGS", FIXTURE_CONFIGS, 1); /* wherever it runs */
	if (ruleset_parse_site(&ruleset, NULL, "site", text, strlen(text), &errors) != 0 ||
		ruleset_compile(ruleset, &errors) != 0) {
		fputs(errors.text, stderr);
		abort();
	}
	return ruleset;
}

void core_configure(struct worker_config *config, uint8_t settings)
{
	static struct ruleset *ruleset[SITES];
	const struct ruleset *chosen;

	for (unsigned i = 0; i < SITES; i++)
		if (!ruleset[i])
			ruleset[i] = open_site(site[i]);
	chosen = ruleset[(settings & 3) % SITES];
	config->policy = chosen->policy;
	config->timeouts = chosen->timeouts;
	config->scanner = chosen->scanner;
	config->reassembly_slots = 8;
	config->facts_max = 8;
}
