/* A script's line as words: blanks separate, quotes and parentheses hold together,
 * `#` begins a comment.
 *
 * Words point into the line, which is cut up in place. Also where the first error of
 * the line is kept: what was found, what was wanted.
 */
#ifndef GENERATE_TOKENS_H
#define GENERATE_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

#define WORDS_MAX 1024
#define FAULT_BYTES 400

struct tokens {
	const char *word[WORDS_MAX];
	size_t count, next;
	char fault[FAULT_BYTES]; /* "" while there is none */
};

/* False, with the fault set, on an open quote or too many words. */
bool tokens_split(struct tokens *, char *line);

/* The next word, or NULL at the end of the line. */
const char *tokens_peek(const struct tokens *);
const char *tokens_take(struct tokens *);

/* Takes the next word if it is this one. */
bool tokens_accept(struct tokens *, const char *word);

/* Puts these words in place of the one at `at`. */
bool tokens_replace(struct tokens *, size_t at, const struct tokens *);

/* `found …; want …`: the first one stays. Always false. `found` NULL: the end of the line. */
bool tokens_fault(struct tokens *, const char *found, const char *want);

#endif
