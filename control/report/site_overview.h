/* The overview of a compiled site that `check` prints. */
#ifndef PORTOLAN_SITE_OVERVIEW_H
#define PORTOLAN_SITE_OVERVIEW_H

#include <stdio.h>

struct ruleset;
struct settings;

/* 0, or a negative errno if writing failed. */
int site_overview_print(const struct ruleset *, const struct settings *, FILE *);

#endif
