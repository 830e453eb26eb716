#include "config/config_path.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/literal.h"

#ifndef PORTOLAN_INSTALLED_CONFIGS
#define PORTOLAN_INSTALLED_CONFIGS "/usr/local/share/portolan"
#endif
#ifndef PORTOLAN_SOURCE_CONFIGS
#define PORTOLAN_SOURCE_CONFIGS "configs"
#endif

#define NAMES_MAX 256
#define SUFFIX ".yaml"

static bool is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* share/ beside the folder of the executable. */
static const char *config_path_beside_program(struct arena *arena)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length <= 0)
		return NULL;
	path[length] = '\0';
	return config_path_beside(arena, path, "../share/portolan");
}

/* The first configuration folder that has a subfolder `name`. */
static const char *config_path_folder(struct arena *arena, const char *name)
{
	const char *const configs[] = {getenv("PORTOLAN_CONFIGS"),
		config_path_beside_program(arena), PORTOLAN_INSTALLED_CONFIGS,
		PORTOLAN_SOURCE_CONFIGS};

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		char *folder = configs[i] ? arena_format(arena, "%s/%s", configs[i], name) : NULL;
		if (folder && is_folder(folder))
			return folder;
	}
	return NULL;
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The file's name without its suffix, or NULL if it has another suffix. */
static char *config_path_name(struct arena *arena, const char *file)
{
	size_t length = strlen(file);
	char *name;

	if (length <= strlen(SUFFIX) || strcmp(file + length - strlen(SUFFIX), SUFFIX) != 0)
		return NULL;
	name = arena_text(arena, file);
	name[length - strlen(SUFFIX)] = '\0';
	return literal_is_word(name) ? name : NULL;
}

static void listing_close(void *listing)
{
	closedir(listing);
}

static char **config_path_list(struct arena *arena, const char *folder)
{
	char **names = arena_alloc(arena, (NAMES_MAX + 1) * sizeof(*names));
	DIR *listing = NULL;
	const struct dirent *file;
	size_t count = 0;

	errno = 0;
	if (folder)
		listing = opendir(folder);
	if (folder && !listing && errno == ENOMEM)
		arena_fail(arena);
	if (!listing)
		return names;
	arena_own(arena, listing_close, listing);
	while (count < NAMES_MAX && (file = readdir(listing)) != NULL) {
		names[count] = config_path_name(arena, file->d_name);
		count += names[count] != NULL;
	}
	arena_release(arena, listing);
	qsort(names, count, sizeof(*names), name_compare);
	return names;
}

char **config_path_names(struct arena *arena)
{
	return config_path_list(arena, config_path_folder(arena, "profiles"));
}

char **config_path_signatures(struct arena *arena)
{
	const char *folder = config_path_folder(arena, "signatures");
	char **path = config_path_list(arena, folder);

	for (size_t i = 0; path[i]; i++)
		path[i] = arena_format(arena, "%s/%s" SUFFIX, folder, path[i]);
	return path;
}

char *config_path_find(struct arena *arena, const char *name)
{
	const char *folder = config_path_folder(arena, "profiles");
	char *path;

	if (!folder || !literal_is_word(name))
		return NULL;
	path = arena_format(arena, "%s/%s" SUFFIX, folder, name);
	return access(path, F_OK) == 0 ? path : NULL;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);

	return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

bool config_path_is_path(const char *name)
{
	return strchr(name, '/') || ends_with(name, ".yaml") || ends_with(name, ".yml");
}

char *config_path_beside(struct arena *arena, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');

	while (strncmp(path, "./", 2) == 0)
		path += 2;
	if (path[0] == '/' || !slash)
		return arena_text(arena, path);
	return arena_format(arena, "%.*s/%s", (int)(slash - file), file, path);
}
