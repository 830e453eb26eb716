/* The ruleset: a compiled policy with the names and texts that belong to it.
 *
 * Made from a profile and optionally a site (DESIGN 2 and 7). Immutable once opened. Owns the
 * policy and the inventory that workers read, so it must outlive them.
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

struct address_group;
struct errors;
struct settings;

/* The texts of policy->rule[i], same index. */
struct rule_text {
	char *id; /* role/direction/port/transport, e.g. managed-device/inbound/22/tcp */
	char *feature;
	char *service; /* as written, '|' between several; empty: any service */
	char *description;
	char *source; /* where the row is documented */
	char *origin; /* name of the profile that has the row, or "site" */
	enum rule_status status;
	bool required, configurable, unattended;
	uint32_t same_as; /* the first rule with this id and feature: of another class, or itself */
	bool in_use;	  /* an appliance has it, or the site has no appliances */
	uint16_t documented_port; /* before a move by the site; else equal to the port */
	uint32_t order;		  /* in the profile's file; the site's own rules come last */
};

struct appliance_text {
	char *name;
	enum role role;
	char **address, **mac; /* as written in the site; aliases and data interfaces included */
	char **except;	       /* parts of its networks that are no appliances */
	size_t addresses, macs, excepts;
};

/* What appliances of a class (struct policy_class, same number) have in common. */
struct ruleset_class {
	char *profile;	   /* its name */
	bool is_data;	   /* of the data interfaces of the class before it */
	size_t appliances; /* how many are in it */
	uint32_t *rule;	   /* numbers of its rules, by place */
	size_t rules;
};

struct ruleset {
	char *name;    /* the site's path, or the profile's name if there is no site */
	char *profile; /* name of the site's profile */
	char *version; /* of the product, from the profile; may be empty */
	char hash[80]; /* "sha256:" and 64 hex digits, over all that affects a verdict */
	struct policy *policy;
	struct rule_text *rule;
	struct appliance_text *appliance;
	size_t appliances;
	uint16_t *by_name;	     /* appliances in the order of their names */
	struct ruleset_class *class; /* policy->classes of them */
	uint8_t *class_of;	     /* by appliance */
	uint32_t rows;		     /* places of rules: see policy/rows.h */
	uint32_t *row_of;	     /* by set */
	const char **row_id;	     /* by row: its first rule's, " data" of data interfaces */
	uint16_t *class_row;	     /* sets by class and row */
	struct address_group *group; /* of the site, by name (config/address_list.h) */
	size_t groups;
	char **feature; /* by feature number */
	size_t features;
	struct signatures *signatures;
	struct scanner *scanner; /* the signatures compiled by ruleset_compile(); NULL before */
	struct prefix *mirror_endpoint; /* end of a mirror's own tunnel */
	size_t mirror_endpoints;
	uint64_t warmup_ns;  /* from the start of the stream */
	uint64_t silence_ns; /* a row in use is reported silent after this time */
	struct flow_timeouts timeouts;
	char **warning; /* printed as `portolan: warning: …` */
	size_t warnings;
	size_t unverified; /* rules that nobody has read in the vendor's guide */
	void *memory;	   /* owns everything above and this structure */
};

/* `site` is a path; `profile` a path or the name of a shipped profile. Either may be NULL: without
 * `profile`, the site's or the default one is used. A profile that contradicts the site's is an
 * error. 0, or a negative errno with every mistake in the errors. */
int ruleset_open(struct ruleset **, struct settings **, const char *site, const char *profile,
	struct errors *);

/* Opens a site or a profile, whichever `name` is. */
int ruleset_open_any(struct ruleset **, struct settings **, const char *name, struct errors *);

/* The same from memory; `name` stands for the file in errors. */
int ruleset_parse_site(struct ruleset **, struct settings **, const char *name, const void *bytes,
	size_t size, struct errors *);
int ruleset_parse_profile(
	struct ruleset **, const char *name, const void *bytes, size_t size, struct errors *);

/* A shipped profile, for looking up rules only: without signatures, so it is never compiled, and
 * without a hash. */
int ruleset_open_rules_only(struct ruleset **, const char *profile, struct errors *);

/* Compiles the signatures, or loads them from the cache; needed before packets are classified. 0;
 * -EINVAL with an error that names the pattern's file and line. */
int ruleset_compile(struct ruleset *, struct errors *);

/* Numbers of rules, each once. */
struct rule_list {
	uint32_t *rule;
	size_t count;
};

/* The rules of an appliance, those of its data interfaces included; of APPLIANCE_NONE what the site
 * says of no appliance in particular. By place. The caller frees `rule`; NULL: no memory. */
struct rule_list ruleset_rules(const struct ruleset *, uint16_t appliance);

/* Whether a rule is of the site's own. */
bool ruleset_is_own(const struct ruleset *, uint32_t rule);

/* The texts of a set's first rule; NULL for SET_NONE. */
const struct rule_text *ruleset_set_text(const struct ruleset *, uint16_t set);

/* Of its rule `i`, 0 to count - 1. */
const struct rule_text *ruleset_member_text(const struct ruleset *, uint16_t set, uint32_t i);

/* The id of a set's first rule; empty for SET_NONE. */
const char *ruleset_set_id(const struct ruleset *, uint16_t set);

/* The name of the profile that an appliance is held to; of APPLIANCE_NONE the site's. */
const char *ruleset_profile_of(const struct ruleset *, uint16_t appliance);

/* " (appliances only)" and the like; empty where anybody may be the peer. */
const char *ruleset_peers_words(const struct rule *);

/* The set that an appliance has in a row, or SET_NONE. With data interfaces of their own rules: of
 * where it is managed, or else of those. */
uint16_t ruleset_row_set(const struct ruleset *, size_t appliance, uint32_t row);

/* Which of an appliance's interfaces has this address: "data" or "management"; "" where the site
 * names no data interfaces of it. */
const char *ruleset_interface_at(
	const struct ruleset *, size_t appliance, const struct address *, unsigned version);

/* Which of an appliance's interfaces have this set: "data" or "management"; "" where it has no such
 * kinds, or both have it. */
const char *ruleset_interface_of(const struct ruleset *, size_t appliance, uint16_t set);

/* The appliance with this name, or APPLIANCE_NONE. */
uint16_t ruleset_appliance(const struct ruleset *, const char *name);

/* A profile has no appliances: for a comparison it takes those of a site, which must outlive it, by
 * their roles. */
void ruleset_borrow_appliances(struct ruleset *profile, const struct ruleset *site);

void ruleset_close(struct ruleset *);

/* Names of the shipped profiles, sorted, NULL after the last. Free with ruleset_names_free(). */
char **ruleset_profile_names(void);
void ruleset_names_free(char **);

#endif
