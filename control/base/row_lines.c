#include "base/row_lines.h"

size_t row_lines(const int *width, size_t count, unsigned columns, bool *begins)
{
	size_t lines = 0;
	unsigned used = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned wide = (unsigned)width[i];
		begins[i] = wide && (lines == 0 || (columns && used + ROW_GAP + wide > columns));
		if (begins[i])
			used = lines++ ? ROW_INDENT + wide : wide;
		else if (wide)
			used += ROW_GAP + wide;
	}
	return lines;
}
