#include "analysis/deployment.h"

#include <errno.h>
#include <stdio.h>

#include "policy/ruleset.h"
#include "record/ecs.h"

int deployment_init(struct deployment *d, const struct ecs *ecs)
{
	*d = (struct deployment){.ecs = ecs};
	if (matrix_init(&d->matrix, ecs->ruleset) < 0 ||
		channels_init(&d->channels, ecs->ruleset) < 0 ||
		correlations_init(&d->correlations, ecs->ruleset, UINT64_MAX) < 0) {
		deployment_fini(d);
		return -ENOMEM;
	}
	return 0;
}

void deployment_fini(struct deployment *d)
{
	if (d->matrix.row)
		matrix_fini(&d->matrix);
	channels_fini(&d->channels);
	correlations_fini(&d->correlations);
}

int deployment_reload(struct deployment *d, const struct remap *h)
{
	const struct ruleset *ruleset = d->ecs->ruleset;
	int error = matrix_reload(&d->matrix, ruleset, h);

	if (error == 0)
		error = channels_reload(&d->channels, ruleset, h);
	if (error == 0)
		error = correlations_reload(&d->correlations, ruleset, h);
	if (error < 0) { /* no part may keep numbers of the former ruleset */
		deployment_fini(d);
		d->is_lost = true;
	}
	return error;
}

void deployment_take(struct deployment *d, const struct record *r)
{
	if (d->is_lost)
		return;
	if (r->kind == RECORD_CERTIFICATE) {
		channels_take_certificate(&d->channels, r);
		return;
	}
	matrix_take(&d->matrix, r);
	channels_take(&d->channels, r);
	correlations_take(&d->correlations, r);
}

void deployment_begin_dump(struct deployment *d)
{
	matrix_begin_dump(&d->matrix);
}

/* --- events ---------------------------------------------------------------------------- */

/* A channel that is up or inconclusive is no alert. */
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
	struct deployment *d = context;
	char end[2][CHANNEL_END_BYTES], message[EVENT_MESSAGE_BYTES], reason[CHANNEL_CAUSE_BYTES];
	enum severity severity = severity_of(ch->state);
	struct event v;

	/* No event for a channel's first known state, unless it is bad and the sensor is
	 * running. */
	if (!d->listener || (from == CHANNEL_STATE_COUNT && (!d->is_continuous || !severity)))
		return;
	for (unsigned i = 0; i < 2; i++)
		channel_end_text(&d->channels, ch, i, end[i]);
	channel_reason(&d->channels, ch, reason);
	snprintf(message, sizeof(message), "channel of %.120s and %.120s: %s: %.240s", end[0],
		end[1], channel_state_name(ch->state),
		reason[0] ? reason : channel_state_words(ch->state));
	event_init(&v, EVENT_CHANNEL, d->ecs, d->evaluated_ns);
	v.action = "channel-changed";
	v.severity = severity;
	v.message = message;
	v.channel = (struct event_channel){
		.end = {end[0], end[1]},
		.state = channel_state_name(ch->state),
		.previous = channel_state_name(from),
		.meaning = channel_state_words(ch->state),
		.reason = reason[0] ? reason : NULL,
	};
	d->listener(d->context, &v);
}

struct event_correlation deployment_correlation(
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
		correlation.rule = ruleset_set_id(c, f->key.set);
	if (f->key.feature != FEATURE_NONE)
		correlation.feature = c->feature[f->key.feature];
	if (f->detail[0])
		correlation.detail = f->detail;
	event_correlation_identify(&correlation);
	return correlation;
}

static void report_correlation(void *context, const struct correlation *f, bool begins)
{
	struct deployment *d = context;
	char text[CORRELATION_TEXT_BYTES], message[EVENT_MESSAGE_BYTES];
	struct event v;

	if (!d->listener || !d->is_continuous) /* for a capture, the summary lists it */
		return;
	correlation_text(&d->correlations, f, text);
	snprintf(message, sizeof(message), "%s%.480s", begins ? "" : "over: ", text);
	event_init(&v, EVENT_CORRELATION, d->ecs, d->evaluated_ns);
	v.action = begins ? "finding-begins" : "finding-ends";
	if (begins && !f->inconclusive)
		v.severity = correlation_severity((enum correlation_kind)f->key.kind);
	v.message = message;
	v.correlation = deployment_correlation(d->ecs->ruleset, f, begins);
	d->listener(d->context, &v);
}

void deployment_evaluate(struct deployment *d, const struct deployment_view *v)
{
	struct correlation_evidence evidence = {
		.matrix = &d->matrix,
		.channels = &d->channels,
		.exposures = v->exposures,
		.now_ns = v->now_ns,
		.silence_ns = d->ecs->ruleset->silence_ns,
		.in_doubt = v->in_doubt,
	};

	if (d->is_lost)
		return;
	d->evaluated_ns = v->now_ns;
	if (!d->is_continuous) /* the answer of a capture is the same however it is read */
		channels_sort(&d->channels);
	channels_evaluate(&d->channels, v->now_ns, v->in_doubt, report_channel, d);
	correlations_evaluate(&d->correlations, &evidence, report_correlation, d);
}
