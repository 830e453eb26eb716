/* The mirror report as JSON: `mirror` in --stats. */
#ifndef PORTOLAN_MIRROR_JSON_H
#define PORTOLAN_MIRROR_JSON_H

#include <jansson.h>

struct counters;
struct mirror_report;

/* A new document with figures and findings. */
json_t *mirror_report_json(const struct mirror_report *, const struct counters *);

#endif
