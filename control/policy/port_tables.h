/* The tables of a policy: rules by port, made of the rules of one class after the other.
 *
 * What is equal is kept once: a rule, a list of rules that share a port, the table of a class,
 * direction and transport. All of it in the builder's arena until port_tables_write().
 */
#ifndef PORTOLAN_PORT_TABLES_H
#define PORTOLAN_PORT_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy.h"
#include "policy/intern.h"

struct arena;

/* Ports that share a set: from `first` up to `last`. */
struct port_span {
	uint16_t first, last, set, zero;
};

struct port_tables {
	struct arena *arena;
	struct intern set;	   /* a key is the numbers of its rules */
	struct intern table;	   /* a key is its spans */
	struct rule_set *rule_set; /* by number; [0] is the empty set */
	size_t rule_sets, rule_set_room;
	bool is_full; /* more sets than POLICY_SETS_MAX */
};

void port_tables_open(struct port_tables *, struct arena *);

/* The set of these rules, in this order. SET_NONE where there is no room, which `is_full` says. */
uint16_t port_tables_set(
	struct port_tables *, const uint32_t *rule, size_t count, uint16_t port, bool is_channel);

/* The number of the table with these spans, which are in ascending order. */
uint32_t port_tables_table(struct port_tables *, const struct port_span *, size_t count);

/* Writes sets, members and tables of the policy into `arena`; returns the tables by number. */
const struct port_table *port_tables_write(
	const struct port_tables *, struct policy *, struct arena *arena);

#endif
