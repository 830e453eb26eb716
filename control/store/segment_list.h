/* The segments of a folder, oldest first. */
#ifndef PORTOLAN_SEGMENT_LIST_H
#define PORTOLAN_SEGMENT_LIST_H

#include <stddef.h>
#include <stdint.h>

struct segment_file {
	uint64_t hour_ns, bytes; /* with those of its journal */
};

struct segment_list {
	struct segment_file *file;
	size_t count;
};

/* 0 or a negative errno; the list is to be freed in any case. */
int segment_list_read(struct segment_list *, const char *folder);
void segment_list_free(struct segment_list *);

/* Path of an hour's segment. */
#define SEGMENT_PATH_BYTES 4200
void segment_path(const char *folder, uint64_t hour_ns, char[SEGMENT_PATH_BYTES]);

#endif
