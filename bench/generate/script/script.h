/* The scenario language: a text, line by line, into a train of packets.
 *
 * Total on any input. The language is described by script_help(), which is made from
 * the tables that read it.
 */
#ifndef GENERATE_SCRIPT_H
#define GENERATE_SCRIPT_H

#include <stdio.h>

#include "packet/hosts.h"
#include "packet/pcap_writer.h"

struct script;

/* NULL where there is no memory. `name` is for messages. */
struct script *script_new(const char *name, uint64_t seed);
void script_free(struct script *);

/* Takes the next line. 0, or -1 with script_error(). A line that ends in a backslash is
 * continued by the next. */
int script_line(struct script *, const char *line);

/* Behind the last line: 0, or -1 with script_error(). */
int script_end(struct script *);

/* `FILE:LINE: found …; want …` */
const char *script_error(const struct script *);

/* Writes all packets, ordered by time. 0 or a negative errno. */
int script_write(struct script *, const char *path, struct capture_format);

const struct hosts *script_hosts(const struct script *);

/* The lines for the site file beside its hosts; "": none. */
const char *script_site(const struct script *);

size_t script_packets(const struct script *);

void script_help(FILE *);

#endif
