/* The place of a file: its folder, held open, and its name in there.
 *
 * Files and sockets are made relative to a folder that is held by descriptor, so that nobody who
 * may rename folders on the way moves the place in between. A symbolic link is followed only where
 * it belongs to root or to the user of this process: a link of anybody else could name a file that
 * is not theirs. The last component is then opened without following links.
 */
#ifndef PORTOLAN_FILE_PLACE_H
#define PORTOLAN_FILE_PLACE_H

#include <stdbool.h>

struct file_place {
	int folder;	  /* descriptor (O_PATH); -1: none */
	char *path;	  /* as resolved, owned */
	const char *name; /* last component of `path` */
	bool exists, is_regular, is_socket, is_fifo;
};

/* 0 or a negative errno: -ELOOP for a link of another user, -ENOENT without the folder. The file
 * itself need not exist. */
int file_place_find(struct file_place *, const char *path);
void file_place_fini(struct file_place *);

/* True if others than root and the user of this process may replace files in the folder: it is
 * theirs, or they may write to it without the sticky bit. */
bool file_place_is_shared(const struct file_place *);

/* What -ELOOP and -EMLINK of a place mean; strerror() of any other error. */
const char *file_place_error(int error);

#endif
