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
	if (r->info.instead)
		service = r->info.instead - 1u;
	if (reading == MATCH_MORE)
		r->possible |= SERVICE_BIT(service);
	if (reading != MATCH_MAYBE)
		return;
	r->maybe |= SERVICE_BIT(service);
	if (r->info.sign == SIGN_ASKING)
		r->asking |= SERVICE_BIT(service);
	if (r->info.sign == SIGN_ANSWERING)
		r->answering |= SERVICE_BIT(service);
	if (r->info.contradicts)
		r->contradicted |= SERVICE_BIT(service);
}

/* A client's message from the side that accepted the connection, or a server's from the other. */
static int is_reversed(const struct message *u, const struct message_info *m)
{
	return u->transport == TRANSPORT_TCP &&
	       ((u->side == SIDE_SERVER && m->said == SAID_REQUEST) ||
		       (u->side == SIDE_CLIENT && m->said == SAID_ANSWER));
}

static void accept_service(struct recognition *r, const struct message *u, unsigned service)
{
	r->service = r->info.instead ? r->info.instead - 1 : (int)service;
	r->reversed = is_reversed(u, &r->info);
}

/* Of a message that was cut, signatures that come first and lack bytes: whole, it might have been
 * theirs. What the flow's rules expect is asked again, and needs not wait for them. */
static int is_anothers(const struct message *u, const struct recognition *r, unsigned service)
{
	return u->cut && (r->possible | r->maybe) & ~SERVICE_BIT(service);
}

/* 1 if the signature's service is recognised. */
static int confirm(const struct signature *s, const struct message *u, struct recognition *r)
{
	enum match reading = s->validator == VALIDATOR_NONE ? accept_pattern(s, r)
							    : run_validator(s->validator, u, r);

	if (reading != MATCH_YES) {
		merge_match(r, s->service, reading);
		return 0;
	}
	if (is_anothers(u, r, s->service))
		return 0;
	accept_service(r, u, s->service);
	return 1;
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

/* The best of a service's validators, with its meaning. MATCH_MORE where it has none: a pattern
 * that was not found says nothing of one that is to come. */
static enum match validate(
	const struct scanner *sc, const struct message *u, unsigned service, struct recognition *r)
{
	const int8_t *list = sc->validators[u->transport][service];
	enum match best = *list < 0 ? MATCH_MORE : MATCH_NO;
	struct message_info meaning;

	message_info_init(&r->info);
	if (*list >= 0 && list[1] < 0) /* as nearly all have */
		return run_validator((unsigned)*list, u, r);
	message_info_init(&meaning);
	for (; *list >= 0; list++) {
		enum match reading = run_validator((unsigned)*list, u, r);
		if (reading > best) {
			best = reading;
			meaning = r->info;
		}
	}
	r->info = meaning;
	return best;
}

/* An expected service is impossible if every validator of it says so. */
static void exclude(const struct scanner *sc, const struct message *u, service_mask expected,
	struct recognition *r)
{
	for (service_mask left = expected & ~(r->possible | r->maybe); left; left &= left - 1) {
		unsigned service = (unsigned)__builtin_ctzll(left);
		enum match best = validate(sc, u, service, r);
		if (best == MATCH_YES && r->info.instead && is_anothers(u, r, service))
			best = MATCH_MORE;
		if (best == MATCH_YES && !is_reversed(u, &r->info)) {
			accept_service(r, u, service);
			return;
		}
		r->reversed |= best == MATCH_YES;
		if (best == MATCH_NO || best == MATCH_YES)
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
	r->possible = r->maybe = r->asking = r->answering = r->contradicted = r->excluded = 0;
	r->reversed = 0;
	scan(sc, scratch, (enum transport)u->transport, u->bytes, u->length, &hits);
	if (!confirm_hits(sc, &hits, u, ~(service_mask)0, r))
		message_info_init(&r->info);
}

static void match_expected(const struct scanner *sc, const struct message *u, service_mask expected,
	struct recognition *r)
{
	if (expected & sc->unpatterned_services &&
		confirm_hits(sc, &sc->unpatterned[u->transport], u, expected, r))
		return;
	exclude(sc, u, expected, r);
}

/* Another service than the expected ones was recognised: is it, if one of these may be? */
static void doubt(const struct scanner *sc, const struct message *u, service_mask expected,
	struct recognition *r)
{
	struct recognition other = *r;

	r->service = -1;
	match_expected(sc, u, expected, r);
	if (r->service >= 0 || expected & (r->possible | r->maybe) & ~r->contradicted)
		return;
	r->service = other.service;
	r->info = other.info;
}

void recognise_expected(const struct scanner *sc, const struct message *u, service_mask expected,
	struct recognition *r)
{
	if (!expected)
		return;
	if (r->service < 0) {
		match_expected(sc, u, expected, r);
	} else if (expected & SERVICE_BIT(r->service)) {
		if (!r->reversed)
			return;
		r->excluded |= SERVICE_BIT(r->service);
		r->service = -1;
		exclude(sc, u, expected & ~r->excluded, r);
	} else if (u->transport == TRANSPORT_UDP &&
		   (message_is_part(u) || expected & SERVICE_BIT(SERVICE_ECHO))) {
		doubt(sc, u, expected, r);
	}
}

enum match recognise_again(
	const struct scanner *sc, const struct message *u, unsigned service, struct recognition *r)
{
	enum match best = validate(sc, u, service, r);

	r->service = -1;
	r->reversed = best == MATCH_YES && is_reversed(u, &r->info);
	if (best != MATCH_YES)
		return best;
	if (r->reversed)
		return MATCH_NO;
	accept_service(r, u, service);
	return (unsigned)r->service == service ? MATCH_YES : MATCH_NO;
}

int recognise_none(const struct scanner *sc, const struct message *u, service_mask expected)
{
	struct message_info m;

	for (service_mask left = expected; left; left &= left - 1) {
		const int8_t *list = sc->validators[u->transport][__builtin_ctzll(left)];
		if (*list < 0)
			return 0;
		for (; *list >= 0; list++) {
			message_info_init(&m);
			if (validator[*list](u, &m) != MATCH_NO)
				return 0;
		}
	}
	return 1;
}
