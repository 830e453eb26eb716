/* A set of processors, as the kernel and DPDK write one: "0-3,8".
 *
 * DPDK's longer forms ("(0-3)@1") are none of these, and refused.
 */
#ifndef PORTOLAN_CPU_SET_H
#define PORTOLAN_CPU_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPU_SET_MAX 4096
#define CPU_SET_TEXT_BYTES 128

struct cpu_set {
	uint64_t word[CPU_SET_MAX / 64];
};

/* 0; -EINVAL; -ERANGE beyond CPU_SET_MAX. The empty text is the empty set. */
int cpu_set_parse(const char *text, struct cpu_set *);

bool cpu_set_has(const struct cpu_set *, unsigned cpu);
unsigned cpu_set_count(const struct cpu_set *);

/* Those of `set` that are not in `others`. */
struct cpu_set cpu_set_without(const struct cpu_set *set, const struct cpu_set *others);
struct cpu_set cpu_set_common(const struct cpu_set *, const struct cpu_set *);

/* "0-3,8"; what does not fit ends with "…". */
const char *cpu_set_text(const struct cpu_set *, char text[CPU_SET_TEXT_BYTES]);

#endif
