/* What a name in a question means: one of the site's appliances, or one of its groups.
 *
 * Where both have the name, it is the appliance. Everything is lent by the ruleset.
 */
#ifndef PORTOLAN_SITE_NAMES_H
#define PORTOLAN_SITE_NAMES_H

#include <stddef.h>

#include "base/suggest.h"

struct appliance_text;
struct address_group;
struct ruleset;

struct site_name {
	const struct appliance_text *appliance; /* or NULL */
	const struct address_group *group;	/* or NULL */
};

/* Both are NULL where the site has no such name. */
struct site_name site_name_find(const struct ruleset *, const char *name);

/* What was probably meant, as in suggest_want(). */
void site_name_want(const struct ruleset *, const char *name, char text[SUGGEST_TEXT_BYTES]);

#endif
