/* What connects findings and their packets: tells the evidence (sink/evidence_files.h) which
 * finding a flagged flow is part of, and what has become of it in the accounting.
 *
 * Called by the collector after the alerts have taken the record: by then the finding has its id.
 */
#ifndef PORTOLAN_EVIDENCE_OUTPUT_H
#define PORTOLAN_EVIDENCE_OUTPUT_H

#include <jansson.h>

#include "sink/evidence_files.h"

struct alerts;
struct record;

/* Asks for the memory that evidence_output_note() will want. */
void evidence_output_expect(struct evidence_files *, const struct record *);

/* `files` may be NULL: then nothing is done. */
void evidence_output_note(struct evidence_files *files, struct alerts *, const struct record *);

/* Members of `evidence` in the accounting; zeros without evidence. Adds to `lost`, which has what
 * the workers lost. */
void evidence_output_stats(json_t *evidence, const struct evidence_figures *);

#endif
