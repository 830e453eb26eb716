/* The summary of a capture or a sensor's run, for people: totals, findings, usage. */
#ifndef PORTOLAN_SUMMARY_H
#define PORTOLAN_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct alerts;
struct counters;
struct deployment;
struct mirror_report;
struct terminal_style;
struct usage_table;

struct summary_input {
	const char *title; /* the captures */
	const struct counters *counters;
	const struct mirror_report *mirror;
	const struct deployment *deployment;
	const struct alerts *alerts;		 /* for the ids of findings */
	const struct baseline_finding *baseline; /* what the store had not seen before, or NULL */
	uint64_t start_ns, end_ns;
	bool shows_all; /* every finding, channel and correlation, however many */
};

/* Whether the summary shows a finding, flagged or of evasion. */
bool summary_has_findings(const struct usage_table *, const struct counters *);

/* Prints the summary. Folds scans in the findings and sorts the usage: the table can only be
 * printed afterwards. */
void summary_print(
	struct usage_table *, const struct summary_input *, const struct terminal_style *, FILE *);

#endif
