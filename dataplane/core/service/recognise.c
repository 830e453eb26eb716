#include "core/service/recognise.h"

static validator_function *const validator[] = {
#define VALIDATOR_ENTRY(name, text, function) function,
	VALIDATOR_LIST(VALIDATOR_ENTRY)
#undef VALIDATOR_ENTRY
};

static enum match run_validator(unsigned number, const struct message *u, struct recognition *r)
{
	message_info_init(&r->info);
	return validator[number](u, &r->info);
}

/* A pattern that needs no validator also names the sender where it is of one side alone. */
static enum match accept_pattern(const struct signature *s, struct recognition *r)
{
	message_info_init(&r->info);
	r->info.said = s->side == SIDE_CLIENT	? SAID_REQUEST
		       : s->side == SIDE_SERVER ? SAID_ANSWER
						: SAID_NOTHING;
	return MATCH_YES;
}

static int concerns(const struct signature *s, const struct message *u)
{
	return s->side == SIDE_EITHER || u->side == SIDE_EITHER || s->side == u->side;
}

static void merge_match(struct recognition *r, unsigned service, enum match reading)
{
	if (reading == MATCH_MORE)
		r->possible |= SERVICE_BIT(service);
	else if (reading == MATCH_MAYBE)
		r->maybe |= SERVICE_BIT(service);
}

/* 1 if the signature's service is recognised. */
static int confirm(const struct signature *s, const struct message *u, struct recognition *r)
{
	enum match reading = s->validator == VALIDATOR_NONE ? accept_pattern(s, r)
							    : run_validator(s->validator, u, r);

	if (reading == MATCH_YES) {
		r->service = s->service;
		return 1;
	}
	merge_match(r, s->service, reading);
	return 0;
}

static int confirm_hits(const struct scanner *sc, const struct hits *hits, const struct message *u,
	service_mask among, struct recognition *r)
{
	for (unsigned w = 0; w < HITS_WORDS; w++) {
		for (uint64_t left = hits->word[w]; left; left &= left - 1) {
			unsigned i = w * 64 + (unsigned)__builtin_ctzll(left);
			const struct signature *s = &sc->signature[i];
			if (among & SERVICE_BIT(s->service) && concerns(s, u) && confirm(s, u, r))
				return 1;
		}
	}
	return 0;
}

/* An expected service is impossible if every validator of it says so. One that has none
 * cannot be excluded: a pattern that was not found says nothing of one that is to come. */
static void exclude(const struct scanner *sc, const struct message *u, service_mask expected,
	struct recognition *r)
{
	for (service_mask left = expected & ~(r->possible | r->maybe); left; left &= left - 1) {
		unsigned service = (unsigned)__builtin_ctzll(left);
		const int8_t *list = sc->validators[u->transport][service];
		enum match best = *list < 0 ? MATCH_MORE : MATCH_NO;
		for (; *list >= 0; list++) {
			enum match reading = run_validator((unsigned)*list, u, r);
			if (reading > best)
				best = reading;
		}
		if (best == MATCH_NO)
			r->excluded |= SERVICE_BIT(service);
		merge_match(r, service, best);
	}
	message_info_init(&r->info);
}

void recognise(const struct scanner *sc, struct hs_scratch *scratch, const struct message *u,
	struct recognition *r)
{
	struct hits hits;

	r->service = -1;
	r->possible = r->maybe = r->excluded = 0;
	scan(sc, scratch, (enum transport)u->transport, u->bytes, u->length, &hits);
	if (!confirm_hits(sc, &hits, u, ~(service_mask)0, r))
		message_info_init(&r->info);
}

void recognise_expected(const struct scanner *sc, const struct message *u, service_mask expected,
	struct recognition *r)
{
	if (r->service >= 0 || !expected)
		return;
	if (expected & sc->unpatterned_services &&
		confirm_hits(sc, &sc->unpatterned[u->transport], u, expected, r))
		return;
	exclude(sc, u, expected, r);
}

int recognise_again(
	const struct scanner *sc, const struct message *u, unsigned service, struct recognition *r)
{
	const int8_t *list = sc->validators[u->transport][service];

	for (; *list >= 0; list++)
		if (run_validator((unsigned)*list, u, r) == MATCH_YES)
			return 1;
	return 0;
}
