/* Evidence: the packets of findings in pcapng files of one folder (DESIGN 9).
 *
 * Files are `evidence-YYYYMMDDTHHMMSS-N.pcapng`, 0640, each complete by itself: a new one begins by
 * size and by age, and the oldest go where all would exceed the site's size. Every packet carries a
 * hash of its finding's id, the first one of a finding a comment with id, verdict and message; what
 * was masked is a comment of its packet.
 *
 * Used by the control thread alone. A write that fails (a full disk) is told once, tried again with
 * the next flush, and what finds no room meanwhile is counted: nothing here ends the program.
 * Memory: a buffer of a few MiB, and bounded tables of flows and findings.
 */
#ifndef PORTOLAN_EVIDENCE_FILES_H
#define PORTOLAN_EVIDENCE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet_evidence.h"
#include "record/pcapng_writer.h"

struct evidence_files;
struct evidence_settings;
struct record;

/* Where packets of a finding are: told when a file is ended or flushed. Texts are the caller's for
 * the time of the call. */
struct evidence_place {
	const char *finding_id, *file;
	uint64_t first_offset, packets, bytes;
};
typedef void evidence_listener(void *context, const struct evidence_place *);

struct evidence_figures {
	uint64_t packets, bytes; /* that were written */
	uint64_t lost;		 /* by writing; what found no room before is the workers' */
	uint64_t unassigned;	 /* whose finding is not known any more */
	uint64_t masked;
	uint64_t files, removed;
	int error;	   /* of the last write; 0: it went well */
	uint64_t since_ns; /* packet time since when it fails */
};

/* `folder` is made where it is missing (0750). Settings are lent. 0, or a negative errno of which
 * file_place_error() has the text. */
int evidence_files_open(
	struct evidence_files **, const char *folder, const struct evidence_settings *);

/* Names of interfaces by number, lent; without them a number is the name. */
void evidence_files_name_interfaces(struct evidence_files *, const char *const *name, size_t names);

/* What the interfaces have received and lost so far, all together. */
void evidence_files_set_loss(struct evidence_files *, const struct pcapng_loss *);

void evidence_files_listen(struct evidence_files *, evidence_listener *, void *context);

/* What a record says of its flow: it is part of this finding. */
struct evidence_finding {
	const char *id, *verdict; /* `verdict` is a constant */
	bool is_evasion;	  /* one of the flow's findings beside that of its verdict */
};

/* Asks for the memory that evidence_files_note() of this record will want. */
void evidence_files_expect(struct evidence_files *, const struct record *);

/* True if the finding is a new one: then evidence_files_explain() may say what was told of it. */
bool evidence_files_note(
	struct evidence_files *, const struct record *, const struct evidence_finding *);
void evidence_files_explain(struct evidence_files *, const char *message);

void evidence_files_add(struct evidence_files *, const struct evidence_packet *);

/* Writes what waits, ends a file that is old enough. `now_ns`: of the clock by which packets are
 * stamped. */
void evidence_files_flush(struct evidence_files *, uint64_t now_ns);

const struct evidence_figures *evidence_files_figures(const struct evidence_files *);

/* Ends the file that is open; 0, or why it could not be. */
int evidence_files_finish(struct evidence_files *);

/* Frees it all; NULL is nothing. */
void evidence_files_close(struct evidence_files *);

/* Upper 40 bits of the packet id of a finding's packets. */
uint64_t evidence_packet_id(const char *finding_id);

#endif
