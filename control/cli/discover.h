/* `portolan discover`: a proposed inventory, from who speaks appliance communications with
 * whom (DESIGN 8). It proposes; a person approves.
 */
#ifndef PORTOLAN_DISCOVER_H
#define PORTOLAN_DISCOVER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The site as YAML on `out`. The command's exit status: 1 where nothing was found, or a
 * capture could not be read. */
int discover(const char *const *capture, size_t captures, uint16_t port, FILE *out);

#endif
