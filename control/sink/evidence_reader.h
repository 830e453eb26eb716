/* The packets of one finding out of the files of the evidence (evidence_files.h), as one pcapng
 * file in the order of time.
 *
 * Independent of who writes: it may run beside a sensor, or long after. Files are input: torn ones
 * count as far as they go, foreign ones not at all, and nothing is read past an end. Memory: a few
 * dozen bytes for each packet of the finding, of which there are EVIDENCE_EXTRACT_MAX at most.
 */
#ifndef PORTOLAN_EVIDENCE_READER_H
#define PORTOLAN_EVIDENCE_READER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define EVIDENCE_EXTRACT_MAX 1000000u

struct evidence_extracted {
	uint64_t packets;
	uint64_t left_out; /* beyond EVIDENCE_EXTRACT_MAX, or gone while it was read */
	size_t files;	   /* that were read */
	size_t torn;	   /* of these, such as end within a block */
	size_t foreign;	   /* files that are none of ours, or could not be read */
	char reason[256];  /* of what went wrong last, with the file's name; else empty */
};

/* 0; -ENOENT: no packet of it is there, and nothing was written; another negative errno. `result`
 * is filled in any case. */
int evidence_extract(
	const char *folder, const char *finding_id, FILE *out, struct evidence_extracted *result);

#endif
