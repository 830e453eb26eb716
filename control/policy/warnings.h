/* What is said of a site that is read without a mistake: what has no effect, what opens more than
 * it says, what is never reached.
 */
#ifndef PORTOLAN_WARNINGS_H
#define PORTOLAN_WARNINGS_H

struct arena;
struct ruleset;
struct site;

/* Fills the ruleset's warnings, and how many rules in use are unverified. */
void warnings_write(struct ruleset *, const struct site *, struct arena *);

#endif
