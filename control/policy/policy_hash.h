/* The policy's hash, over everything that affects a verdict, and nothing else.
 *
 * Names of appliances, descriptions, comments and the order of keys do not change it; rules, peers,
 * protocols, addresses, warm-up and timeouts do.
 */
#ifndef PORTOLAN_POLICY_HASH_H
#define PORTOLAN_POLICY_HASH_H

struct arena;
struct ruleset;
struct site;

/* Writes ruleset->hash. The ruleset's rules and appliances are complete. */
void policy_hash_write(struct ruleset *, const struct site *, struct arena *);

#endif
