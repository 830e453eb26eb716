/* Lists of addresses as a site writes them: addresses, networks, ranges and names of groups.
 *
 * A group (`groups:` of the site) is such a list with a name; groups may name other groups. Every
 * list becomes prefixes, a range as few as possible. All memory comes from the reader's arena.
 */
#ifndef PORTOLAN_ADDRESS_LIST_H
#define PORTOLAN_ADDRESS_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"

struct arena;
struct document;
struct errors;

#define ADDRESS_LIST_MAX 65536 /* prefixes of one list */
#define ADDRESS_TOTAL_MAX 1000000
#define ADDRESS_GROUPS_DEEP 16

struct address_list {
	struct prefix *prefix;
	char **text; /* each as it is written, or as a prefix where it comes of a group or range */
	unsigned *line; /* where each is named */
	bool *is_own;	/* named for itself, not by a group */
	size_t count, room;
};

struct address_group {
	const char *name;
	int node;
	unsigned line;
	struct address_list list;
	bool is_read, is_being_read, is_used;
};

/* What is read and from what; `rc` is -EINVAL once there was a mistake, all of which are in the
 * errors. */
struct address_reader {
	const struct document *document;
	struct arena *arena;
	struct errors *errors;
	struct address_group *group;
	size_t groups, total;
	unsigned depth;
	bool is_full; /* which was said */
	int rc;
};

/* Reads `groups` of the document: call it before any list. */
void address_reader_open(struct address_reader *);

/* Reads the list at `node`; `key` is for errors. A missing node is an empty list. */
struct address_list address_list_read(struct address_reader *, int node, const char *key);

#endif
