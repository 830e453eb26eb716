/* A script's settings: lines that make no packets, but decide how those below look.
 *
 * Also the state of a script, which script.c owns and only these two know.
 */
#ifndef GENERATE_SETTING_H
#define GENERATE_SETTING_H

#include "script/script.h"
#include "script/statement.h"

#define DEFINES_MAX 128
#define SITE_BYTES 2048

struct define {
	char *text; /* the whole line, cut into words */
	struct tokens tokens;
};

struct script {
	const char *name;
	unsigned line, first_line;
	char *text; /* the line so far, with what it continues */
	char error[FAULT_BYTES + 300];
	uint64_t seed, start_ns, previous_ns, end_ns;
	uint32_t snaplen;
	struct packet_options defaults;
	struct hosts hosts;
	char site[SITE_BYTES]; /* lines for the site file */
	size_t site_bytes;
	struct define define[DEFINES_MAX];
	size_t defines;
	struct reader reader;
	struct statement statement;
	struct seq_table seq_table;
	struct packet_builder builder;
};

/* 1 if the line in reader.words was a setting, 0 if it is none, -1 with the fault set. */
int setting_read(struct script *);
void setting_help(FILE *);

/* The shape of a packet of which nothing is said. */
struct packet_options setting_plain(void);

#endif
