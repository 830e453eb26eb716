#include "analysis/correlation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/channels.h"
#include "analysis/declared_channels.h"
#include "analysis/exposure.h"
#include "analysis/matrix.h"
#include "base/format.h"
#include "base/heap.h"
#include "base/text_hash.h"
#include "policy/remap.h"
#include "policy/ruleset.h"

#define SECOND_NS 1000000000ull

/* Devices retry their managers about every 44 seconds: after this time without an attempt the
 * channel is missing. */
#define CHANNEL_NS (300 * SECOND_NS)

/* An appliance that uses both HTTP and HTTPS does so within minutes. */
#define HTTPS_NS (300 * SECOND_NS)

struct correlation_traits {
	const char *name, *words;
	enum severity severity;
	bool is_absence;
};

static const struct correlation_traits traits[] = {
#define CORRELATION_TRAITS(member, text, words, severity, absence)                                 \
	[CORRELATION_##member] = {text, words, severity, absence},
	CORRELATION_LIST(CORRELATION_TRAITS)
#undef CORRELATION_TRAITS
};

const char *correlation_name(enum correlation_kind k)
{
	return traits[k].name;
}

const char *correlation_words(enum correlation_kind k)
{
	return traits[k].words;
}

enum severity correlation_severity(enum correlation_kind k)
{
	return traits[k].severity;
}

bool correlation_is_absence(enum correlation_kind k)
{
	return traits[k].is_absence;
}

/* The documented port of appliance communications, which is moved once for all, if it is; else 0.
 */
static uint16_t old_port_of(const struct ruleset *c)
{
	for (uint32_t i = 0; i < c->policy->rules; i++)
		if (c->policy->rule[i].port != c->rule[i].documented_port &&
			strcmp(c->rule[i].feature, CHANNEL_FEATURE) == 0)
			return c->rule[i].documented_port;
	return 0;
}

int correlations_init(struct correlations *n, const struct ruleset *ruleset, uint64_t start_ns)
{
	*n = (struct correlations){
		.ruleset = ruleset, .old_port = old_port_of(ruleset), .start_ns = start_ns};
	n->old_port_ns = heap_calloc(ruleset->appliances + 1, sizeof(*n->old_port_ns));
	n->appliance_ns = heap_calloc(ruleset->appliances + 1, sizeof(*n->appliance_ns));
	n->feature_ns = heap_calloc(ruleset->features + 1, sizeof(*n->feature_ns));
	if (n->old_port_ns && n->appliance_ns && n->feature_ns)
		return 0;
	correlations_fini(n);
	return -ENOMEM;
}

static void forget(struct correlations *n, struct correlation *f)
{
	HASH_DEL(n->first, f);
	free(f);
	n->count--;
}

void correlations_fini(struct correlations *n)
{
	struct correlation *f, *next;

	HASH_ITER(hh, n->first, f, next)
	{
		forget(n, f);
	}
	free(n->old_port_ns);
	free(n->appliance_ns);
	free(n->feature_ns);
	n->old_port_ns = n->appliance_ns = n->feature_ns = NULL;
}

/* --- reload ---------------------------------------------------------------------------- */

static bool is_enabled(const struct policy *p, uint16_t feature)
{
	for (uint32_t i = 0; i < p->rules; i++)
		if (p->rule[i].feature == feature && p->rule[i].enabled)
			return true;
	return false;
}

static uint16_t feature_in(const struct ruleset *c, const char *name)
{
	for (uint32_t i = 0; i < c->policy->rules; i++)
		if (strcmp(c->rule[i].feature, name) == 0)
			return c->policy->rule[i].feature;
	return FEATURE_NONE;
}

static bool translate(const struct correlations *old, const struct ruleset *to,
	const struct remap *remap, struct correlation_key *k)
{
	bool had_appliance = k->appliance != APPLIANCE_NONE, had_set = k->set != SET_NONE;

	if (had_set)
		k->set = remap_set(remap, k->appliance, k->set);
	if (had_appliance)
		k->appliance = remap_appliance(remap, k->appliance);
	if (k->feature != FEATURE_NONE)
		k->feature = feature_in(to, old->ruleset->feature[k->feature]);
	return (k->appliance != APPLIANCE_NONE) == had_appliance && (k->set != SET_NONE) == had_set;
}

static struct correlation *find(const struct correlations *n, const struct correlation_key *k)
{
	struct correlation *f;

	HASH_FIND(hh, n->first, k, sizeof(*k), f);
	return f;
}

static void add(struct correlations *n, struct correlation *f)
{
	HASH_ADD(hh, n->first, key, sizeof(f->key), f);
	n->count++;
}

static void carry_over(struct correlations *n, struct correlations *old, const struct remap *remap)
{
	struct correlation *f, *next;

	for (size_t i = 0; i < remap->appliances; i++) {
		uint16_t new_number = remap->appliance[i];
		if (new_number == APPLIANCE_NONE)
			continue;
		n->old_port_ns[new_number] = old->old_port_ns[i];
		n->appliance_ns[new_number] = old->appliance_ns[i];
	}
	for (uint16_t i = 0; i < old->ruleset->features; i++) {
		uint16_t new_number = feature_in(n->ruleset, old->ruleset->feature[i]);
		if (new_number != FEATURE_NONE && is_enabled(old->ruleset->policy, i) &&
			is_enabled(n->ruleset->policy, new_number))
			n->feature_ns[new_number] = old->feature_ns[i];
	}
	HASH_ITER(hh, old->first, f, next)
	{
		HASH_DEL(old->first, f);
		if (translate(old, n->ruleset, remap, &f->key) && !find(n, &f->key))
			add(n, f);
		else
			free(f);
	}
}

int correlations_reload(
	struct correlations *n, const struct ruleset *ruleset, const struct remap *remap)
{
	struct correlations old = *n;
	int error = correlations_init(n, ruleset, old.start_ns);

	if (error < 0) {
		*n = old;
		return error;
	}
	n->overflowed = old.overflowed;
	n->was_evaluated = old.was_evaluated;
	carry_over(n, &old, remap);
	correlations_fini(&old);
	return 0;
}

/* --- records --------------------------------------------------------------------------- */

void correlations_take(struct correlations *n, const struct record *r)
{
	if (!n->old_port || r->port[1] != n->old_port || r->verdict != VERDICT_UNEXPECTED_PORT)
		return;
	for (unsigned end = 0; end < 2; end++)
		if (r->appliance[end] != APPLIANCE_NONE &&
			n->old_port_ns[r->appliance[end]] < r->end_ns)
			n->old_port_ns[r->appliance[end]] = r->end_ns;
}

/* --- evaluation ------------------------------------------------------------------------ */

/* One evaluation: its inputs and the listener. */
struct evaluation {
	struct correlations *correlations;
	const struct correlation_evidence *evidence;
	correlation_listener *listener;
	void *context;
	const struct declared_channels *declared; /* NULL: no memory for it */
};

static struct correlation *begin(const struct evaluation *v, const struct correlation_key *k)
{
	struct correlations *n = v->correlations;
	struct correlation *f = n->count < CORRELATIONS_MAX ? heap_calloc(1, sizeof(*f)) : NULL;

	if (!f) {
		n->overflowed++;
		return NULL;
	}
	f->key = *k;
	f->since_ns = v->evidence->now_ns;
	add(n, f);
	return f;
}

static void raise_one(
	const struct evaluation *v, struct correlation_key k, uint64_t last_ns, const char *detail)
{
	struct correlation *f = find(v->correlations, &k);
	bool is_new = !f;

	if (!f)
		f = begin(v, &k);
	if (!f)
		return;
	f->holds = true;
	f->last_ns = last_ns;
	snprintf(f->detail, sizeof(f->detail), "%s", detail);
	f->inconclusive =
		correlation_is_absence((enum correlation_kind)k.kind) && v->evidence->in_doubt;
	if (is_new && v->listener)
		v->listener(v->context, f, true);
}

/* Raises a correlation about an appliance and a rule set. */
static void raise_cell(const struct evaluation *v, enum correlation_kind kind, size_t appliance,
	uint16_t set, uint64_t last_ns)
{
	struct correlation_key k = {(uint16_t)kind, (uint16_t)appliance, set, FEATURE_NONE, 0};

	raise_one(v, k, last_ns, "");
}

static void raise_appliance(
	const struct evaluation *v, enum correlation_kind kind, size_t appliance, uint64_t last_ns)
{
	raise_cell(v, kind, appliance, SET_NONE, last_ns);
}

static bool is_in_use(const struct matrix_cell *cell)
{
	return cell && cell->last_ns > 0;
}

static const struct rule *first_rule(const struct ruleset *c, uint16_t set)
{
	return policy_rule(c->policy, set, 0);
}

/* Whether monitoring began at least `while_ns` ago. */
static bool has_been(uint64_t since_ns, uint64_t now_ns, uint64_t while_ns)
{
	return now_ns > since_ns && now_ns - since_ns > while_ns;
}

/* Sets the start of monitoring where it is not set: at the start of the sensor or at a reload. */
static void begin_monitoring(uint64_t *since_ns, size_t count, uint64_t begin_ns)
{
	for (size_t i = 0; i < count; i++)
		if (since_ns[i] == 0)
			since_ns[i] = begin_ns;
}

/* --- one function per kind --------------------------------------------------------------- */

static bool has_service(const struct rule *r, enum service s)
{
	return (r->services & SERVICE_BIT(s)) != 0;
}

/* Same feature, role and direction, and `other` uses TLS. */
static bool is_tls_counterpart(const struct rule *r, const struct rule *other)
{
	return other->role == r->role && other->direction == r->direction &&
	       other->feature == r->feature && has_service(other, SERVICE_TLS);
}

static bool uses_tls_counterpart(const struct evaluation *v, size_t appliance, const struct rule *r)
{
	const struct ruleset *c = v->correlations->ruleset;

	for (uint32_t row = 1; row < c->rows; row++) {
		uint16_t set = ruleset_row_set(c, appliance, row);
		if (set != SET_NONE && is_tls_counterpart(r, first_rule(c, set)) &&
			is_in_use(matrix_cell(v->evidence->matrix, appliance, set)))
			return true;
	}
	return false;
}

static void find_clear_syslog(
	const struct evaluation *v, size_t appliance, uint16_t set, const struct matrix_cell *cell)
{
	const struct rule *r = first_rule(v->correlations->ruleset, set);

	if (is_in_use(cell) && has_service(r, SERVICE_SYSLOG) &&
		uses_tls_counterpart(v, appliance, r))
		raise_cell(v, CORRELATION_CLEAR_SYSLOG, appliance, set, cell->last_ns);
}

static void find_http_alone(
	const struct evaluation *v, size_t appliance, uint16_t set, const struct matrix_cell *cell)
{
	const struct ruleset *c = v->correlations->ruleset;
	const struct rule *r = first_rule(c, set);
	uint16_t https;

	if (!is_in_use(cell) || r->port != 80 || r->transport != TRANSPORT_TCP ||
		r->direction != DIRECTION_OUTBOUND)
		return;
	https = policy_set(
		c->policy, c->class_of[appliance], DIRECTION_OUTBOUND, TRANSPORT_TCP, 443);
	if (https == SET_NONE ||
		!has_been(
			v->correlations->appliance_ns[appliance], v->evidence->now_ns, HTTPS_NS) ||
		is_in_use(matrix_cell(v->evidence->matrix, appliance, https)))
		return;
	raise_cell(v, CORRELATION_HTTP_ALONE, appliance, set, cell->last_ns);
}

static void find_off_and_used(
	const struct evaluation *v, size_t appliance, uint16_t set, const struct matrix_cell *cell)
{
	if (cell && cell->wrong_ns > 0 && cell->verdict == VERDICT_FEATURE_DISABLED &&
		cell->wrong_ns + v->evidence->silence_ns > v->evidence->now_ns)
		raise_cell(v, CORRELATION_OFF_AND_USED, appliance, set, cell->wrong_ns);
}

/* Nobody misses the sessions of people: a row speaks by itself where its profile says so. */
static bool is_unattended(const struct ruleset *c, uint16_t set)
{
	for (uint32_t i = 0; i < c->policy->set[set].count; i++)
		if (ruleset_member_text(c, set, i)->unattended &&
			policy_rule(c->policy, set, i)->enabled)
			return true;
	return false;
}

static void find_fell_silent(
	const struct evaluation *v, size_t appliance, uint16_t set, const struct matrix_cell *cell)
{
	if (is_in_use(cell) && is_unattended(v->correlations->ruleset, set) &&
		cell->last_ns + v->evidence->silence_ns < v->evidence->now_ns)
		raise_cell(v, CORRELATION_FELL_SILENT, appliance, set, cell->last_ns);
}

static void find_by_row(const struct evaluation *v, size_t appliance, uint32_t row)
{
	uint16_t set = ruleset_row_set(v->correlations->ruleset, appliance, row);
	const struct matrix_cell *cell = matrix_cell(v->evidence->matrix, appliance, set);

	if (!cell)
		return;
	find_clear_syslog(v, appliance, set, cell);
	find_http_alone(v, appliance, set, cell);
	find_off_and_used(v, appliance, set, cell);
	find_fell_silent(v, appliance, set, cell);
}

/* The management centers without a channel, by name. */
static void missing_names(const struct evaluation *v, size_t appliance, char *text, size_t bytes)
{
	const struct ruleset *c = v->correlations->ruleset;
	uint32_t at = 0;
	uint16_t manager;
	size_t used = 0;

	text[0] = '\0';
	while ((manager = declared_channels_missing(v->declared, appliance, &at)) !=
			APPLIANCE_NONE &&
		used < bytes)
		used += (size_t)snprintf(text + used, bytes - used, "%s%s", used ? ", " : "",
			c->appliance[manager].name);
}

/* A device that names its management centers needs each of them, another one any. */
static void find_missing_channels(const struct evaluation *v, size_t appliance)
{
	const struct ruleset *c = v->correlations->ruleset;
	char names[CORRELATION_DETAIL_BYTES];
	struct correlation_key k = {
		CORRELATION_CHANNEL_MISSING, (uint16_t)appliance, SET_NONE, FEATURE_NONE, 0};

	if (!v->declared || !declared_channels_needs(v->declared, appliance))
		return;
	if (declared_channels_names(v->declared, appliance)) {
		missing_names(v, appliance, names, sizeof(names));
		if (names[0])
			raise_one(v, k, 0, names);
	} else if (c->appliance[appliance].role == ROLE_MANAGED_DEVICE &&
		   !channels_has(v->evidence->channels, (uint16_t)appliance)) {
		raise_appliance(v, CORRELATION_NO_CHANNEL, appliance, 0);
	}
}

static void find_by_appliance(const struct evaluation *v, size_t appliance)
{
	const struct correlation_evidence *e = v->evidence;
	const struct correlations *n = v->correlations;
	const uint64_t *binds = e->exposures->flows[EXPOSURE_CLEAR_BIND];

	if (binds && binds[appliance] > 0)
		raise_appliance(v, CORRELATION_CLEAR_LDAP, appliance, 0);
	if (n->old_port_ns[appliance] && n->old_port_ns[appliance] + e->silence_ns > e->now_ns)
		raise_appliance(v, CORRELATION_MIXED_PORTS, appliance, n->old_port_ns[appliance]);
	if (has_been(n->appliance_ns[appliance], e->now_ns, CHANNEL_NS))
		find_missing_channels(v, appliance);
}

static bool is_used_by_any(const struct evaluation *v, uint16_t feature)
{
	const struct ruleset *c = v->correlations->ruleset;

	for (uint32_t set = SET_NONE + 1; set < c->policy->sets; set++)
		for (uint32_t i = 0; i < c->policy->set[set].count; i++) {
			if (policy_rule(c->policy, (uint16_t)set, i)->feature != feature)
				continue;
			for (size_t a = 0; a < c->appliances; a++)
				if (is_in_use(matrix_cell(v->evidence->matrix, a, (uint16_t)set)))
					return true;
		}
	return false;
}

static void find_by_feature(const struct evaluation *v, uint16_t feature)
{
	const struct correlation_evidence *e = v->evidence;

	if (has_been(v->correlations->feature_ns[feature], e->now_ns, e->silence_ns) &&
		is_enabled(v->correlations->ruleset->policy, feature) &&
		!is_used_by_any(v, feature))
		raise_one(v,
			(struct correlation_key){
				CORRELATION_ON_AND_SILENT, APPLIANCE_NONE, SET_NONE, feature, 0},
			0, "");
}

/* --- certificates of channels -------------------------------------------------------------- */

/* Another issuer is told for so long. */
#define CHANGED_NS (86400 * SECOND_NS)

static uint32_t hash_text(const char *text)
{
	uint64_t hash = text_hash(TEXT_HASH_START, text, strlen(text));

	return (uint32_t)(hash ^ hash >> 32) | 1u;
}

static void raise_certificate(const struct evaluation *v, enum correlation_kind kind,
	const struct channel *ch, unsigned end, const char *about, const char *detail)
{
	struct correlation_key k = {
		(uint16_t)kind, ch->key.appliance[end], SET_NONE, FEATURE_NONE, hash_text(about)};

	raise_one(v, k, ch->certificate[end].seen_ns, detail);
}

static void find_end_of_certificate(
	const struct evaluation *v, const struct channel *ch, unsigned end)
{
	static const enum correlation_kind kind[] = {
		[CERTIFICATE_ENDS_IN_90] = CORRELATION_CERTIFICATE_90,
		[CERTIFICATE_ENDS_IN_30] = CORRELATION_CERTIFICATE_30,
		[CERTIFICATE_ENDS_IN_7] = CORRELATION_CERTIFICATE_7,
		[CERTIFICATE_ENDED] = CORRELATION_CERTIFICATE_ENDED,
	};
	const struct certificate *c = ch->certificate[end].now;
	enum certificate_term term = certificate_term(c, v->evidence->now_ns);
	char detail[CORRELATION_DETAIL_BYTES], when[TIME_TEXT_BYTES];

	if (term == CERTIFICATE_GOOD)
		return;
	format_time_short(c->not_after_ns, when);
	snprintf(detail, sizeof(detail), "%.100s by %.70s, until %.30s UTC",
		c->subject[0] ? c->subject : "no subject", c->issuer, when);
	raise_certificate(v, kind[term], ch, end, c->fingerprint, detail);
}

static void find_issuers(const struct evaluation *v, const struct channel *ch, unsigned end)
{
	const struct channel_certificate *mine = &ch->certificate[end],
					 *other = &ch->certificate[1 - end];
	char detail[CORRELATION_DETAIL_BYTES], peer[CHANNEL_END_BYTES];

	channel_end_text(v->evidence->channels, ch, 1 - end, peer);
	if (end == 0 && other->now && strcmp(mine->now->issuer, other->now->issuer) != 0) {
		snprintf(detail, sizeof(detail), "%.80s here, %.80s of %.60s", mine->now->issuer,
			other->now->issuer, peer);
		raise_certificate(v, CORRELATION_CERTIFICATE_ISSUERS, ch, end, peer, detail);
	}
	if (mine->before && mine->changed_ns + CHANGED_NS > v->evidence->now_ns) {
		snprintf(detail, sizeof(detail), "to %.60s: %.80s before, %.80s now", peer,
			mine->before->issuer, mine->now->issuer);
		raise_certificate(v, CORRELATION_CERTIFICATE_CHANGED, ch, end, peer, detail);
	}
}

static void find_by_channel(const struct evaluation *v, const struct channel *ch)
{
	for (unsigned end = 0; end < 2; end++) {
		if (!ch->certificate[end].now)
			continue;
		find_end_of_certificate(v, ch, end);
		find_issuers(v, ch, end);
	}
}

/* Ends the correlations that no longer hold. */
static void end_the_rest(const struct evaluation *v)
{
	struct correlation *f, *next;

	HASH_ITER(hh, v->correlations->first, f, next)
	{
		if (f->holds)
			continue;
		if (v->listener)
			v->listener(v->context, f, false);
		forget(v->correlations, f);
	}
}

void correlations_evaluate(struct correlations *n, const struct correlation_evidence *e,
	correlation_listener *listener, void *context)
{
	struct declared_channels declared;
	bool is_open = declared_channels_open(&declared, n->ruleset, e->channels) == 0;
	const struct evaluation v = {.correlations = n,
		.evidence = e,
		.listener = listener,
		.context = context,
		.declared = is_open ? &declared : NULL};
	const struct ruleset *c = n->ruleset;

	begin_monitoring(
		n->appliance_ns, c->appliances, n->was_evaluated ? e->now_ns : n->start_ns);
	begin_monitoring(n->feature_ns, c->features, n->was_evaluated ? e->now_ns : n->start_ns);
	n->was_evaluated = true;
	for (struct correlation *f = n->first; f; f = f->hh.next)
		f->holds = false;
	for (size_t a = 0; a < c->appliances; a++) {
		find_by_appliance(&v, a);
		for (uint32_t row = 1; row < c->rows; row++)
			find_by_row(&v, a, row);
	}
	for (uint16_t f = 0; f < c->features; f++)
		find_by_feature(&v, f);
	for (const struct channel *ch = e->channels->first; ch; ch = ch->hh.next)
		find_by_channel(&v, ch);
	end_the_rest(&v);
	if (is_open)
		declared_channels_close(&declared);
}

/* --- text ---------------------------------------------------------------------------------- */

/* ", data interface" and the like, where the appliance has both kinds and the rule is of one. */
static void interface_text(const struct ruleset *c, const struct correlation *f, char text[32])
{
	const char *interface = f->key.appliance == APPLIANCE_NONE
					? ""
					: ruleset_interface_of(c, f->key.appliance, f->key.set);

	snprintf(text, 32, "%s%s%s", *interface ? ", " : "", interface,
		*interface ? " interface" : "");
}

static void fell_silent_text(
	const struct ruleset *c, const struct correlation *f, char text[CORRELATION_TEXT_BYTES])
{
	char when[TIME_TEXT_BYTES], interface[32];

	interface_text(c, f, interface);
	format_time_short(f->last_ns, when);
	snprintf(text, CORRELATION_TEXT_BYTES, "%.200s: no traffic on %.80s%s since %s UTC",
		c->appliance[f->key.appliance].name, ruleset_set_id(c, f->key.set), interface,
		when);
}

void correlation_text(const struct correlations *n, const struct correlation *f,
	char text[CORRELATION_TEXT_BYTES])
{
	const struct ruleset *c = n->ruleset;
	char when[TIME_TEXT_BYTES] = "", interface[32];
	size_t used = 0;

	interface_text(c, f, interface);
	if (f->key.kind == CORRELATION_FELL_SILENT) {
		fell_silent_text(c, f, text);
		return;
	}
	if (f->key.appliance != APPLIANCE_NONE)
		used = (size_t)snprintf(text, CORRELATION_TEXT_BYTES,
			"%.200s: ", c->appliance[f->key.appliance].name);
	used += (size_t)snprintf(text + used, CORRELATION_TEXT_BYTES - used, "%s",
		correlation_words((enum correlation_kind)f->key.kind));
	if (f->key.set != SET_NONE)
		used += (size_t)snprintf(text + used, CORRELATION_TEXT_BYTES - used, " (%.80s%s)",
			ruleset_set_id(c, f->key.set), interface);
	else if (f->key.feature != FEATURE_NONE)
		used += (size_t)snprintf(text + used, CORRELATION_TEXT_BYTES - used, " (%.80s)",
			c->feature[f->key.feature]);
	if (f->detail[0])
		used += (size_t)snprintf(
			text + used, CORRELATION_TEXT_BYTES - used, ": %s", f->detail);
	if (f->last_ns && used < CORRELATION_TEXT_BYTES) {
		format_time_short(f->last_ns, when);
		snprintf(text + used, CORRELATION_TEXT_BYTES - used, ", last on %s UTC", when);
	}
}
