/* Terminal output: colour, and a progress bar on standard error.
 *
 * Neither if it is not a terminal; no colour if NO_COLOR is set and not empty (no-color.org).
 */
#ifndef PORTOLAN_TERMINAL_H
#define PORTOLAN_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct terminal_style {
	const char *grave, *warn, *good, *bold, *dim, *plain; /* escape sequences or "" */
};

bool terminal_wants_colour(FILE *);
struct terminal_style terminal_style_of(bool colour);

/* How many columns a line may have: COLUMNS, else what the terminal says, else 100. */
int terminal_columns(FILE *);

/* 0 if everything printed was written, or a negative errno, also of an earlier write. */
int stream_flush(FILE *);

struct progress {
	bool shown;
	uint64_t next_ns;	  /* monotonic clock */
	const char *full, *empty; /* what its bar is drawn with */
};

void progress_init(struct progress *);

/* Redraws the bar at most a few times a second. `total` 0: not known. */
void progress_show(struct progress *, uint64_t done, uint64_t total, uint64_t packets);

/* Clears the line. */
void progress_end(struct progress *);

#endif
