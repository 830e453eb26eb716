#include "analysis/declared_channels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/channels.h"
#include "base/heap.h"
#include "policy/ruleset.h"

static uint32_t pair_of(uint16_t a, uint16_t b)
{
	return a < b ? (uint32_t)a << 16 | b : (uint32_t)b << 16 | a;
}

static int pair_compare(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static bool class_needs(const struct ruleset *c, uint32_t class)
{
	for (size_t i = 0; i < c->class[class].rules; i++) {
		uint32_t rule = c->class[class].rule[i];
		if (c->policy->rule[rule].enabled &&
			c->policy->rule[rule].peers & (PEERS_INVENTORY | PEERS_MANAGERS) &&
			strcmp(c->rule[rule].feature, CHANNEL_FEATURE) == 0)
			return true;
	}
	return false;
}

int declared_channels_open(
	struct declared_channels *d, const struct ruleset *c, const struct channels *channels)
{
	*d = (struct declared_channels){.ruleset = c};
	d->pair = heap_calloc(channels->count + 1, sizeof(*d->pair));
	d->needs = heap_calloc(c->policy->classes + 1u, sizeof(*d->needs));
	if (!d->pair || !d->needs) {
		declared_channels_close(d);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < c->policy->classes; i++)
		d->needs[i] = class_needs(c, i);
	for (const struct channel *ch = channels->first; ch; ch = ch->hh.next)
		d->pair[d->count++] = pair_of(ch->key.appliance[0], ch->key.appliance[1]);
	qsort(d->pair, d->count, sizeof(*d->pair), pair_compare);
	return 0;
}

void declared_channels_close(struct declared_channels *d)
{
	free(d->pair);
	free(d->needs);
	*d = (struct declared_channels){.ruleset = NULL};
}

static const struct policy_class *class_of(const struct declared_channels *d, size_t appliance)
{
	return &d->ruleset->policy->class[d->ruleset->class_of[appliance]];
}

bool declared_channels_names(const struct declared_channels *d, size_t appliance)
{
	return class_of(d, appliance)->managers > 0;
}

bool declared_channels_needs(const struct declared_channels *d, size_t appliance)
{
	return d->needs[d->ruleset->class_of[appliance]];
}

uint16_t declared_channels_missing(
	const struct declared_channels *d, size_t appliance, uint32_t *at)
{
	const struct policy_class *class = class_of(d, appliance);

	while (*at < class->managers && declared_channels_needs(d, appliance)) {
		uint16_t manager = d->ruleset->policy->manager[class->manager_first + (*at)++];
		uint32_t pair = pair_of((uint16_t)appliance, manager);
		if (manager != appliance &&
			!bsearch(&pair, d->pair, d->count, sizeof(pair), pair_compare))
			return manager;
	}
	return APPLIANCE_NONE;
}
