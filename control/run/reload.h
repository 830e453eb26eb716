/* Reload: replaces the ruleset while the sensor runs (DESIGN 10).
 *
 * Owns the sensor's rulesets: the current one, the first one (whose scanner the workers use), and
 * for a while the former one, in whose numbers flows and records may still be. An error leaves
 * everything unchanged. Used on the control thread only.
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
	struct ruleset *first;	     /* its scanner is used by the workers until they end */
	struct settings *settings;   /* of the start, in effect */
	struct settings *later;	     /* as last read, for the next start; or NULL */
	struct worker_pool *pool;    /* lent */
	struct collector *collector; /* lent */
	uint64_t done, refused;
	uint64_t last_ns;  /* wall clock, of the last successful one */
	bool last_refused; /* whether the last attempt failed */
};

/* Takes ownership of ruleset and settings. */
void reload_init(struct reload *, const char *site, struct ruleset *, struct settings *);

/* Reads the site as at a start, without applying it; `settings` may be NULL. NULL with the
 * errors. */
struct ruleset *reload_read(const struct reload *, struct settings **, struct errors *);

/* The same of another file, which is never applied. */
struct ruleset *reload_read_draft(const struct reload *, const char *site, struct errors *);

/* Reads the site and applies it. Not while the former ruleset is still in use. 0, or a negative
 * errno with the errors, and nothing changed. */
int reload_now(struct reload *, struct errors *);

/* Closes the former ruleset once it is no longer in use; call periodically. True if this call did
 * so: all flows are now judged by the current ruleset. */
bool reload_tick(struct reload *);

/* Changes in the site as last read that take effect only at the next start: a list such as
 * "capture, flow.max", or "". */
void reload_needs_restart(const struct reload *, char *text, size_t bytes);

/* Closes the rulesets. */
void reload_fini(struct reload *);

#endif
