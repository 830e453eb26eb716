/* Exposures: traffic that is expected but weak, because it is in clear text or uses an old version.
 *
 * Fed with records of ended flows; counts flows by kind and appliance. Used on the control thread
 * only.
 */
#ifndef PORTOLAN_EXPOSURE_H
#define PORTOLAN_EXPOSURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct ruleset;
struct remap;

#define EXPOSURE_LIST(X)                                                                           \
	X(CLEAR_SYSLOG, "syslog in clear text")                                                    \
	X(CLEAR_BIND, "LDAP simple bind: password in clear text")                                  \
	X(OLD_SNMP, "SNMP 1 or 2c: community in clear text")                                       \
	X(CLEAR_HTTP, "HTTP: what was fetched can be changed on its way")                          \
	X(OLD_TLS, "TLS older than 1.2")

#define EXPOSURE_MEMBER(name, text) EXPOSURE_##name,
enum exposure { EXPOSURE_LIST(EXPOSURE_MEMBER) EXPOSURE_COUNT };

static inline const char *exposure_text(enum exposure n)
{
#define EXPOSURE_TEXT(name, text) text,
	static const char *const words[] = {EXPOSURE_LIST(EXPOSURE_TEXT)};
#undef EXPOSURE_TEXT
	return words[n];
}

struct exposures {
	const struct ruleset *ruleset;
	uint64_t *flows[EXPOSURE_COUNT]; /* by appliance; NULL: out of memory */
};

void exposures_init(struct exposures *, const struct ruleset *);
void exposures_fini(struct exposures *);
/* Switches to another ruleset; counts follow the appliances that still exist. */
void exposures_reload(struct exposures *, const struct ruleset *, const struct remap *);

void exposures_take(struct exposures *, const struct record *);

/* Whether a flow is one of this kind for the appliance at its end. */
bool exposure_holds(enum exposure, const struct record *, unsigned end);

/* Flows of a kind, summed over all appliances. */
uint64_t exposures_flows(const struct exposures *, enum exposure);

#endif
