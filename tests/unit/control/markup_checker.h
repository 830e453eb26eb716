/* Whether a page is well formed and made of our own elements and attributes only. */
#ifndef TESTS_MARKUP_CHECKER_H
#define TESTS_MARKUP_CHECKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/plain_text.h"

#define CHECKER_DEPTH 64
#define CHECKER_WORD 32

struct markup_checker {
	const char *at;
	char open[CHECKER_DEPTH][CHECKER_WORD];
	size_t depth;
};

static inline bool checker_is_listed(const char *list, const char *word)
{
	char wanted[CHECKER_WORD + 2];

	snprintf(wanted, sizeof(wanted), " %s ", word);
	return strstr(list, wanted) != NULL;
}

static inline bool checker_word(struct markup_checker *c, char word[CHECKER_WORD])
{
	size_t length = strspn(c->at, "abcdefghijklmnopqrstuvwxyzB0123456789-");

	if (length == 0 || length >= CHECKER_WORD)
		return false;
	memcpy(word, c->at, length);
	word[length] = '\0';
	c->at += length;
	return true;
}

/* Up to `>`; `is_empty`: it was `/>`. */
static inline bool checker_attributes(struct markup_checker *c, bool *is_empty)
{
	static const char *const known = " aria-label aria-labelledby charset class colspan "
					 "content d height href http-equiv id lang "
					 "name open role scope stroke-width tabindex text-anchor "
					 "title viewBox width x x1 x2 y y1 y2 ";
	char word[CHECKER_WORD];

	while (*c->at == ' ' || *c->at == '\n') {
		c->at++;
		if (!checker_word(c, word) || !checker_is_listed(known, word))
			return false;
		if (strncmp(c->at, "=\"", 2) == 0) {
			size_t value = strcspn(c->at + 2, "\"<>");
			if (c->at[2 + value] != '"')
				return false;
			c->at += value + 3;
		}
	}
	*is_empty = *c->at == '/';
	c->at += *is_empty;
	return *c->at++ == '>';
}

static inline bool checker_opens(struct markup_checker *c)
{
	static const char *const known = " a b bdi body caption code dd desc details div dl dt "
					 "footer h1 h2 h3 head header html i li "
					 "line main meta nav ol p path rect section span strong "
					 "style summary svg table tbody td "
					 "text th thead time title tr ul ";
	char word[CHECKER_WORD];
	bool is_empty;

	if (!checker_word(c, word) || !checker_is_listed(known, word) ||
		!checker_attributes(c, &is_empty))
		return false;
	if (is_empty || strcmp(word, "meta") == 0)
		return true;
	if (strcmp(word, "style") == 0)
		c->at = strstr(c->at, "</style>");
	if (!c->at || c->depth == CHECKER_DEPTH)
		return false;
	strcpy(c->open[c->depth++], word);
	return true;
}

static inline bool checker_closes(struct markup_checker *c)
{
	char word[CHECKER_WORD];

	return checker_word(c, word) && *c->at++ == '>' && c->depth > 0 &&
	       strcmp(c->open[--c->depth], word) == 0;
}

static inline bool checker_reference(struct markup_checker *c)
{
	static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strncmp(c->at, known[i], strlen(known[i])) == 0) {
			c->at += strlen(known[i]);
			return true;
		}
	return false;
}

static inline bool checker_step(struct markup_checker *c)
{
	size_t bytes = character_bytes((const unsigned char *)c->at, strlen(c->at));

	if (strncmp(c->at, "</", 2) == 0)
		return c->at += 2, checker_closes(c);
	if (*c->at == '<')
		return c->at++, checker_opens(c);
	if (*c->at == '&')
		return checker_reference(c);
	if (*c->at == '>' || bytes == 0)
		return false;
	if (*c->at != '\n' && character_is_control((const unsigned char *)c->at, bytes))
		return false;
	c->at += bytes;
	return true;
}

/* NULL, or where it is not. */
static inline const char *markup_fault(const char *page)
{
	static const char doctype[] = "<!DOCTYPE html>";
	struct markup_checker checker = {.at = page};

	if (strncmp(page, doctype, strlen(doctype)) != 0)
		return page;
	checker.at += strlen(doctype);
	while (*checker.at) {
		const char *before = checker.at;
		if (!checker_step(&checker))
			return before;
	}
	return checker.depth ? checker.at : NULL;
}

#endif
