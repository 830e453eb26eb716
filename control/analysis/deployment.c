#include "analysis/deployment.h"

#include <errno.h>
#include <stdio.h>

#include "policy/ruleset.h"
#include "record/ecs.h"

int deployment_init(struct deployment *e, const struct ecs *ecs)
{
	*e = (struct deployment){.ecs = ecs};
	if (matrix_init(&e->matrix, ecs->ruleset) < 0 ||
		channels_init(&e->channels, ecs->ruleset) < 0 ||
		correlations_init(&e->correlations, ecs->ruleset, UINT64_MAX) < 0) {
		deployment_fini(e);
		return -ENOMEM;
	}
	return 0;
}

void deployment_fini(struct deployment *e)
{
	if (e->matrix.row)
		matrix_fini(&e->matrix);
	channels_fini(&e->channels);
	correlations_fini(&e->correlations);
}

int deployment_reload(struct deployment *e, const struct remap *h)
{
	const struct ruleset *ruleset = e->ecs->ruleset;
	int error = matrix_reload(&e->matrix, ruleset, h);

	if (error == 0)
		error = channels_reload(&e->channels, ruleset, h);
	if (error == 0)
		error = correlations_reload(&e->correlations, ruleset, h);
	if (error < 0) { /* nothing may keep the former ruleset's numbers */
		deployment_fini(e);
		e->is_lost = true;
	}
	return error;
}

void deployment_take(struct deployment *e, const struct record *r)
{
	if (e->is_lost)
		return;
	matrix_take(&e->matrix, r);
	channels_take(&e->channels, r);
	correlations_take(&e->correlations, r);
}

void deployment_begin_dump(struct deployment *e)
{
	matrix_begin_dump(&e->matrix);
	channels_begin_dump(&e->channels);
}

/* --- what changes, told ------------------------------------------------------------------- */

/* A healthy channel is no alarm, and of doubt nothing is claimed. */
static enum severity severity_of(enum channel_state s)
{
	switch (s) {
	case CHANNEL_UP:
	case CHANNEL_INCONCLUSIVE:
		return SEVERITY_NONE;
	case CHANNEL_HALF:
		return SEVERITY_LOW;
	default:
		return SEVERITY_MEDIUM;
	}
}

static void report_channel(void *context, const struct channel *ch, enum channel_state from)
{
	struct deployment *e = context;
	char end[2][CHANNEL_END_BYTES], message[EVENT_MESSAGE_BYTES];
	enum severity severity = severity_of(ch->state);
	struct event v;

	/* How it stood all along is no change. */
	if (!e->listener || (from == CHANNEL_STATE_COUNT && (!e->is_watched || !severity)))
		return;
	for (unsigned i = 0; i < 2; i++)
		channel_end_text(&e->channels, ch, i, end[i]);
	snprintf(message, sizeof(message), "channel of %.180s and %.180s: %s: %s", end[0], end[1],
		channel_state_name(ch->state), channel_state_words(ch->state));
	event_init(&v, EVENT_CHANNEL, e->ecs, e->judged_ns);
	v.action = "channel-changed";
	v.severity = severity;
	v.message = message;
	v.channel = (struct event_channel){
		.end = {end[0], end[1]},
		.state = channel_state_name(ch->state),
		.previous = channel_state_name(from),
		.meaning = channel_state_words(ch->state),
	};
	e->listener(e->context, &v);
}

static struct event_correlation correlation_of(
	const struct ruleset *c, const struct correlation *f, bool begins)
{
	struct event_correlation correlation = {
		.kind = correlation_name((enum correlation_kind)f->key.kind),
		.state = begins ? "begins" : "ends",
		.inconclusive = f->inconclusive,
	};

	if (f->key.appliance != APPLIANCE_NONE)
		correlation.appliance = c->appliance[f->key.appliance].name;
	if (f->key.set != SET_NONE)
		correlation.rule = c->rule[c->policy->set[f->key.set].first].id;
	if (f->key.feature != FEATURE_NONE)
		correlation.feature = c->feature[f->key.feature];
	return correlation;
}

static void report_correlation(void *context, const struct correlation *f, bool begins)
{
	struct deployment *e = context;
	char text[CORRELATION_TEXT_BYTES], message[EVENT_MESSAGE_BYTES];
	struct event v;

	if (!e->listener || !e->is_watched) /* a capture's summary says it */
		return;
	correlation_text(&e->correlations, f, text);
	snprintf(message, sizeof(message), "%s%.480s", begins ? "" : "over: ", text);
	event_init(&v, EVENT_CORRELATION, e->ecs, e->judged_ns);
	v.action = begins ? "finding-begins" : "finding-ends";
	if (begins && !f->inconclusive)
		v.severity = correlation_severity((enum correlation_kind)f->key.kind);
	v.message = message;
	v.correlation = correlation_of(e->ecs->ruleset, f, begins);
	e->listener(e->context, &v);
}

void deployment_evaluate(struct deployment *e, const struct deployment_view *v)
{
	struct correlation_evidence evidence = {
		.matrix = &e->matrix,
		.channels = &e->channels,
		.exposures = v->exposures,
		.now_ns = v->now_ns,
		.silence_ns = e->ecs->ruleset->silence_ns,
		.in_doubt = v->in_doubt,
	};

	if (e->is_lost)
		return;
	e->judged_ns = v->now_ns;
	channels_evaluate(&e->channels, v->now_ns, v->in_doubt, report_channel, e);
	correlations_evaluate(&e->correlations, &evidence, report_correlation, e);
}
