/* Rows that become rules of a class: what a profile and a site say, before it is compiled.
 *
 * Moves ports and binds them, orders what shares a port, and refuses contradictions, each once
 * though many classes have it.
 */
#ifndef PORTOLAN_RULE_DRAFTS_H
#define PORTOLAN_RULE_DRAFTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/classes.h"
#include "policy/intern.h"

struct arena;
struct errors;
struct profile_row;
struct site;
struct site_extra;
struct site_move;
struct site_peers;

/* A row that becomes a rule of a class. */
struct rule_draft {
	const struct profile_row *row;
	const struct site_move *move;	/* NULL: the documented port */
	const struct site_extra *extra; /* NULL: a row of the profile */
	const struct site_peers *bound; /* what the site binds the port to, or NULL */
	uint16_t port, port_last;	/* at this site */
	uint16_t feature;
	uint32_t order;
	uint32_t rule;	/* its number, once it is a rule */
	const char *id; /* of a pair; NULL: made of the place */
};

struct rule_drafts {
	struct rule_draft *draft;
	size_t count, documented; /* the profile's come first, until they are sorted */
};

/* Makes the drafts of one class after the other. */
struct drafter {
	const struct site *site;
	struct arena *arena;
	struct errors *errors;
	const struct class_list *classes;
	struct intern feature;	/* by name, in the order of the site's */
	struct intern reported; /* moves and rules whose mistake was said */
	bool *is_bound;		/* by binding: a rule has its port */
	int rc;			/* -EINVAL once there was a mistake */
};

/* Everything in the arena. */
void drafter_open(struct drafter *, const struct site *, const struct class_list *, struct arena *,
	struct errors *);

/* The number of a feature of the site. */
uint16_t drafter_feature(struct drafter *, const char *name);

/* The drafts of a class by direction, transport, port and the order on a port. */
struct rule_drafts drafter_class(struct drafter *, size_t class);

/* Refuses what contradicts each other of drafts that share a port. */
void drafter_check_shared(struct drafter *, struct rule_draft *const *, size_t count);

/* After the last class: refuses bindings that no rule has. */
void drafter_check_bindings(struct drafter *);

/* The order of rules that share a port: below 0, 0 or above. */
int rule_draft_compare_on_port(const struct rule_draft *, const struct rule_draft *);

/* Whether it is a part of DHCP's exchange. */
bool rule_draft_is_dhcp(const struct rule_draft *);

bool rule_draft_is_implied(const struct rule_draft *);

/* Whether a rule of the site's own says who may be the peer. */
bool rule_draft_has_own_peers(const struct rule_draft *);

#endif
