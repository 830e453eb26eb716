/* A draft of a site's inventory, from what people have: a table of appliances (CSV), or the device
 * records of a management center (JSON).
 *
 * All texts lie in the arena. What cannot be used is an error, all of which are told at once; what
 * only a person can complete stays in the draft, with the reason (`doubt`). Names are resolved
 * nowhere.
 */
#ifndef PORTOLAN_DRAFT_H
#define PORTOLAN_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "verdict.h"

#define DRAFT_BYTES_MAX ((size_t)8 << 20) /* a device record has some 5 KB */
#define DRAFT_FAULTS_MAX 100		  /* then nothing more is read */
#define DRAFT_NAME_BYTES 63

struct arena;
struct errors;

enum draft_key {
	DRAFT_ADDRESSES,
	DRAFT_DATA_ADDRESSES,
	DRAFT_ALIASES,
	DRAFT_MACS,
	DRAFT_MANAGERS,
	DRAFT_KEYS
};

struct draft_list {
	const char **text;
	size_t count, room;
};

struct draft_appliance {
	const char *name;
	enum role role;
	struct draft_list list[DRAFT_KEYS];
	const char *profile; /* NULL: the site's */
	const char *remark;  /* for a comment, or NULL */
	const char *doubt;   /* why a person has to complete it, or NULL */
	const char *where;   /* for errors: `FILE:LINE` */
	const char *manager; /* as a table has them; resolved when all names are known */
};

struct draft {
	const char *file;
	struct arena *arena;
	struct errors *errors;
	struct draft_appliance *appliance;
	size_t appliances, room;
	const char *profile; /* of the site */
	const char *ignored; /* columns that were not read; "" */
	bool are_records;    /* of a management center, which is not among them */
	unsigned long left;  /* records that the answer says there are, beyond those in it */
	unsigned faults;
};

/* Key of a site. */
const char *draft_key_name(enum draft_key);

/* Reads a table or records, whichever the bytes are. `file`, `arena` and `errors` are set. `text`
 * has one byte more than `size`, and all are overwritten. 0; -EINVAL with the errors; -ENOMEM. */
int draft_read(struct draft *, char *text, size_t size);

/* Adds the management center of device records: `NAME=ADDRESS`. 0; -EINVAL with the errors. */
int draft_add_manager(struct draft *, const char *text);

/* ---- for those who read ---- */

int draft_read_table(struct draft *, char *text, size_t size);
int draft_read_records(struct draft *, const char *text, size_t size);

/* An error, with where it is. -EINVAL. */
int draft_fail(struct draft *, const char *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* NULL: there are too many, which was told. The name is checked. */
struct draft_appliance *draft_add(struct draft *, const char *name, const char *where);

/* Adds an address, a network or a MAC address, as the key wants it. */
void draft_add_value(struct draft *, struct draft_appliance *, enum draft_key, const char *text);

/* The same for each of several, with blanks, `;` or `|` between them. Overwrites the text. */
void draft_add_values(struct draft *, struct draft_appliance *, enum draft_key, char *text);

#endif
