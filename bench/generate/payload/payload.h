/* Payloads by name: well-formed first messages of the protocols that pass the
 * appliances' ports, and of some that should not.
 *
 * A specification is one or more parts joined by `+`: a count of random bytes, a
 * "text", hexadecimal 0x…, or a row of the table with its arguments in parentheses.
 */
#ifndef GENERATE_PAYLOAD_H
#define GENERATE_PAYLOAD_H

#include <stdio.h>

#include "packet/bytes.h"
#include "random.h"

#define PAYLOAD_MAX 196608u
#define PAYLOAD_ARGUMENTS_MAX 4

/* Appends what the specification says. NULL, or what was wanted instead. */
const char *payload_write(struct bytes *, const char *specification, struct random_state *);

/* The library, one line each. */
void payload_help(FILE *);

/* The library's names, for tests: NULL after the last. */
const char *payload_name(size_t number);

#endif
