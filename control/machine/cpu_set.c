#include "machine/cpu_set.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Reads digits; NULL: there are none, or too large a number. */
static const char *read_cpu(const char *at, unsigned *cpu)
{
	const char *start = at;

	for (*cpu = 0; *at >= '0' && *at <= '9'; at++)
		if ((*cpu = *cpu * 10 + (unsigned)(*at - '0')) >= CPU_SET_MAX)
			return NULL;
	return at == start ? NULL : at;
}

/* Reads "3" or "3-5"; NULL: it is neither. */
static const char *read_range(const char *at, struct cpu_set *set)
{
	unsigned first, last;

	at = read_cpu(at, &first);
	last = first;
	if (at && *at == '-')
		at = read_cpu(at + 1, &last);
	if (!at || last < first)
		return NULL;
	for (unsigned cpu = first; cpu <= last; cpu++)
		set->word[cpu / 64] |= 1ull << cpu % 64;
	return at;
}

int cpu_set_parse(const char *text, struct cpu_set *set)
{
	struct cpu_set read = {0};
	const char *at = text;

	while (*at) {
		at = read_range(at, &read);
		if (!at || (*at && *at != ',') || (*at == ',' && !at[1]))
			return -EINVAL;
		at += *at == ',';
	}
	*set = read;
	return 0;
}

bool cpu_set_has(const struct cpu_set *set, unsigned cpu)
{
	return cpu < CPU_SET_MAX && (set->word[cpu / 64] >> cpu % 64 & 1);
}

unsigned cpu_set_count(const struct cpu_set *set)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CPU_SET_MAX / 64; i++)
		n += (unsigned)__builtin_popcountll(set->word[i]);
	return n;
}

struct cpu_set cpu_set_without(const struct cpu_set *set, const struct cpu_set *others)
{
	struct cpu_set rest;

	for (unsigned i = 0; i < CPU_SET_MAX / 64; i++)
		rest.word[i] = set->word[i] & ~others->word[i];
	return rest;
}

struct cpu_set cpu_set_common(const struct cpu_set *a, const struct cpu_set *b)
{
	struct cpu_set both;

	for (unsigned i = 0; i < CPU_SET_MAX / 64; i++)
		both.word[i] = a->word[i] & b->word[i];
	return both;
}

const char *cpu_set_text(const struct cpu_set *set, char text[CPU_SET_TEXT_BYTES])
{
	size_t length = 0;

	text[0] = '\0';
	for (unsigned cpu = 0; cpu < CPU_SET_MAX; cpu++) {
		unsigned last = cpu;
		char range[24];

		if (!cpu_set_has(set, cpu))
			continue;
		while (cpu_set_has(set, last + 1))
			last++;
		snprintf(range, sizeof(range), last > cpu ? "%s%u-%u" : "%s%u", length ? "," : "",
			cpu, last);
		if (length + strlen(range) + sizeof("…") > CPU_SET_TEXT_BYTES) {
			memcpy(text + length, "…", sizeof("…"));
			break;
		}
		memcpy(text + length, range, strlen(range) + 1);
		length += strlen(range);
		cpu = last;
	}
	return text;
}
