/* What a capture shows of a site's appliances, and of hosts that speak appliance communications
 * with them and are none of it. */
#ifndef PORTOLAN_IMPORT_COMPARE_H
#define PORTOLAN_IMPORT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct draft_appliance;
struct ruleset;
struct settings;
struct stranger;

struct sighting {
	uint64_t flows, first_ns, last_ns;
};

struct import_comparison {
	const struct ruleset *ruleset;
	const struct settings *settings;
	const char *capture;
	struct sighting *seen; /* by number of the appliance, as many as the ruleset has */
	struct stranger *stranger;
	size_t strangers;
	bool is_incomplete; /* the capture could not be read to its end, which was told */
};

/* Reads the capture, with a compiled ruleset. 0, or a negative errno. */
int comparison_run(struct import_comparison *);

/* "seen: 12 flows, 2026-03-02 06:00:00 to 06:10:00 UTC", "not seen" as the end of a comment. */
void comparison_print_seen(const struct import_comparison *, size_t appliance, FILE *);

/* The others, as comments. */
void comparison_print_strangers(struct import_comparison *, FILE *);

void comparison_fini(struct import_comparison *);

#endif
