/* The rules nearest to a flow that no rule covers, and how they differ (DESIGN 3).
 *
 * Searches the site's own policy and the other shipped profiles, which are kept open. Not on the
 * packet path: called once for a flagged flow that is written or shown.
 */
#ifndef PORTOLAN_NEAREST_H
#define PORTOLAN_NEAREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verdict.h"

struct ruleset;
struct errors;

#define NEAREST_MAX 3

/* Ways in which a rule differs from the flow. */
#define DIFFERENCE_LIST(X)                                                                         \
	X(DIRECTION, "direction", "other direction")                                               \
	X(ROLE, "role", "other role")                                                              \
	X(TRANSPORT, "transport", "other transport")                                               \
	X(FEATURE, "feature", "feature off")                                                       \
	X(PORT, "port", "moved port")                                                              \
	X(INTERFACE, "interface", "other interface")                                               \
	X(PROFILE, "profile", "only in profile")
#define DIFFERENCE_MEMBER(name, text, words) DIFFERENCE_##name,
enum difference { DIFFERENCE_LIST(DIFFERENCE_MEMBER) DIFFERENCE_COUNT };

struct rule_key {
	unsigned class; /* of the appliance; rules of others are no help */
	enum role role;
	enum direction direction;
	enum transport transport;
	uint16_t port;
};

struct near_rule {
	const char *id, *feature;
	const char *profile; /* if DIFFERENCE_PROFILE is set: which */
	unsigned differs;    /* 1 << enum difference */
	uint16_t moved_to;   /* if DIFFERENCE_PORT is set: the port it has now */
};

/* Rulesets of the shipped profiles other than the one in use; read at the first use, which most
 * runs never reach. For one thread. */
struct other_profiles {
	const struct ruleset *in_use;
	bool is_read;
	struct ruleset **ruleset;
	size_t profiles;
};

/* `in_use` must outlive it. Profiles that cannot be read are left out: they only help to
 * explain. */
void other_profiles_open(struct other_profiles *, const struct ruleset *in_use);
void other_profiles_close(struct other_profiles *);

/* Finds the nearest rules, nearest first; returns their number. */
size_t nearest_rules(const struct ruleset *, struct other_profiles *, const struct rule_key *,
	struct near_rule[NEAREST_MAX]);

const char *difference_name(enum difference);
/* "other direction, feature off", for people. */
void nearest_words(const struct near_rule *, char *text, size_t bytes);

#endif
