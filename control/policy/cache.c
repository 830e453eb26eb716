#include "policy/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_DIGITS (2 * CACHE_DIGEST_BYTES)
#define CACHE_ENTRY_SUFFIX ".jar"
#define NAME_BYTES (KEY_DIGITS + 32)
#define OTHERS_MAY_WRITE (S_IWGRP | S_IWOTH)

/* ---- the folder ---- */

static int is_ours(int fd, mode_t type, mode_t forbidden, struct stat *st)
{
	if (fstat(fd, st) < 0)
		return -errno;
	if ((st->st_mode & S_IFMT) != type || st->st_uid != geteuid() || st->st_mode & forbidden)
		return -EPERM;
	return 0;
}

static int folder_at(int parent, const char *name, mode_t forbidden)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;
	struct stat st;

	if (fd < 0)
		return -errno;
	error = is_ours(fd, S_IFDIR, forbidden, &st);
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

static int folder_made(const char *path)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	return folder_at(AT_FDCWD, path, 0);
}

/* Opens folder `name` in `parent`, if it is ours, and closes `parent`; creates it if missing. */
static int folder_within(int parent, const char *name, mode_t forbidden)
{
	int fd;

	if (parent < 0)
		return parent;
	if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
		fd = -errno;
	else
		fd = folder_at(parent, name, forbidden);
	close(parent);
	return fd;
}

/* NULL if not set, or not an absolute path. */
static const char *environment(const char *name)
{
	const char *value = secure_getenv(name);

	return value && *value == '/' ? value : NULL;
}

static int folder_open(void)
{
	const char *own = secure_getenv("PORTOLAN_CACHE");
	const char *systems = environment("CACHE_DIRECTORY");
	const char *users = environment("XDG_CACHE_HOME"), *home = environment("HOME");

	if (own && *own && *own != '/')
		return -ENOENT;
	if (own && *own)
		return folder_within(folder_made(own), ".", OTHERS_MAY_WRITE);
	if (systems)
		return folder_at(AT_FDCWD, systems, OTHERS_MAY_WRITE);
	if (users)
		return folder_within(folder_made(users), "portolan", OTHERS_MAY_WRITE);
	if (!home)
		return -ENOENT;
	return folder_within(folder_within(folder_at(AT_FDCWD, home, 0), ".cache", 0), "portolan",
		OTHERS_MAY_WRITE);
}

int cache_open(struct cache *c)
{
	c->folder = folder_open();
	return c->folder < 0 ? c->folder : 0;
}

void cache_close(struct cache *c)
{
	if (c->folder >= 0)
		close(c->folder);
	c->folder = -1;
}

/* ---- reading ---- */

static void name_write(char name[NAME_BYTES], const struct cache_key *key)
{
	for (unsigned i = 0; i < CACHE_DIGEST_BYTES; i++)
		sprintf(name + 2 * i, "%02x", key->byte[i]);
	strcpy(name + KEY_DIGITS, CACHE_ENTRY_SUFFIX);
}

/* Opens without blocking on a pipe and without following a link. */
static int entry_file(const struct cache *c, const char *name, size_t *size)
{
	int fd = openat(c->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), error;
	struct stat st;

	if (fd < 0)
		return -errno;
	error = is_ours(fd, S_IFREG, OTHERS_MAY_WRITE, &st);
	if (error == 0 && (st.st_size < CACHE_HEADER_BYTES || st.st_size > CACHE_ENTRY_BYTES_MAX))
		error = -EINVAL;
	if (error == 0) {
		*size = (size_t)st.st_size;
		return fd;
	}
	close(fd);
	return error;
}

static int read_all(int fd, uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t got = read(fd, bytes + at, size - at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EINVAL;
		at += (size_t)got;
	}
	return 0;
}

uint8_t *cache_get(const struct cache *c, const struct cache_key *key,
	struct cache_part part[CACHE_ENTRY_PARTS], int *error)
{
	char name[NAME_BYTES];
	uint8_t *bytes;
	size_t size = 0;
	int fd;

	name_write(name, key);
	fd = entry_file(c, name, &size);
	if (fd < 0) {
		*error = fd;
		return NULL;
	}
	bytes = malloc(size);
	*error = bytes ? read_all(fd, bytes, size) : -ENOMEM;
	close(fd);
	if (*error == 0)
		*error = cache_entry_read(key, bytes, size, part);
	if (*error == 0)
		return bytes;
	free(bytes);
	return NULL;
}

/* ---- writing ---- */

/* Cache entries, and temporary files left by an interrupted write. */
static bool is_entry(const char *name)
{
	return strspn(name, "0123456789abcdef") == KEY_DIGITS &&
	       strncmp(name + KEY_DIGITS, CACHE_ENTRY_SUFFIX, strlen(CACHE_ENTRY_SUFFIX)) == 0;
}

static bool is_older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* The number of entries, and the name of the oldest. */
static unsigned entries_count(DIR *folder, char oldest[NAME_BYTES])
{
	struct timespec least = {0};
	struct dirent *entry;
	unsigned entries = 0;
	struct stat st;

	rewinddir(folder);
	while ((entry = readdir(folder))) {
		if (!is_entry(entry->d_name) || strlen(entry->d_name) >= NAME_BYTES ||
			fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (entries++ == 0 || is_older(&st.st_mtim, &least)) {
			least = st.st_mtim;
			strcpy(oldest, entry->d_name);
		}
	}
	return entries;
}

static void remove_old(const struct cache *c)
{
	int fd = openat(c->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	char oldest[NAME_BYTES];

	if (!folder) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (entries_count(folder, oldest) > CACHE_ENTRIES) {
		if (unlinkat(c->folder, oldest, 0) < 0)
			break;
	}
	closedir(folder);
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t put = write(fd, bytes + at, size - at);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? -errno : -EIO;
		at += (size_t)put;
	}
	return 0;
}

/* Written under a temporary name, then renamed. */
static int entry_write(
	const struct cache *c, const struct cache_key *key, const uint8_t *bytes, size_t size)
{
	char name[NAME_BYTES], made[NAME_BYTES];
	int fd, error;

	name_write(name, key);
	name_write(made, key);
	snprintf(made + KEY_DIGITS, NAME_BYTES - KEY_DIGITS, CACHE_ENTRY_SUFFIX ".%ld",
		(long)getpid());
	fd = openat(c->folder, made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	error = write_all(fd, bytes, size);
	if (close(fd) < 0 && error == 0)
		error = -errno;
	if (error == 0 && renameat(c->folder, made, c->folder, name) < 0)
		error = -errno;
	if (error)
		unlinkat(c->folder, made, 0);
	return error;
}

int cache_put(const struct cache *c, const struct cache_key *key,
	const struct cache_part part[CACHE_ENTRY_PARTS])
{
	size_t size;
	uint8_t *bytes = cache_entry_write(key, part, &size);
	int error = bytes ? entry_write(c, key, bytes, size) : -ENOMEM;

	free(bytes);
	if (error == 0)
		remove_old(c);
	return error;
}
