#include "base/suggest.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 63

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein distance; words longer than any known one are far from all. */
static unsigned suggest_distance(const char *a, const char *b)
{
	unsigned row[WORD_MAX + 1];
	size_t width = strlen(b);

	if (strlen(a) > WORD_MAX || width > WORD_MAX)
		return WORD_MAX;
	for (unsigned i = 0; i <= width; i++)
		row[i] = i;
	for (unsigned j = 1; a[j - 1]; j++) {
		unsigned diagonal = row[0];
		row[0] = j;
		for (size_t i = 1; i <= width; i++) {
			unsigned above = row[i];
			unsigned change = diagonal + (a[j - 1] != b[i - 1]);
			row[i] = least(above + 1, row[i - 1] + 1, change);
			diagonal = above;
		}
	}
	return row[width];
}

static const char *suggest_nearest(const char *word, const char *const *known, size_t count)
{
	const char *nearest = NULL;
	unsigned best = (unsigned)(strlen(word) / 4) + 1;

	for (size_t i = 0; i < count; i++) {
		unsigned distance =
			strcasecmp(word, known[i]) ? suggest_distance(word, known[i]) : 0;
		if (distance <= best) {
			nearest = known[i];
			best = distance ? distance - 1 : 0;
		}
		if (distance == 0)
			break;
	}
	return nearest;
}

static void suggest_list(const char *const *known, size_t count, char text[SUGGEST_TEXT_BYTES])
{
	size_t length = (size_t)snprintf(text, SUGGEST_TEXT_BYTES, count > 1 ? "one of " : "");

	for (size_t i = 0; i < count; i++) {
		if (length + strlen(known[i]) + 8 > SUGGEST_TEXT_BYTES) {
			snprintf(text + length, SUGGEST_TEXT_BYTES - length, ", …");
			return;
		}
		length += (size_t)snprintf(text + length, SUGGEST_TEXT_BYTES - length, "%s%s",
			i ? ", " : "", known[i]);
	}
}

void suggest_want(
	const char *word, const char *const *known, size_t count, char text[SUGGEST_TEXT_BYTES])
{
	const char *nearest = suggest_nearest(word, known, count);

	if (nearest)
		snprintf(text, SUGGEST_TEXT_BYTES, "\"%s\"", nearest);
	else if (count == 0)
		snprintf(text, SUGGEST_TEXT_BYTES, "nothing");
	else
		suggest_list(known, count, text);
}
