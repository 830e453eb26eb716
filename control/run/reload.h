/* Reloads: a site that is read again while the sensor runs (DESIGN 10).
 *
 * Owns the rulesets of a sensor: the one in force, the first one (whose signatures the workers
 * have), and for a while the former one, in whose numbers flows and records may still be. An error
 * leaves everything as it was. Control's thread.
 */
#ifndef PORTOLAN_RELOAD_H
#define PORTOLAN_RELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ruleset;
struct settings;
struct errors;
struct worker_pool;
struct collector;

struct reload {
	const char *site;
	struct ruleset *ruleset, *previous;
	struct ruleset
		*first; /* its scanner is the workers' until they end, whatever is in force */
	struct settings *settings;   /* in force since the start */
	struct settings *later;	     /* as last read, for the next start; or NULL */
	struct worker_pool *pool;    /* lent, like */
	struct collector *collector; /* this one */
	uint64_t done, refused;
	uint64_t last_ns;  /* wall clock, of the last one that was done */
	bool last_refused; /* the last attempt */
};

/* Takes ruleset and settings over. */
void reload_init(struct reload *, const char *site, struct ruleset *, struct settings *);

/* The site as it is now, checked as at a start, but not in force; `settings` may be NULL. NULL
 * with the reasons. */
struct ruleset *reload_read(const struct reload *, struct settings **, struct errors *);

/* Reads the site and puts it in force; not while the former ruleset is still in use. 0; a negative
 * errno with the reasons, and nothing changed. */
int reload_now(struct reload *, struct errors *);

/* Lets go of the former ruleset where it can; now and then. True if
 * a reload has rejudged its flows: the flows are judged by the ruleset in force, all of them. */
bool reload_tick(struct reload *);

/* What in the site as it was last read takes effect only at the next start: a list of words such as
 * "capture, flow.max", or "" */
void reload_needs_restart(const struct reload *, char *text, size_t bytes);

/* Closes the rulesets. */
void reload_fini(struct reload *);

#endif
