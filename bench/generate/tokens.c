#include "tokens.h"

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

bool tokens_split(struct tokens *w, char *line)
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
			return tokens_fault(w, line, "a closing quote");
		if (w->count == WORDS_MAX)
			return tokens_fault(w, line, "fewer words on a line");
		w->word[w->count++] = line;
		line = end + (*end != '\0');
		*end = '\0';
	}
}

const char *tokens_peek(const struct tokens *w)
{
	return w->next < w->count ? w->word[w->next] : NULL;
}

const char *tokens_take(struct tokens *w)
{
	return w->next < w->count ? w->word[w->next++] : NULL;
}

bool tokens_accept(struct tokens *w, const char *word)
{
	const char *next = tokens_peek(w);

	if (!next || strcmp(next, word) != 0)
		return false;
	w->next++;
	return true;
}

bool tokens_replace(struct tokens *w, size_t at, const struct tokens *by)
{
	if (w->count - 1 + by->count > WORDS_MAX)
		return tokens_fault(w, w->word[at], "fewer words on a line");
	memmove(w->word + at + by->count, w->word + at + 1, (w->count - at - 1) * sizeof(*w->word));
	memcpy(w->word + at, by->word, by->count * sizeof(*w->word));
	w->count += by->count - 1;
	return true;
}

bool tokens_fault(struct tokens *w, const char *found, const char *want)
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
