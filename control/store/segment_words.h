/* The numbers of words in a segment: each list of names has a range of its own. The table `word` of
 * a segment has their texts; what it adds (server names, histories) has numbers above.
 */
#ifndef PORTOLAN_SEGMENT_WORDS_H
#define PORTOLAN_SEGMENT_WORDS_H

#include "service.h"
#include "verdict.h"

enum {
	WORD_VERDICT = 1,
	WORD_CONNECTION = 16,
	WORD_BASIS = 24,
	WORD_SERVICE_BASIS = 36,
	WORD_ENDING = 40,
	WORD_SERVICE = 56,
	WORD_OWN = 1000,
};

#endif
