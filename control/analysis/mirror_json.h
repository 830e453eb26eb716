/* The mirror report as a document: what --stats has under `mirror`. */
#ifndef PORTOLAN_MIRROR_JSON_H
#define PORTOLAN_MIRROR_JSON_H

#include <jansson.h>

struct counters;
struct mirror_report;

/* The figures and the findings, a new document. */
json_t *mirror_report_json(const struct mirror_report *, const struct counters *);

#endif
