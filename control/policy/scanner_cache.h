/* The scanner cache: a scanner, compiled from signatures or loaded from the cache.
 *
 * Compiling takes about 100 ms, longer than classifying a million packets; so the result is kept
 * for the next start, under a key over everything that affects it. A cached scanner gives the same
 * matches as a compiled one.
 */
#ifndef PORTOLAN_SCANNER_CACHE_H
#define PORTOLAN_SCANNER_CACHE_H

struct errors;
struct signatures;
struct scanner;

/* In `memory` of scanner_size() bytes; scanner_fini() frees what it needs beside. 0; -EINVAL with
 * an error that names the pattern's file and line; -ENOMEM. */
int scanner_cache_load(struct scanner *memory, const struct signatures *, struct errors *);

#endif
