#include <stdio.h>
#include <string.h>

#include "store/channel_bands.h"
#include "store/questions.h"

static const struct answer_column column[] = {
	{"one", ANSWER_TEXT, false},
	{"other", ANSWER_TEXT, false},
	{"state", ANSWER_TEXT, false},
	{"connections", ANSWER_NUMBER, false},
	{"from", ANSWER_TIME, false},
	{"until", ANSWER_TIME, false},
	{"for", ANSWER_DURATION, false},
};

static bool has_appliance(const struct channel_pair *p, const char *name)
{
	size_t length = name ? strlen(name) : 0;

	return !name || strcmp(p->one, name) == 0 || strcmp(p->other, name) == 0 ||
	       (strncmp(p->one, name, length) == 0 && p->one[length] == ' ') ||
	       (strncmp(p->other, name, length) == 0 && p->other[length] == ' ');
}

/* At a time: the band that holds it, whole; else all bands of the window. */
static bool is_wanted(const struct store_filter *f, const struct channel_bands *b,
	const struct channel_band *band)
{
	if (!has_appliance(&b->pair[band->pair], f->appliance) ||
		(f->state && strcmp(f->state, band->state) != 0))
		return false;
	return !f->at_ns || (band->from_ns <= f->at_ns && f->at_ns < band->to_ns) ||
	       (band->to_ns == f->at_ns && f->at_ns == f->until_ns);
}

int ask_channels(struct store_reader *r, const struct store_filter *f, struct answer_table *a)
{
	struct channel_bands bands;
	int error = channel_bands_read(r, f, &bands);

	answer_begin(a, column, sizeof(column) / sizeof(column[0]));
	for (size_t i = 0; i < bands.bands && error == 0; i++) {
		const struct channel_band *band = &bands.band[i];
		if (!is_wanted(f, &bands, band) || !answer_wants(a))
			continue;
		answer_text(a, bands.pair[band->pair].one);
		answer_text(a, bands.pair[band->pair].other);
		answer_text(a, band->state);
		answer_number(a, band->connections);
		answer_number(a, (int64_t)band->from_ns);
		answer_number(a, (int64_t)band->to_ns);
		answer_number(a, (int64_t)(band->to_ns - band->from_ns));
	}
	channel_bands_free(&bands);
	return error;
}
