/* A site as its file says: appliances, what it changes in the profile's features, its own
 * rules, capture and limits. Every value is checked by itself here; whether they fit together
 * (ports onto each other, addresses of two roles) is the rules' and the appliance list's business.
 *
 * Everything but the settings lies in the arena that the caller gives, so a site is never closed.
 */
#ifndef PORTOLAN_SITE_H
#define PORTOLAN_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/profile.h"
#include "inventory.h"
#include "timeouts.h"

struct arena;
struct errors;
struct document;
struct settings;

#define SITE_FLOWS_MAX (1u << 26)
#define SITE_MIRRORS_MAX 64 /* every tunnel tries them one by one */
#define SITE_PEERS_MAX 1024 /* of one feature; a new flow tries them one by one */

struct site_appliance {
	const char *name;
	enum role role;
	char **address, **mac; /* as written */
	struct prefix *prefix;
	uint64_t *mac_number;
	size_t addresses, macs;
	unsigned line;
	unsigned *address_line, *mac_line;
};

/* The documented port `from` is `to` at this site. */
struct site_move {
	uint16_t from, to;
	enum transport transport;
	unsigned line;
};

/* What the site says of one feature; one for every feature there is. */
struct site_feature {
	const char *name;
	bool enabled;
	bool is_bound; /* the site says something of peers */
	enum peers peers;
	struct prefix *peer;
	size_t peer_count;
	struct site_move *move;
	size_t moves;
};

struct site {
	const char *file; /* NULL: no site, only defaults */
	struct site_appliance *appliance;
	size_t appliances;
	struct site_feature *feature; /* in order of first appearance, the profile's first */
	size_t features;
	struct profile_row *extra;
	size_t extras;
	uint8_t protocol[256];		/* as struct policy has it */
	struct prefix *mirror_endpoint; /* a mirror's own transport ends there */
	size_t mirror_endpoints;
	uint64_t warmup_ns, silence_ns;
	struct flow_timeouts timeouts;
	struct settings *settings; /* in memory of their own: to be freed, or handed on */
};

/* What holds where there is no site, or where the site is silent. */
void site_default(struct site *, const struct profile *, struct arena *);

/* 0, or -EINVAL with every mistake told. */
int site_read(struct site *, const struct document *, const struct profile *, struct arena *,
	struct errors *);

/* The verdict for flows of an IP protocol without ports, where no site says otherwise. */
int protocol_default(unsigned number);

#endif
