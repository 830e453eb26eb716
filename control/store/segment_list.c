#include "store/segment_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/heap.h"
#include "store/store_schema.h"

void segment_path(const char *folder, uint64_t hour_ns, char path[SEGMENT_PATH_BYTES])
{
	char name[SEGMENT_NAME_BYTES];

	segment_name(hour_ns, name);
	snprintf(path, SEGMENT_PATH_BYTES, "%.4096s/%s", folder, name);
}

void state_path(const char *folder, char path[SEGMENT_PATH_BYTES])
{
	snprintf(path, SEGMENT_PATH_BYTES, "%.4096s/" STATE_FILE, folder);
}

void segment_files(const char *folder, uint64_t hour_ns, segment_taker *each, void *context)
{
	static const char *const more[] = {"-wal", "-shm", "-journal", ""};
	char path[SEGMENT_PATH_BYTES], all[SEGMENT_PATH_BYTES + 16];

	segment_path(folder, hour_ns, path);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		snprintf(all, sizeof(all), "%s%s", path, more[i]);
		each(context, all);
	}
}

static void add_size(void *bytes, const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		*(uint64_t *)bytes += (uint64_t)st.st_blocks * 512;
}

static int by_hour(const void *a, const void *b)
{
	const struct segment_file *x = a, *y = b;

	return (x->hour_ns > y->hour_ns) - (x->hour_ns < y->hour_ns);
}

static int add(struct segment_list *l, const struct segment_file *f)
{
	void *more;

	if ((l->count & (l->count - 1)) == 0) {
		more = heap_realloc(l->file, (l->count ? 2 * l->count : 1) * sizeof(*l->file));
		if (!more)
			return -ENOMEM;
		l->file = more;
	}
	l->file[l->count++] = *f;
	return 0;
}

int segment_list_read(struct segment_list *l, const char *folder)
{
	const struct dirent *entry;
	DIR *dir = opendir(folder);
	int error = 0;

	*l = (struct segment_list){.count = 0};
	if (!dir)
		return -errno;
	while (error == 0 && (entry = readdir(dir))) {
		struct segment_file f = {.hour_ns = segment_hour_ns(entry->d_name)};
		if (!f.hour_ns)
			continue;
		segment_files(folder, f.hour_ns, add_size, &f.bytes);
		error = add(l, &f);
	}
	closedir(dir);
	if (l->count)
		qsort(l->file, l->count, sizeof(*l->file), by_hour);
	return error;
}

void segment_list_free(struct segment_list *l)
{
	free(l->file);
	l->file = NULL;
}
