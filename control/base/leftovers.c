#include "base/leftovers.h"

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LEFTOVERS_MAX 16

static struct {
	pthread_mutex_t lock;
	char path[LEFTOVERS_MAX][PATH_MAX]; /* "": free */
} leftovers = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The place of a path, "": of a free one; NULL: there is none. */
static char *place_of(const char *path)
{
	for (unsigned i = 0; i < LEFTOVERS_MAX; i++)
		if (strcmp(leftovers.path[i], path) == 0)
			return leftovers.path[i];
	return NULL;
}

void leftovers_add(const char *path)
{
	char *place;

	if (strlen(path) >= PATH_MAX)
		return;
	pthread_mutex_lock(&leftovers.lock);
	place = place_of("");
	if (place)
		snprintf(place, PATH_MAX, "%s", path);
	pthread_mutex_unlock(&leftovers.lock);
}

void leftovers_drop(const char *path)
{
	char *place;

	pthread_mutex_lock(&leftovers.lock);
	place = place_of(path);
	if (place)
		place[0] = '\0';
	pthread_mutex_unlock(&leftovers.lock);
}

/* Under another name first: what another thread would still make in it finds no folder. */
void leftover_remove(const char *path)
{
	char removed[PATH_MAX + 16];
	const struct dirent *entry;
	DIR *dir;

	snprintf(removed, sizeof(removed), "%s.removed", path);
	if (rename(path, removed) < 0)
		return;
	dir = opendir(removed);
	if (!dir) {
		unlink(removed);
		return;
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(removed);
}

/* The lock is kept: nothing is begun any more. */
void leftovers_remove(void)
{
	pthread_mutex_lock(&leftovers.lock);
	for (unsigned i = 0; i < LEFTOVERS_MAX; i++)
		if (leftovers.path[i][0])
			leftover_remove(leftovers.path[i]);
}
