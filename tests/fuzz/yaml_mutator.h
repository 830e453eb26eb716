/* Changes a YAML file line by line, so that it mostly stays one: lines and blocks repeated, lost,
 * moved and indented otherwise, keys and values replaced by words of the schema and by values that
 * are at its bounds.
 *
 * The words are the caller's, e.g. collected from the schema at the start.
 */
#ifndef PORTOLAN_YAML_MUTATOR_H
#define PORTOLAN_YAML_MUTATOR_H

#include "mutation.h"

#define YAML_WORDS_MAX 512

struct yaml_words {
	size_t count;
	const char *word[YAML_WORDS_MAX];
};

/* Lent; what finds no room is left out, what is there already as well. */
void yaml_words_add(struct yaml_words *, const char *word);

/* libFuzzer's custom mutator: one in eight is any change of the bytes. Returns the size. */
size_t yaml_mutate(
	uint8_t *data, size_t size, size_t max_size, unsigned seed, const struct yaml_words *);

#endif
