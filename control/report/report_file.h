/* The report of a replay as a file: opened before, so that errors show at the start, and put in
 * place when it is whole. The store that it is made of is the replay's, or one for the time being.
 */
#ifndef PORTOLAN_REPORT_FILE_H
#define PORTOLAN_REPORT_FILE_H

#include "sink/json_lines.h"

struct report_file {
	struct json_lines page;
	char folder[64]; /* of a store that goes with the report; "": there is none */
};

/* 0 or a negative errno. `store`: the folder of the replay's store, or NULL: one is made, whose
 * folder is in `folder`. */
int report_file_open(struct report_file *, const char *path, const char *store);

/* Writes what the store has, once it is closed: 0 or a negative errno. */
int report_file_write(struct report_file *, const char *store);

/* Discards the file if it was not written, and removes the store that was made. */
void report_file_close(struct report_file *);

#endif
