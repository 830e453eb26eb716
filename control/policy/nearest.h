/* The rules nearest to something that no rule covers, and how they differ (DESIGN 3).
 *
 * Looks through the site's own policy and through the other profiles that ship, which an
 * atlas keeps open. Cold: asked once for a flagged flow that is written or shown.
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

/* Ways in which a rule differs from what was seen. */
#define DIFFERENCE_LIST(X)                                                                         \
	X(DIRECTION, "direction", "other direction")                                               \
	X(ROLE, "role", "other role")                                                              \
	X(TRANSPORT, "transport", "other transport")                                               \
	X(FEATURE, "feature", "feature off")                                                       \
	X(PORT, "port", "moved port")                                                              \
	X(PROFILE, "profile", "only in profile")
#define DIFFERENCE_MEMBER(name, text, words) DIFFERENCE_##name,
enum difference { DIFFERENCE_LIST(DIFFERENCE_MEMBER) DIFFERENCE_COUNT };

struct rule_key {
	enum role role;
	enum direction direction;
	enum transport transport;
	uint16_t port;
};

struct near_rule {
	const char *id, *feature;
	const char *profile; /* where DIFFERENCE_PROFILE is set: which */
	unsigned differs;    /* 1 << enum difference */
	uint16_t moved_to;   /* where DIFFERENCE_PORT is set: the port it has now */
};

/* The rulesets of the profiles that ship, but for the one in use; read when somebody asks first,
 * since most starts never do. One thread's. */
struct other_profiles {
	const struct ruleset *in_use;
	bool is_read;
	struct ruleset **ruleset;
	size_t profiles;
};

/* `in_use` lives longer. What cannot be read is left out: it only helps to explain. */
void other_profiles_open(struct other_profiles *, const struct ruleset *in_use);
void other_profiles_close(struct other_profiles *);

/* The number of rules found, the nearest first. */
size_t nearest_rules(const struct ruleset *, struct other_profiles *, const struct rule_key *,
	struct near_rule[NEAREST_MAX]);

const char *difference_name(enum difference);
/* "other direction, feature off"; for people. */
void nearest_words(const struct near_rule *, char *text, size_t bytes);

#endif
