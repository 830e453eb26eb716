/* The compiled policy as a JSON object: source, hash, rules, protocols. */
#ifndef PORTOLAN_POLICY_JSON_H
#define PORTOLAN_POLICY_JSON_H

#include <stdbool.h>
#include <stdio.h>

struct ruleset;

/* 0, or a negative errno. */
int policy_json_print(const struct ruleset *, bool with_implied, FILE *);

#endif
