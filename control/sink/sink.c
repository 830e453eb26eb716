#include "sink/sink.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/literal.h"

#define SLICE_MS 50
#define MS_NS 1000000

const struct sink_operations *sink_operations_of(enum sink_kind k)
{
#define SINK_ENTRY(kind, name, operations) &operations,
	static const struct sink_operations *const list[] = {SINK_LIST(SINK_ENTRY)};
#undef SINK_ENTRY
	assert(k < SINK_COUNT);
	return list[k];
}

const char *sink_name(const struct sink_settings *s)
{
	const char *name = s->value[sink_name_key(s->kind)];

	return strcmp(name, "-") == 0 ? "standard output" : name;
}

uint64_t sink_number(const struct sink_settings *s, enum sink_key k, uint64_t otherwise)
{
	uint64_t number = otherwise;

	if (s->value[k])
		literal_size_bytes(s->value[k], &number);
	return number;
}

int sink_fail(struct sink *s, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->why, sizeof(s->why), format, args);
	va_end(args);
	return error;
}

/* Polls in slices, to notice a change of give_up_ns. */
int sink_wait(const struct sink *s, int fd, short events, uint64_t timeout_ns)
{
	struct pollfd p = {.fd = fd, .events = events};
	uint64_t end_ns = clock_steady_ns() + timeout_ns;

	for (;;) {
		uint64_t now_ns = clock_steady_ns();
		uint64_t left_ms = now_ns < end_ns ? (end_ns - now_ns) / MS_NS + 1 : 0;
		int ready = poll(&p, 1, left_ms < SLICE_MS ? (int)left_ms : SLICE_MS);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (now_ns >= atomic_load(&s->give_up_ns))
			return -ECANCELED;
		if (now_ns >= end_ns)
			return -ETIMEDOUT;
	}
}
