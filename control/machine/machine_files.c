#include "machine/machine_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/literal.h"

#define ENTRIES_MAX 8192 /* of a folder: what may be read of a made-up one */

int machine_files_open(struct machine_files *m, const char *root)
{
	m->is_live = !root;
	m->root = open(root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return m->root < 0 ? -errno : 0;
}

void machine_files_close(struct machine_files *m)
{
	if (m->root >= 0)
		close(m->root);
	m->root = -1;
}

/* A descriptor or a negative errno. What would keep open(2) waiting, as a pipe does, is refused
 * later: it is no regular file. Where a container forbids openat2(2), links of this machine are
 * followed as usual, and of a recorded tree nothing is read. */
static int open_in(const struct machine_files *m, const char *path, int flags)
{
	int all = flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NONBLOCK);
	struct open_how how = {.flags = (uint64_t)all, .resolve = RESOLVE_IN_ROOT};
	int fd = (int)syscall(SYS_openat2, m->root, path, &how, sizeof(how));

	if (fd < 0 && (errno == ENOSYS || errno == EPERM) && m->is_live)
		fd = openat(m->root, path, all);
	return fd < 0 ? -errno : fd;
}

/* The number of bytes, or a negative errno. */
static ssize_t fill(int fd, char *text, size_t bytes)
{
	size_t length = 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	while (length < bytes) {
		ssize_t n = read(fd, text + length, bytes - length);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		length += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)length;
}

int machine_text(const struct machine_files *m, const char *path, char *text, size_t bytes)
{
	int fd = open_in(m, path, O_RDONLY);
	ssize_t length;
	bool is_cut;

	memset(text, 0, bytes);
	if (fd < 0)
		return fd;
	length = fill(fd, text, bytes);
	close(fd);
	if (length < 0) {
		text[0] = '\0';
		return (int)length;
	}
	is_cut = (size_t)length == bytes;
	length -= is_cut;
	for (ssize_t i = 0; i < length; i++)
		if (text[i] == '\0')
			text[i] = '?';
	while (length > 0 && isspace((unsigned char)text[length - 1]))
		length--;
	text[length] = '\0';
	return is_cut ? -EFBIG : 0;
}

int machine_number(const struct machine_files *m, const char *path, uint64_t *value)
{
	char text[32];
	int error = machine_text(m, path, text, sizeof(text));

	return error < 0 ? error : literal_number(text, UINT64_MAX, value);
}

int machine_link(const struct machine_files *m, const char *path, char *target, size_t bytes)
{
	int fd = open_in(m, path, O_PATH | O_NOFOLLOW);
	ssize_t length;

	target[0] = '\0';
	if (fd < 0)
		return fd;
	length = readlinkat(fd, "", target, bytes);
	if (length < 0 || (size_t)length == bytes) {
		int error = length < 0 ? -errno : -ENAMETOOLONG;
		target[0] = '\0';
		close(fd);
		return error == -ENOENT ? -EINVAL : error; /* it is no link */
	}
	target[length] = '\0';
	close(fd);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void take_name(struct machine_names *n, const char *name)
{
	size_t length = strlen(name);

	if (length >= MACHINE_NAME_BYTES || n->count == MACHINE_NAMES_MAX) {
		n->left_out++;
		return;
	}
	memcpy(n->name[n->count++], name, length + 1);
}

int machine_names(
	const struct machine_files *m, const char *path, const char *start, struct machine_names *n)
{
	int fd = open_in(m, path, O_RDONLY | O_DIRECTORY);
	const struct dirent *entry;
	DIR *folder;

	n->count = n->left_out = 0;
	if (fd < 0)
		return fd;
	folder = fdopendir(fd);
	if (!folder) {
		close(fd);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < ENTRIES_MAX && (entry = readdir(folder)); i++)
		if (entry->d_name[0] != '.' && strncmp(entry->d_name, start, strlen(start)) == 0)
			take_name(n, entry->d_name);
	closedir(folder);
	qsort(n->name, n->count, sizeof(n->name[0]), by_name);
	return 0;
}

bool machine_has(const struct machine_files *m, const char *path)
{
	int fd = open_in(m, path, O_PATH);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

const char *machine_path(char path[MACHINE_PATH_BYTES], const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(path, MACHINE_PATH_BYTES, format, args);
	va_end(args);
	if (length < 0 || length >= MACHINE_PATH_BYTES)
		path[0] = '\0';
	return path;
}
