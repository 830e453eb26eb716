/* The site of a command that classifies packets: read, compiled, and with an inventory. */
#ifndef PORTOLAN_OPEN_SITE_H
#define PORTOLAN_OPEN_SITE_H

struct ruleset;
struct settings;

/* The site's ruleset, and in `settings` what takes effect at a start; both the caller's. NULL with
 * the reason on standard error, where there is no site, it is wrong, or it names no appliance. */
struct ruleset *ruleset_open_site(
	const char *command, const char *site, struct settings **settings);

#endif
