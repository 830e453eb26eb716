/* The scanner cache: where a signatures' scanner comes from, compiled or kept.
 *
 * Compiling takes a hundred milliseconds, which is longer than a million packets take; so what
 * came out of it lies in the cache for the next start, under a key over everything that decides
 * it. What is taken from there judges exactly as what is compiled.
 */
#ifndef PORTOLAN_SCANNER_CACHE_H
#define PORTOLAN_SCANNER_CACHE_H

struct arena;
struct errors;
struct signatures;
struct scanner;

/* NULL with the reason told: which pattern of which file and line. The scanner lies in the arena,
 * and scanner_fini() gives back what is not in there. */
struct scanner *scanner_cache_load(const struct signatures *, struct arena *, struct errors *);

#endif
