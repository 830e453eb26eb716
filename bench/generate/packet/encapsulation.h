/* Encapsulations: what a script's `via` puts around a packet.
 *
 * One row of the table each: name, arguments, help, function. A new one (issue:
 * everything a mirror port delivers) is a row and a function.
 */
#ifndef GENERATE_ENCAPSULATION_H
#define GENERATE_ENCAPSULATION_H

#include <stdio.h>

#include "packet/frame.h"
#include "packet/hosts.h"

#define WRAP_NUMBERS_MAX 8

struct encapsulation_kind;

struct wrap {
	const struct encapsulation_kind *kind;
	struct endpoint end[2];
	bool turns; /* the ends change places with the packet's direction */
	uint8_t numbers;
	uint32_t number[WRAP_NUMBERS_MAX];
};

/* Reads `vxlan(192.0.2.1>192.0.2.2,42)`. NULL, or what was wanted there. */
const char *encapsulation_parse(struct wrap *, const char *text, const struct hosts *);

/* `back`: the packet goes from the second end to the first. `id`: of outer IP headers. */
void encapsulation_prepend(
	struct frame *, const struct wrap *, const struct hosts *, bool back, uint16_t id);

void encapsulation_help(FILE *);

#endif
