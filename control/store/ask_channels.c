#include <stdio.h>
#include <string.h>

#include "base/certificate_words.h"
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
	{"reason", ANSWER_TEXT, false},
	{"certificate_one", ANSWER_TEXT, false},
	{"certificate_other", ANSWER_TEXT, false},
};

#define CERTIFICATE_BYTES 640

static const char certificate_sql[] =
	"SELECT subject, issuer, not_after_ns FROM certificate WHERE one = ?1 AND other = ?2 AND"
	" holder = ?3 AND first_ns <= ?4 ORDER BY last_ns DESC, fingerprint LIMIT 1";

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
		(f->state && strcmp(f->state, channel_state_name(band->state)) != 0))
		return false;
	return !f->at_ns || (band->from_ns <= f->at_ns && f->at_ns < band->to_ns) ||
	       (band->to_ns == f->at_ns && f->at_ns == f->until_ns);
}

/* The certificate that an end has shown last by then. */
static int put_certificate(struct store_reader *r, struct answer_table *a,
	const struct channel_pair *p, const struct channel_band *band, const char *holder)
{
	char text[CERTIFICATE_BYTES] = "";
	struct sqlite3_stmt *s = NULL;
	int got, error = database_prepare(&r->state, &s, certificate_sql);

	if (error < 0)
		return error;
	bind_text(s, 1, p->one);
	bind_text(s, 2, p->other);
	bind_text(s, 3, holder);
	bind_number(s, 4, (int64_t)band->to_ns);
	got = database_row(&r->state, s);
	if (got > 0)
		certificate_words(row_text(s, 0), row_text(s, 1),
			certificate_days((uint64_t)row_number(s, 2), band->to_ns), text,
			sizeof(text));
	else if (band->is_sealed)
		snprintf(text, sizeof(text), CERTIFICATE_SEALED_TEXT);
	database_finalize(&s);
	answer_text(a, text);
	return got < 0 ? got : 0;
}

static int put_band(struct store_reader *r, struct answer_table *a, const struct channel_pair *p,
	const struct channel_band *band)
{
	int error;

	answer_text(a, p->one);
	answer_text(a, p->other);
	answer_text(a, channel_state_name(band->state));
	answer_number(a, band->connections);
	answer_number(a, (int64_t)band->from_ns);
	answer_number(a, (int64_t)band->to_ns);
	answer_number(a, (int64_t)(band->to_ns - band->from_ns));
	answer_text(a, band->state == CHANNEL_UP ? ""
		       : band->reason		 ? band->reason
						 : channel_state_words(band->state));
	error = put_certificate(r, a, p, band, p->one);
	return error ? error : put_certificate(r, a, p, band, p->other);
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
		error = put_band(r, a, &bands.pair[band->pair], band);
	}
	channel_bands_free(&bands);
	return error;
}
