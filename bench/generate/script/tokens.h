/* A script's line as words: blanks separate, quotes and parentheses hold together,
 * `#` begins a comment.
 *
 * Words point into the line, which is cut up in place. Also where the first error of
 * the line is kept: what was found, what was wanted.
 */
#ifndef GENERATE_WORDS_H
#define GENERATE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define WORDS_MAX 1024
#define FAULT_BYTES 400

struct words {
	const char *word[WORDS_MAX];
	size_t count, next;
	char fault[FAULT_BYTES]; /* "" while there is none */
};

/* False, with the fault set, on an open quote or too many words. */
bool words_split(struct words *, char *line);

/* The next word, or NULL at the end of the line. */
const char *words_peek(const struct words *);
const char *words_take(struct words *);

/* Takes the next word if it is this one. */
bool words_accept(struct words *, const char *word);

/* Puts these words in place of the one at `at`. */
bool words_replace(struct words *, size_t at, const struct words *);

/* `found …; want …`: the first one stays. Always false. `found` NULL: the end of the line. */
bool words_fault(struct words *, const char *found, const char *want);

#endif
