/* The files in which a machine describes itself: /sys and /proc, of this machine or of a recorded
 * tree.
 *
 * What they say is text from outside: reads are bounded, only regular files are read, and a link
 * leads nowhere out of the tree (RESOLVE_IN_ROOT). Nothing is ever written. Paths are relative to
 * the tree ("sys/class/net").
 */
#ifndef PORTOLAN_MACHINE_FILES_H
#define PORTOLAN_MACHINE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHINE_PATH_BYTES 256
#define MACHINE_TEXT_BYTES 8192
#define MACHINE_NAME_BYTES 64
#define MACHINE_NAMES_MAX 512

struct machine_files {
	int root; /* descriptor */
	bool is_live;
};

/* Names of a folder, sorted; what is longer than a name may be, or finds no place, is counted. */
struct machine_names {
	char name[MACHINE_NAMES_MAX][MACHINE_NAME_BYTES];
	size_t count, left_out;
};

/* `root` NULL: this machine. 0 or a negative errno. */
int machine_files_open(struct machine_files *, const char *root);
void machine_files_close(struct machine_files *);

/* Reads a file as text without white space at its end; NUL bytes read '?'. 0 or a negative errno;
 * -EFBIG: it is longer, and `text` has its beginning. */
int machine_text(const struct machine_files *, const char *path, char *text, size_t bytes);

/* Reads a file that is a decimal number and nothing else. 0 or a negative errno. */
int machine_number(const struct machine_files *, const char *path, uint64_t *);

/* Where a symbolic link leads, as it is written there. 0 or a negative errno. */
int machine_link(const struct machine_files *, const char *path, char *target, size_t bytes);

/* Names in a folder that begin with `start`. 0 or a negative errno. */
int machine_names(
	const struct machine_files *, const char *path, const char *start, struct machine_names *);

bool machine_has(const struct machine_files *, const char *path);

/* `format` made a path; what does not fit is cut, and found nowhere. */
const char *machine_path(char path[MACHINE_PATH_BYTES], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
