/* What a site compiled to, on one page: what `check` prints. */
#ifndef PORTOLAN_SITE_OVERVIEW_H
#define PORTOLAN_SITE_OVERVIEW_H

#include <stdio.h>

struct ruleset;
struct settings;

/* 0, or a negative errno if it could not be written to the end. */
int site_overview_print(const struct ruleset *, const struct settings *, FILE *);

#endif
