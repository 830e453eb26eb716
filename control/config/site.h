/* A site, read from its file: appliances, changes to the profile's features, its own rules, capture
 * and limits. Every value is checked by itself here; conflicts between values (moved ports,
 * addresses of two roles) are checked when rules and appliances are built.
 *
 * All memory but the settings comes from the caller's arena, so a site is never closed.
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
#define SITE_MIRRORS_MAX 64 /* compared one by one for every tunnel */
#define SITE_PEERS_MAX 1024 /* of one feature; compared one by one for a new flow */

struct site_appliance {
	const char *name;
	enum role role;
	char **address, **except_text,
		**mac; /* as written; what comes of a group or a range as networks */
	struct prefix *prefix;
	struct prefix *except; /* addresses in there that are no appliances */
	uint64_t *mac_number;
	size_t addresses, excepts, macs;
	unsigned line;
	unsigned *address_line, *except_line, *mac_line;
};

/* The documented port `from` has moved to `to` at this site. */
struct site_move {
	uint16_t from, to;
	enum transport transport;
	unsigned line;
};

/* A feature's settings; every feature has an entry. */
struct site_feature {
	const char *name;
	bool enabled;
	bool is_bound; /* the site sets its peers */
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
	struct site_feature *feature; /* in order of first appearance, those of the profile first */
	size_t features;
	struct profile_row *extra;
	size_t extras;
	bool flags_implied;		/* rows that are implied are left out */
	uint8_t protocol[256];		/* verdicts, as in struct policy */
	struct prefix *mirror_endpoint; /* end of a mirror's own tunnel */
	size_t mirror_endpoints;
	uint64_t warmup_ns, silence_ns;
	struct flow_timeouts timeouts;
	struct settings *settings; /* owned: to be freed or handed over */
};

/* Sets the defaults, for no site or keys that the site does not set. */
void site_default(struct site *, const struct profile *, struct arena *);

/* 0, or -EINVAL with every mistake in the errors. */
int site_read(struct site *, const struct document *, const struct profile *, struct arena *,
	struct errors *);

/* The default verdict for flows of an IP protocol without ports. */
int protocol_default(unsigned number);

#endif
