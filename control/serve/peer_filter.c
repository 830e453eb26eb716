#include "serve/peer_filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/literal.h"
#include "config/address_list.h"
#include "policy/ruleset.h"
#include "policy/site_names.h"

static int keep_networks(
	struct peer_filter *f, const struct prefix *prefix, size_t count, char *why, size_t bytes)
{
	f->prefix = calloc(count + 1, sizeof(*prefix));
	if (!f->prefix) {
		snprintf(why, bytes, "no more memory");
		return -ENOMEM;
	}
	if (count)
		memcpy(f->prefix, prefix, count * sizeof(*prefix));
	f->prefixes = count;
	f->bytes = count * sizeof(*prefix);
	return 0;
}

int peer_filter_init(
	struct peer_filter *f, const char *text, const struct ruleset *c, char *why, size_t bytes)
{
	char want[SUGGEST_TEXT_BYTES];
	struct prefix network;
	struct site_name name;
	int rc = literal_prefix(text, &network);

	*f = (struct peer_filter){.appliance = NULL};
	if (rc == 0 || rc == -EDOM)
		return keep_networks(f, &network, 1, why, bytes);
	name = site_name_find(c, text);
	if (name.group)
		return keep_networks(
			f, name.group->list.prefix, name.group->list.count, why, bytes);
	if (name.appliance) {
		f->appliance = strdup(text);
		snprintf(why, bytes, "no more memory");
		return f->appliance ? 0 : -ENOMEM;
	}
	site_name_want(c, text, want);
	snprintf(why, bytes,
		"peer: found '%.60s'; want an address, a network, or an appliance or group: %.120s",
		text, want);
	return -EINVAL;
}

void peer_filter_fini(struct peer_filter *f)
{
	free(f->appliance);
	free(f->prefix);
	*f = (struct peer_filter){.appliance = NULL};
}

static bool fits_end(
	const struct peer_filter *f, const struct record *r, unsigned end, const struct ruleset *c)
{
	if (f->appliance)
		return r->appliance[end] < c->appliances &&
		       strcmp(c->appliance[r->appliance[end]].name, f->appliance) == 0;
	for (size_t i = 0; i < f->prefixes; i++)
		if (prefix_contains(&f->prefix[i], &r->address[end], r->version))
			return true;
	return false;
}

bool peer_filter_fits(const struct peer_filter *f, const struct record *r, const struct ruleset *c)
{
	return fits_end(f, r, 0, c) || fits_end(f, r, 1, c);
}
