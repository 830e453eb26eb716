#include "sink/evidence_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file_place.h"
#include "base/heap.h"

#define FILE_MODE 0640
#define FOLDER_MODE 0750
#define TRIES 10000 /* files of one second */

#define STEM "evidence-"
#define SUFFIX ".pcapng"
#define STAMP_BYTES 15 /* YYYYMMDDTHHMMSS */

bool evidence_folder_is_name(const char *name)
{
	const char *at = name + strlen(STEM);
	size_t digits;

	if (strncmp(name, STEM, strlen(STEM)) != 0 || strlen(name) >= EVIDENCE_NAME_BYTES)
		return false;
	for (unsigned i = 0; i < STAMP_BYTES; i++)
		if (i == 8 ? at[i] != 'T' : at[i] < '0' || at[i] > '9')
			return false;
	at += STAMP_BYTES;
	digits = *at == '-' ? strspn(at + 1, "0123456789") : 0;
	return digits > 0 && digits < 10 && strcmp(at + 1 + digits, SUFFIX) == 0;
}

/* By time, then by number. */
static int compare(const void *a, const void *b)
{
	const char *x = ((const struct evidence_file *)a)->name,
		   *y = ((const struct evidence_file *)b)->name;
	size_t stamp = strlen(STEM) + STAMP_BYTES;
	int order = strncmp(x, y, stamp);
	long m = strtol(x + stamp + 1, NULL, 10), n = strtol(y + stamp + 1, NULL, 10);

	return order ? order : m < n ? -1 : m > n;
}

static int add(struct evidence_file **file, size_t *files, size_t *room, const char *name)
{
	if (*files == *room) {
		size_t more = *room ? 2 * *room : 64;
		void *grown = heap_reallocarray(*file, more, sizeof(**file));
		if (!grown)
			return -ENOMEM;
		*file = grown;
		*room = more;
	}
	(*file)[*files] = (struct evidence_file){.bytes = 0};
	snprintf((*file)[*files].name, EVIDENCE_NAME_BYTES, "%s", name);
	(*files)++;
	return 0;
}

/* Another descriptor of the same folder, whose position is its own. */
static DIR *directory(int fd)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = own >= 0 ? fdopendir(own) : NULL;

	if (!d && own >= 0)
		close(own);
	return d;
}

int evidence_folder_list(int fd, struct evidence_file **file, size_t *files)
{
	DIR *d = directory(fd);
	struct dirent *entry;
	size_t room = 0;
	struct stat st;
	int error = 0;

	*file = NULL;
	*files = 0;
	if (!d)
		return -errno;
	while (error == 0 && (entry = readdir(d))) {
		if (!evidence_folder_is_name(entry->d_name) ||
			fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISREG(st.st_mode))
			continue;
		error = add(file, files, &room, entry->d_name);
		if (error == 0)
			(*file)[*files - 1].bytes = (uint64_t)st.st_size;
	}
	closedir(d);
	if (*files > 0)
		qsort(*file, *files, sizeof(**file), compare);
	return error;
}

/* Its parent is held while it is made and opened. */
static int open_folder(const char *path)
{
	struct file_place place;
	int fd, error = file_place_find(&place, path);

	if (error < 0)
		return error;
	if (!place.exists && mkdirat(place.folder, place.name, FOLDER_MODE) < 0 && errno != EEXIST)
		error = -errno;
	if (error == 0) {
		fd = openat(
			place.folder, place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		error = fd < 0 ? -errno : fd;
	}
	file_place_fini(&place);
	return error;
}

int evidence_folder_open(struct evidence_folder *f, const char *path)
{
	size_t bytes = strlen(path);
	int error;

	*f = (struct evidence_folder){.fd = -1, .path = heap_strdup(path)};
	if (!f->path)
		return -ENOMEM;
	while (bytes > 1 && f->path[bytes - 1] == '/')
		f->path[--bytes] = '\0';
	f->fd = open_folder(f->path);
	error = f->fd < 0 ? f->fd : evidence_folder_list(f->fd, &f->file, &f->files);
	f->room = f->files;
	for (size_t i = 0; i < f->files; i++)
		f->bytes += f->file[i].bytes;
	if (error < 0)
		evidence_folder_close(f);
	return error;
}

void evidence_folder_close(struct evidence_folder *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->file);
	free(f->path);
	*f = (struct evidence_folder){.fd = -1};
}

int evidence_folder_create(
	struct evidence_folder *f, uint64_t time_ns, char name[EVIDENCE_NAME_BYTES])
{
	time_t second = (time_t)(time_ns / 1000000000);
	char stamp[32];
	struct tm tm;
	int fd = -1;

	if (!gmtime_r(&second, &tm) || !strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &tm))
		return -ERANGE;
	for (unsigned i = 1; i <= TRIES && fd < 0; i++) {
		snprintf(name, EVIDENCE_NAME_BYTES, STEM "%.15s-%u" SUFFIX, stamp, i);
		fd = openat(f->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			FILE_MODE);
		if (fd < 0 && errno != EEXIST)
			return -errno;
	}
	if (fd < 0)
		return -EEXIST;
	if (add(&f->file, &f->files, &f->room, name) < 0) {
		close(fd);
		return -ENOMEM;
	}
	f->is_open = true;
	return fd;
}

void evidence_folder_grow(struct evidence_folder *f, uint64_t bytes)
{
	f->file[f->files - 1].bytes += bytes;
	f->bytes += bytes;
}

void evidence_folder_done(struct evidence_folder *f)
{
	f->is_open = false;
}

size_t evidence_folder_trim(struct evidence_folder *f, uint64_t bytes)
{
	size_t most = f->files - f->is_open, gone = 0;

	while (f->bytes > bytes && gone < most) {
		if (unlinkat(f->fd, f->file[gone].name, 0) < 0 && errno != ENOENT)
			break;
		f->bytes -= f->file[gone].bytes;
		gone++;
	}
	if (gone > 0) {
		f->files -= gone;
		memmove(f->file, f->file + gone, f->files * sizeof(*f->file));
	}
	return gone;
}
