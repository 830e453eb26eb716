/* What went wrong, in the source's own words. */
#ifndef PORTOLAN_ERROR_H
#define PORTOLAN_ERROR_H

#include "source.h"

/* Writes source.error and returns `error`, a negative errno. */
int source_fail(struct source *, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
