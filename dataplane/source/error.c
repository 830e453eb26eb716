#include "source/error.h"

#include <stdarg.h>
#include <stdio.h>

int source_fail(struct source *s, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->error, sizeof(s->error), format, args);
	va_end(args);
	return error;
}
