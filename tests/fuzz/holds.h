/* What a fuzz target asserts, whatever NDEBUG says. */
#ifndef PORTOLAN_HOLDS_H
#define PORTOLAN_HOLDS_H

#include <stdlib.h>

#define HOLDS(truth)                                                                               \
	do {                                                                                       \
		if (!(truth))                                                                      \
			abort();                                                                   \
	} while (0)

#endif
