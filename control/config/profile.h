/* A profile: the documented port table of one product version, read from its file.
 *
 * Read with a schema from YAML, after the profile that it extends. All memory comes from the
 * caller's arena, so a profile is never closed.
 *
 *     name: on-premises-7
 *     extends: cloud-delivered       # a shipped profile, or a path relative to this file
 *     inherited: recalled            # only with `extends`: nobody has read its rows for this
 * version remove:                        # only with `extends`: rows of it, each found exactly once
 *       - {role: …, direction: …, port: …, transport: …, feature: …}
 *     add:                           # only with `extends`; a profile of its own has `rows`
 *       - {role: …, direction: …, port: …, transport: …, feature: …, service: tls,
 *          description: …, source: …, status: verified, required: no, configurable: no,
 *          movable: no, peers: any, interface: management}
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

/* The feature that channels between appliances are made of. */
#define CHANNEL_FEATURE "appliance-communications"

/* Whether a row was checked against the documentation or written from memory, or is none of the
 * documentation's: its feature cannot do without it. */
enum rule_status { RULE_VERIFIED, RULE_RECALLED, RULE_IMPLIED };

/* Of an appliance's interfaces, those that a row holds on where the site tells them apart. */
enum rule_interface { INTERFACE_MANAGEMENT, INTERFACE_DATA, INTERFACE_ANY };

/* Also used for a site's extra rules. */
struct profile_row {
	enum role role;
	enum direction direction;
	enum transport transport;
	uint16_t port;
	const char *feature;
	service_mask services;
	const char *service; /* as written, '|' between several; empty: none */
	const char *description, *source, *origin;
	enum rule_status status;
	enum peers peers; /* PEERS_ANY or PEERS_INVENTORY */
	enum rule_interface interface;
	bool required, configurable;
	bool movable; /* its port may be moved: it is configurable, or known to be so elsewhere */
	bool unattended;  /* its traffic needs nobody: silence there is worth a finding */
	const char *file; /* where the row is defined */
	unsigned line;
};

struct profile {
	const char *name, *version, *source, *description;
	struct profile_row *row;
	const struct profile_row **shared; /* by row: itself, or the same row of another profile */
	size_t rows;
};

/* Opens the profile `name`: a shipped one, or a path relative to the file of `asker` (NULL: to the
 * working directory). Errors point to `node` of `asker`. */
int profile_open(struct profile *, const char *name, const struct document *asker, int node,
	struct arena *, struct errors *);

/* The profile in a document that is already open. */
int profile_from_document(
	struct profile *, const struct document *, struct arena *, struct errors *);

/* Reads `service:` at `node`, a text or a list, as a mask and as text. 0; -EINVAL with an error. */
int profile_services(
	struct profile_row *, const struct document *, int node, struct arena *, struct errors *);

/* As profiles write it. */
const char *rule_status_name(enum rule_status);

/* Reads every row that another profile has, too, as that profile's: then it is one rule. */
void profile_share_rows(struct profile *, const struct profile *other);

/* Whether two rows have the same role, direction, transport and port. */
bool profile_rows_meet(const struct profile_row *, const struct profile_row *);

#endif
