/* Opens the site for a command that classifies packets: read, compiled, with an inventory. */
#ifndef PORTOLAN_OPEN_SITE_H
#define PORTOLAN_OPEN_SITE_H

struct ruleset;
struct settings;

/* The site's ruleset, and its settings in `settings`; the caller owns both. NULL with the reason on
 * standard error: no site, errors in it, or no appliances. */
struct ruleset *ruleset_open_site(
	const char *command, const char *site, struct settings **settings);

#endif
