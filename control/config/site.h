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

struct address_group;
struct arena;
struct errors;
struct document;
struct settings;

#define SITE_FLOWS_MAX (1u << 26)
#define SITE_MIRRORS_MAX 64 /* compared one by one for every tunnel */
#define SITE_PEERS_MAX 1024 /* of one list; compared one by one for a new flow */
#define SITE_PROFILES_MAX 32
#define SITE_EXTRAS_MAX 32768
#define SITE_BINDINGS_MAX 1024
#define SITE_PAIRS_MAX 4096

/* The documented port `from` has moved to `to` at this site. */
struct site_move {
	uint16_t from, to;
	enum transport transport;
	unsigned line;
};

/* Who may be the peer. */
struct site_peers {
	bool is_set;
	enum peers peers;
	struct prefix *prefix; /* for PEERS_LISTED */
	size_t count;
};

/* A feature's settings; every feature has an entry. */
struct site_feature {
	const char *name;
	bool enabled;
	struct site_peers peers;
	struct site_move *move;
	size_t moves;
	unsigned line; /* where it is set; 0: nowhere */
};

struct site_appliance {
	const char *name;
	enum role role;
	/* as written; what comes of a group or a range as networks */
	char **address, **except_text, **mac;
	struct prefix *prefix;
	struct prefix *except; /* addresses in there that are no appliances */
	struct prefix *data;   /* of its addresses, those of data interfaces */
	uint64_t *mac_number;
	size_t addresses, excepts, datas, macs;
	unsigned line;
	unsigned *address_line, *except_line, *mac_line;
	bool *except_is_own;	      /* named for itself, not by a group */
	size_t profile;		      /* of site.profile */
	struct site_feature *feature; /* by number, all of them; NULL: the site's */
	uint32_t *manager;	      /* numbers of appliances, ascending */
	size_t managers;
	unsigned managers_line; /* 0: nobody was named */
};

/* Rules of the site's own: one for each port or range, direction and role. */
struct site_extra {
	struct profile_row row;
	uint16_t port_last;
	struct site_peers peers;
	uint32_t *appliance; /* numbers, ascending; NULL: all of the role */
	size_t appliances;
};

/* A port bound to peers, whatever its features. */
struct site_binding {
	enum role role;
	enum direction direction;
	enum transport transport;
	uint16_t port;
	struct site_peers peers;
	unsigned line;
};

/* Two appliances between which everything is allowed. */
struct site_pair {
	uint32_t appliance[2];
	const char *feature;
	unsigned line;
};

struct site {
	const char *file;	   /* NULL: no site, only defaults */
	struct profile **profile;  /* the site's own first, then those of appliances */
	const char **profile_name; /* as appliances name them; "" of the site's own */
	size_t profiles;
	struct site_appliance *appliance;
	size_t appliances;
	struct address_group *group; /* named lists of addresses */
	size_t groups;
	struct site_feature *feature; /* in order of first appearance, those of the profile first */
	size_t features;
	struct site_extra *extra;
	size_t extras;
	struct site_binding *binding;
	size_t bindings;
	struct site_pair *pair;
	size_t pairs;
	bool flags_implied;		/* rows that are implied are left out */
	uint8_t protocol[256];		/* verdicts, as in struct policy */
	struct prefix *mirror_endpoint; /* end of a mirror's own tunnel */
	size_t mirror_endpoints;
	uint64_t warmup_ns, silence_ns;
	struct flow_timeouts timeouts;
	char **warning; /* of what has no effect */
	size_t warnings;
	struct settings *settings; /* owned: to be freed or handed over */
};

/* Sets the defaults, for no site or keys that the site does not set. */
void site_default(struct site *, struct profile *, struct arena *);

/* Opens the profiles that appliances of the document name, after the site's own, which is the first
 * of `site->profile`. 0, or an error as of profile_open(). */
int site_open_profiles(struct site *, const struct document *, struct profile *own, struct arena *,
	struct errors *);

/* Reads everything else, with the profiles that are open. 0, or -EINVAL with every mistake in the
 * errors. */
int site_read(struct site *, const struct document *, struct arena *, struct errors *);

/* Whether two settings of a feature say the same, wherever they stand. */
bool site_feature_equals(const struct site_feature *, const struct site_feature *);
bool site_peers_equal(const struct site_peers *, const struct site_peers *);

/* The default verdict for flows of an IP protocol without ports. */
int protocol_default(unsigned number);

#endif
