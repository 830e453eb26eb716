#include "script/tokens.h"

#include <stdio.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

/* Behind the word that begins here; NULL if a quote stays open. */
static char *word_end(char *text)
{
	bool quoted = false;
	int depth = 0;

	for (; *text && (quoted || depth > 0 || !is_blank(*text)); text++) {
		if (quoted && *text == '\\' && text[1])
			text++;
		else if (*text == '"')
			quoted = !quoted;
		else if (!quoted && *text == '(')
			depth++;
		else if (!quoted && *text == ')')
			depth--;
	}
	return quoted ? NULL : text;
}

bool words_split(struct words *w, char *line)
{
	w->count = w->next = 0;
	w->fault[0] = '\0';
	for (;;) {
		char *end;
		while (is_blank(*line))
			line++;
		if (!*line || *line == '#')
			return true;
		end = word_end(line);
		if (!end)
			return words_fault(w, line, "a closing quote");
		if (w->count == WORDS_MAX)
			return words_fault(w, line, "fewer words on a line");
		w->word[w->count++] = line;
		line = end + (*end != '\0');
		*end = '\0';
	}
}

const char *words_peek(const struct words *w)
{
	return w->next < w->count ? w->word[w->next] : NULL;
}

const char *words_take(struct words *w)
{
	return w->next < w->count ? w->word[w->next++] : NULL;
}

bool words_accept(struct words *w, const char *word)
{
	const char *next = words_peek(w);

	if (!next || strcmp(next, word) != 0)
		return false;
	w->next++;
	return true;
}

bool words_replace(struct words *w, size_t at, const struct words *by)
{
	if (w->count - 1 + by->count > WORDS_MAX)
		return words_fault(w, w->word[at], "fewer words on a line");
	memmove(w->word + at + by->count, w->word + at + 1, (w->count - at - 1) * sizeof(*w->word));
	memcpy(w->word + at, by->word, by->count * sizeof(*w->word));
	w->count += by->count - 1;
	return true;
}

bool words_fault(struct words *w, const char *found, const char *want)
{
	if (w->fault[0])
		return false;
	if (found)
		snprintf(w->fault, sizeof(w->fault), "found '%.100s'; want %.250s", found, want);
	else
		snprintf(
			w->fault, sizeof(w->fault), "found the end of the line; want %.250s", want);
	return false;
}
