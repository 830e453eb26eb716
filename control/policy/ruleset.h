/* The ruleset: a compiled policy together with everything about it that has a name.
 *
 * Made from a profile and, where there is one, a site (DESIGN 2 and 7). Immutable once
 * opened. Owns the policy and the inventory that the workers read, so it outlives them.
 */
#ifndef PORTOLAN_RULESET_H
#define PORTOLAN_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/profile.h"
#include "inventory.h"
#include "policy.h"
#include "timeouts.h"

struct errors;
struct settings;

/* The words of policy->rule[i], same index. */
struct rule_text {
	char *id; /* role/direction/port/transport, e.g. managed-device/inbound/22/tcp */
	char *feature;
	char *service; /* as written, '|' between several; empty where anything may be spoken */
	char *description;
	char *source; /* where the row was read */
	char *origin; /* name of the profile that brought the row, or "site" */
	enum rule_status status;
	bool required, configurable;
	uint16_t documented_port; /* before the site moved it; equals the port otherwise */
	uint32_t order;		  /* in the profile's file; the site's own rules come last */
};

struct appliance_text {
	char *name;
	enum role role;
	char **address, **mac; /* as written in the site */
	size_t addresses, macs;
};

struct ruleset {
	char *name;    /* the site's path, or the profile's name where there is no site */
	char *profile; /* name of the profile */
	char *version; /* of the product, as the profile has it; may be empty */
	char hash[80]; /* "sha256:" and 64 hex digits, over all that decides a verdict */
	struct policy *policy;
	struct rule_text *rule;
	struct appliance_text *appliance;
	size_t appliances;
	char **feature; /* by feature number */
	size_t features;
	struct signatures *signatures;	/* the signatures */
	struct scanner *scanner;	/* these compiled, once the ruleset is armed */
	struct prefix *mirror_endpoint; /* a mirror's own transport ends there */
	size_t mirror_endpoints;
	uint64_t warmup_ns;  /* from the start of the stream */
	uint64_t silence_ns; /* a documented row that was in use and is not for so long is told */
	struct flow_timeouts timeouts;
	char **warning; /* to be printed as `portolan: warning: …` */
	size_t warnings;
	void *memory; /* everything above, and this structure, lies in here */
};

/* `site` and `profile` are paths or, for a profile, the name of one that ships; either may
 * be NULL (the profile then comes from the site, or is the default one), not both wrong ways:
 * a site names its own profile. 0, or a negative errno with the reasons in `error`:
 * file, line, what was found, what would be right. */
int ruleset_open(struct ruleset **, struct settings **, const char *site, const char *profile,
	struct errors *);

/* A site or a profile, whichever the file (or the name) turns out to be. */
int ruleset_open_any(struct ruleset **, struct settings **, const char *name, struct errors *);

/* The same two from memory; `name` stands for the file in errors. */
int ruleset_parse_site(struct ruleset **, struct settings **, const char *name, const void *bytes,
	size_t size, struct errors *);
int ruleset_parse_profile(
	struct ruleset **, const char *name, const void *bytes, size_t size, struct errors *);

/* A shipped profile to look its rules up in, and no more: without signatures, so that it is never
 * armed, and without a hash. */
int ruleset_open_rules_only(struct ruleset **, const char *profile, struct errors *);

/* Compiles the signatures, or takes them as they were compiled before, for those who are going to
 * judge packets. 0; -EINVAL with the pattern's file and line told. */
int ruleset_compile(struct ruleset *, struct errors *);

void ruleset_close(struct ruleset *);

/* Names of the profiles that ship, sorted, NULL after the last. Free with ruleset_names_free. */
char **ruleset_profile_names(void);
void ruleset_names_free(char **);

#endif
