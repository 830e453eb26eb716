/* A profile: the documented port table of one product version, as its file says.
 *
 * Read with a schema from YAML, the profile that it extends first. Everything lies in the
 * arena that the caller gives, so a profile is never closed.
 *
 *     name: on-premises-7
 *     extends: cloud-delivered       # a name on the folder of profiles, or a path beside this file
 *     remove:                        # only with `extends`: rows of it, each found exactly once
 *       - {role: …, direction: …, port: …, transport: …, feature: …}
 *     add:                           # only with `extends`; a profile of its own has `rows`
 *       - {role: …, direction: …, port: …, transport: …, feature: …, service: tls,
 *          description: …, source: …, status: verified}
 */
#ifndef PORTOLAN_PROFILE_H
#define PORTOLAN_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy.h"
#include "service.h"

struct arena;
struct errors;
struct document;

#define PROFILE_ROWS_MAX 4096
#define PROFILE_DEFAULT "cloud-delivered"

/* How far a row is known: read in the documentation itself, or told from memory. */
enum rule_status { RULE_VERIFIED, RULE_RECALLED };

/* Also what a site's extra rule becomes. */
struct profile_row {
	enum role role;
	enum direction direction;
	enum transport transport;
	uint16_t port;
	const char *feature;
	service_mask services;
	const char *service; /* as written, '|' between several; empty for none */
	const char *description, *source, *origin;
	enum rule_status status;
	enum peers peers; /* PEERS_ANY or PEERS_INVENTORY */
	bool required, configurable;
	const char *file; /* where the row stands */
	unsigned line;
};

struct profile {
	const char *name, *version, *source, *description;
	struct profile_row *row;
	size_t rows;
};

/* The profile called `name`; a path is taken as seen from the folder of the file `beside`
 * (NULL: from here). `node` of `asker`, where there is one, is the place to complain about. */
int profile_open(struct profile *, const char *name, const struct document *asker, int node,
	struct arena *, struct errors *);

/* The profile in a document that is open already. */
int profile_from_document(
	struct profile *, const struct document *, struct arena *, struct errors *);

/* The words of `service:` at `node`, one or a list, as a mask and as text. 0; -EINVAL, told. */
int profile_services(
	struct profile_row *, const struct document *, int node, struct arena *, struct errors *);

/* Whether two rows speak of the same role, direction, transport and port. */
bool profile_rows_meet(const struct profile_row *, const struct profile_row *);

#endif
