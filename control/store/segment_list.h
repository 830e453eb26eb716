/* The files of a store: its segments, oldest first, and their paths. */
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

/* A segment and what SQLite has beside it: calls `each` with every path, the segment's own last. */
typedef void segment_taker(void *context, const char *path);
void segment_files(const char *folder, uint64_t hour_ns, segment_taker *each, void *context);

/* Path of state.db. */
void state_path(const char *folder, char[SEGMENT_PATH_BYTES]);

#endif
