/* What people write down about a finding: notes and acknowledgements. Written beside a running
 * sensor too; SQLite's lock is held for the write alone.
 */
#ifndef PORTOLAN_NOTES_H
#define PORTOLAN_NOTES_H

#include <stdint.h>

#include "store/database.h"

struct note {
	const char *finding, *author;
	const char *text; /* NULL: an acknowledgement */
	uint64_t at_ns;
};

/* 0, or a negative errno with the reason in `why`. */
int note_write(const char *folder, const struct note *, char why[DATABASE_WHY_BYTES]);

#endif
