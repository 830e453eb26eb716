#include "base/numbers.h"

#include <stdlib.h>

static int compare(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

void numbers_sort(uint32_t *number, size_t count)
{
	if (count > 0)
		qsort(number, count, sizeof(*number), compare);
}

size_t numbers_unique(uint32_t *number, size_t count)
{
	size_t kept = 0;

	numbers_sort(number, count);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || number[i] != number[kept - 1])
			number[kept++] = number[i];
	return kept;
}
