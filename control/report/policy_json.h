/* The compiled policy as a JSON object: source, hash, rules, protocols. Without an appliance, also
 * the classes of those that have rules of their own. */
#ifndef PORTOLAN_POLICY_JSON_H
#define PORTOLAN_POLICY_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct ruleset;

/* 0, or a negative errno. */
int policy_json_print(const struct ruleset *, uint16_t appliance, bool with_implied, FILE *);

#endif
