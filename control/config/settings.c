#include "config/settings.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/literal.h"

#define FLOWS_DEFAULT (1u << 20)
#define WINDOW_DEFAULT_NS 60000000000ull
#define KEEP_DEFAULT_NS (90 * 86400 * 1000000000ull)
#define LEARN_DEFAULT_NS (7 * 86400 * 1000000000ull)
#define STORE_DEFAULT_BYTES 20000000000ull
#define EVIDENCE_DEFAULT_BYTES (4ull * 1000 * 1000 * 1000)
#define EVIDENCE_FILE_DEFAULT_BYTES (64ull << 20)
#define EVIDENCE_AGE_DEFAULT_NS 3600000000000ull
#define EVIDENCE_RING_DEFAULT_BYTES (8ull << 20)

struct settings *settings_new(struct arena *owner)
{
	struct arena *memory = arena_part(owner);
	struct settings *settings = arena_alloc(memory, sizeof(*settings));

	*settings = (struct settings){
		.flow_max = FLOWS_DEFAULT,
		.capture = {.source = arena_text(memory, "auto"),
			.dpdk_lcores = arena_text(memory, "")},
		.outputs = {.window_ns = WINDOW_DEFAULT_NS},
		.store = {.keep_ns = KEEP_DEFAULT_NS,
			.size_bytes = STORE_DEFAULT_BYTES,
			.learn_ns = LEARN_DEFAULT_NS},
		.evidence = {.size_bytes = EVIDENCE_DEFAULT_BYTES,
			.file_bytes = EVIDENCE_FILE_DEFAULT_BYTES,
			.age_ns = EVIDENCE_AGE_DEFAULT_NS,
			.flow_packets = 1000,
			.flow_bytes = 256u << 10,
			.ring_bytes = EVIDENCE_RING_DEFAULT_BYTES,
			.mask = true},
		.memory = memory,
	};
	return settings;
}

void settings_free(struct settings *settings)
{
	if (settings)
		arena_free(settings->memory);
}

const char *sink_file(const struct sink_settings *s)
{
	for (unsigned k = 0; k < SINK_KEY_COUNT; k++)
		if (s->value[k] && sink_key_info((enum sink_key)k)->value == SINK_VALUE_FILE)
			return s->value[k];
	return NULL;
}

uint16_t sink_tcp_port(const struct sink_settings *s)
{
	const char *address = s->value[SINK_KEY_ADDRESS];
	const char *port =
		address && strncmp(address, "udp://", 6) != 0 ? strrchr(address, ':') : NULL;
	uint16_t number = 0;

	return port && literal_port(port + 1, &number) == 0 ? number : 0;
}
