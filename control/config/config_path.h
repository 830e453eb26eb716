/* Where the profiles and signatures that ship lie, and what they are called.
 *
 * The first of these folders that exists is the folder of profiles: `profiles` in
 * $PORTOLAN_CONFIGS;
 * ../share/portolan/profiles beside the executable's folder; where the program was installed
 * to; where it was built from. The last two are compiled in. Likewise `signatures`.
 */
#ifndef PORTOLAN_CONFIG_PATH_H
#define PORTOLAN_CONFIG_PATH_H

#include <stdbool.h>

struct arena;

/* Names of the profiles on the folder of profiles, sorted, NULL after the last; never NULL itself.
 */
char **config_path_names(struct arena *);

/* Paths of the files with signatures, by their names, NULL after the last; never NULL itself. */
char **config_path_signatures(struct arena *);

/* The path of the profile that is called so, or NULL. */
char *config_path_find(struct arena *, const char *name);

/* Something with a `/` in it, or ending in .yaml or .yml, is a path and no name. */
bool config_path_is_path(const char *name);

/* `path` as seen from the folder in which `file` lies; an absolute path stays as it is. */
char *config_path_beside(struct arena *, const char *file, const char *path);

#endif
