#include "policy/site_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/address_list.h"
#include "policy/ruleset.h"

struct site_name site_name_find(const struct ruleset *c, const char *name)
{
	uint16_t number = ruleset_appliance(c, name);

	if (number != APPLIANCE_NONE)
		return (struct site_name){.appliance = &c->appliance[number]};
	for (size_t i = 0; i < c->groups; i++)
		if (strcmp(c->group[i].name, name) == 0)
			return (struct site_name){.group = &c->group[i]};
	return (struct site_name){NULL, NULL};
}

void site_name_want(const struct ruleset *c, const char *name, char text[SUGGEST_TEXT_BYTES])
{
	const char **known = calloc(c->appliances + c->groups + 1, sizeof(*known));
	size_t count = 0;

	if (!known) {
		snprintf(text, SUGGEST_TEXT_BYTES, "a name of the site");
		return;
	}
	for (size_t i = 0; i < c->appliances; i++)
		known[count++] = c->appliance[i].name;
	for (size_t i = 0; i < c->groups; i++)
		known[count++] = c->group[i].name;
	suggest_want(name, known, count, text);
	free(known);
}
