/* Renders a snapshot as metrics in Prometheus' text formats.
 *
 * One table of families, with name, type, help and a function that writes the samples. Series are
 * bounded by the site (appliances, rules, channels) and by METRICS_SERIES_MAX per family; the
 * number left out is reported. Used on the control thread only.
 */
#ifndef PORTOLAN_METRICS_H
#define PORTOLAN_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct snapshot;

#define METRICS_SERIES_MAX 10000

struct metrics_source {
	const struct snapshot *snapshot;
	json_t *(*sinks)(void *context); /* returns their states, a new array; or NULL */
	void *sinks_context;
};

/* Returns the page, to be freed, and its length; NULL: out of memory. `open_metrics`: OpenMetrics
 * 1.0.0, else Prometheus 0.0.4. */
char *metrics_text(const struct metrics_source *, bool open_metrics, size_t *length);

/* Escapes a label's value: backslash, quote and newline; other control characters become spaces. */
void metrics_escape(const char *value, char *text, size_t bytes);

#endif
