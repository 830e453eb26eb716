/* The folder of the evidence: which files are there, how much they hold, and the oldest out.
 *
 * Held open, so that nobody who may rename folders on the way moves it; files are made in it
 * without following links, and only files with names of ours are ever removed. Looked through once,
 * when it is opened.
 */
#ifndef PORTOLAN_EVIDENCE_FOLDER_H
#define PORTOLAN_EVIDENCE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVIDENCE_NAME_BYTES 64

struct evidence_file {
	char name[EVIDENCE_NAME_BYTES];
	uint64_t bytes;
};

struct evidence_folder {
	char *path;
	int fd;			    /* -1: none */
	struct evidence_file *file; /* oldest first; the last one is written to if `is_open` */
	size_t files, room;
	uint64_t bytes; /* of all of them */
	bool is_open;
};

/* Makes the folder where it is missing. 0 or a negative errno. */
int evidence_folder_open(struct evidence_folder *, const char *path);
void evidence_folder_close(struct evidence_folder *);

/* A new file, named by this time; its name in `name`. A descriptor, or a negative errno. */
int evidence_folder_create(
	struct evidence_folder *, uint64_t time_ns, char name[EVIDENCE_NAME_BYTES]);

/* So many bytes more are in the file that was made last. */
void evidence_folder_grow(struct evidence_folder *, uint64_t bytes);

/* Nothing more is written to it. */
void evidence_folder_done(struct evidence_folder *);

/* Removes the oldest files until no more than `bytes` are left, but never the one that is written
 * to. Returns how many went. */
size_t evidence_folder_trim(struct evidence_folder *, uint64_t bytes);

/* Whether it is the name of such a file. */
bool evidence_folder_is_name(const char *name);

/* The names in the folder `fd`, oldest first: an array to be freed, or NULL. */
int evidence_folder_list(int fd, struct evidence_file **file, size_t *files);

#endif
