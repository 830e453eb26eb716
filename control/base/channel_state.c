#include "base/channel_state.h"

#include <string.h>

static const struct {
	const char *name, *title, *words;
} state[] = {
#define STATE(member, text, title, words) [CHANNEL_##member] = {text, title, words},
	CHANNEL_STATE_LIST(STATE)
#undef STATE
};

const char *channel_state_name(enum channel_state s)
{
	return s < CHANNEL_STATE_COUNT ? state[s].name : "unknown";
}

const char *channel_state_title(enum channel_state s)
{
	return s < CHANNEL_STATE_COUNT ? state[s].title : "unknown";
}

const char *channel_state_words(enum channel_state s)
{
	return s < CHANNEL_STATE_COUNT ? state[s].words : "not known yet";
}

enum channel_state channel_state_by_name(const char *name)
{
	unsigned s = 0;

	while (s < CHANNEL_STATE_COUNT && strcmp(name, state[s].name) != 0)
		s++;
	return (enum channel_state)s;
}
