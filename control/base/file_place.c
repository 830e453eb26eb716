#include "base/file_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_trusted(uid_t owner)
{
	return owner == 0 || owner == geteuid();
}

/* Splits `path` into folder and name, and opens the folder. */
static int open_folder(struct file_place *p)
{
	char *slash = strrchr(p->path, '/');

	p->name = slash ? slash + 1 : p->path;
	if (!*p->name)
		return -EISDIR;
	if (!slash) {
		p->folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	} else if (slash == p->path) {
		p->folder = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	} else {
		*slash = '\0';
		p->folder = open(p->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		*slash = '/';
	}
	return p->folder < 0 ? -errno : 0;
}

static int look(struct file_place *p, struct stat *st)
{
	if (fstatat(p->folder, p->name, st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	p->exists = true;
	p->is_regular = S_ISREG(st->st_mode);
	p->is_socket = S_ISSOCK(st->st_mode);
	p->is_fifo = S_ISFIFO(st->st_mode);
	return 0;
}

/* A link to what is no file with a path (a pipe that /dev/stdout leads to) stays a link. */
static int follow(struct file_place *p, const struct stat *link)
{
	char *target;

	if (!is_trusted(link->st_uid))
		return -ELOOP;
	target = realpath(p->path, NULL);
	if (!target)
		return errno == ENOENT ? 0 : -errno;
	close(p->folder);
	p->folder = -1;
	free(p->path);
	p->path = target;
	return open_folder(p);
}

int file_place_find(struct file_place *p, const char *path)
{
	struct stat st = {.st_mode = 0};
	int error;

	*p = (struct file_place){.folder = -1, .path = strdup(path)};
	if (!p->path)
		return -ENOMEM;
	error = open_folder(p);
	if (error == 0)
		error = look(p, &st);
	if (error == 0 && p->exists && S_ISLNK(st.st_mode)) {
		error = follow(p, &st);
		if (error == 0)
			error = look(p, &st);
	}
	if (error < 0)
		file_place_fini(p);
	return error;
}

void file_place_fini(struct file_place *p)
{
	if (p->folder >= 0)
		close(p->folder);
	free(p->path);
	*p = (struct file_place){.folder = -1};
}

bool file_place_is_shared(const struct file_place *p)
{
	struct stat st;

	if (fstat(p->folder, &st) < 0)
		return true;
	return !is_trusted(st.st_uid) ||
	       (st.st_mode & (S_IWGRP | S_IWOTH) && !(st.st_mode & S_ISVTX));
}

const char *file_place_error(int error)
{
	if (error == -ELOOP)
		return "a symbolic link of another user; want the file itself";
	if (error == -EMLINK)
		return "a file with several names, in a folder of another user; want one of its "
		       "own";
	return strerror(-error);
}
