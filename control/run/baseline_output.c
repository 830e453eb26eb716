#include "run/baseline_output.h"

#include <stdio.h>

#include "analysis/alerts.h"
#include "record/event.h"
#include "store/baseline.h"

static const char *text_or_none(const char *text)
{
	return *text ? text : NULL;
}

static void write_one(
	struct alerts *alerts, const struct ecs *ecs, const struct baseline_finding *f)
{
	struct event v;

	event_init(&v, EVENT_CORRELATION, ecs, f->ends ? f->last_ns : f->first_ns);
	v.action = f->ends ? "finding-ends" : "finding-begins";
	v.severity = f->ends ? SEVERITY_NONE : SEVERITY_LOW;
	v.message = f->message;
	v.correlation = (struct event_correlation){
		.kind = baseline_name(f->kind),
		.state = f->ends ? "ends" : "begins",
		.appliance = f->appliance,
		.rule = text_or_none(f->rule),
		.peer = text_or_none(f->peer),
		.direction = text_or_none(f->direction),
		.is_baseline = true,
		.first_ns = f->first_ns,
		.last_ns = f->last_ns,
		.flows = f->flows,
	};
	snprintf(v.correlation.id, sizeof(v.correlation.id), "%s", f->id);
	alerts_write_event(alerts, &v);
}

void baseline_output_write(
	struct alerts *alerts, const struct ecs *ecs, const struct baseline_finding *f)
{
	for (; f; f = f->next)
		write_one(alerts, ecs, f);
}
