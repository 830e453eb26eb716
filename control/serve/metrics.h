/* A snapshot as metrics: the text that Prometheus scrapes.
 *
 * One table of families, each with its name, type, help and who writes its samples. Series are
 * bounded: by the site (appliances, rules, channels), and beyond METRICS_SERIES_MAX of one
 * family by a number that says how many were left out. Control's thread.
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
	json_t *(*sinks)(void *context); /* their states, a new array; or NULL */
	void *sinks_context;
};

/* The page, to be freed, and its length; NULL where memory ran out. `open_metrics`: in that format
 * (version 1.0.0), else in Prometheus' own (0.0.4). */
char *metrics_text(const struct metrics_source *, bool open_metrics, size_t *length);

/* A label's value: backslash, quote and newline escaped, other control characters a space. */
void metrics_escape(const char *value, char *text, size_t bytes);

#endif
