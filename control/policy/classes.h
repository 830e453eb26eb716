/* Which appliances have the same rules: the classes of a site.
 *
 * The first classes are the roles' own, by number: profile, switches and rules that the site gives
 * to no appliance in particular. An appliance that has a profile, switches, managers or rules of
 * its own shares a class with those that have the same; its data interfaces have one more.
 */
#ifndef PORTOLAN_CLASSES_H
#define PORTOLAN_CLASSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verdict.h"

struct arena;
struct errors;
struct profile;
struct site;
struct site_feature;

struct class_plan {
	enum role role;
	bool is_data;
	const struct profile *profile;
	const struct site_feature *feature; /* by number, all of them */
	const uint32_t *extra;		    /* numbers of the site's rules, ascending */
	size_t extras;
	const uint32_t *manager; /* numbers of appliances: */
	size_t managers;	 /* if any, appliance communications only with these */
	bool allows_devices;	 /* and with managed devices */
	size_t appliances;	 /* that are in it */
	size_t data_class;	 /* its own number: data interfaces are not told apart */
};

struct class_list {
	struct class_plan *plan;
	size_t count;
	uint8_t *of; /* by appliance */
};

/* Everything in the arena. 0, or -EINVAL with an error where they are too many. */
int classes_plan(struct class_list *, const struct site *, struct arena *, struct errors *);

#endif
