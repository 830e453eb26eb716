/* Paths of the shipped profiles and signatures.
 *
 * The profile folder is the first of these that exists: `profiles` in $PORTOLAN_CONFIGS;
 * ../share/portolan/profiles beside the executable's folder; the installed one; the one in the
 * source tree. The last two are compiled in. Likewise `signatures`.
 */
#ifndef PORTOLAN_CONFIG_PATH_H
#define PORTOLAN_CONFIG_PATH_H

#include <stdbool.h>

struct arena;

/* Names of the profiles in the profile folder, sorted, NULL after the last; never NULL itself. */
char **config_path_names(struct arena *);

/* Paths of the signature files, sorted by name, NULL after the last; never NULL itself. */
char **config_path_signatures(struct arena *);

/* The path of the profile with this name, or NULL. */
char *config_path_find(struct arena *, const char *name);

/* Whether a name is a path: it contains a `/` or ends in .yaml or .yml. */
bool config_path_is_path(const char *name);

/* `path` relative to the folder of `file`; an absolute path is unchanged. */
char *config_path_beside(struct arena *, const char *file, const char *path);

#endif
