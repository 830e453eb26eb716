/* The scanner cache: a scanner, compiled from signatures or loaded from the cache.
 *
 * Compiling takes about 100 ms, longer than classifying a million packets; so the result is kept
 * for the next start, under a key over everything that affects it. A cached scanner gives the same
 * matches as a compiled one.
 */
#ifndef PORTOLAN_SCANNER_CACHE_H
#define PORTOLAN_SCANNER_CACHE_H

struct arena;
struct errors;
struct signatures;
struct scanner;

/* NULL with an error that names the pattern's file and line. The scanner is in the arena;
 * scanner_fini() frees the rest of it. */
struct scanner *scanner_cache_load(const struct signatures *, struct arena *, struct errors *);

#endif
