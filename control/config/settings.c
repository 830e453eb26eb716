#include "config/settings.h"

#include "base/arena.h"

#define FLOWS_DEFAULT (1u << 20)
#define WINDOW_DEFAULT_NS 60000000000ull

struct settings *settings_new(void)
{
	struct arena *memory = arena_new();
	struct settings *settings = arena_alloc(memory, sizeof(*settings));

	*settings = (struct settings){
		.flow_max = FLOWS_DEFAULT,
		.capture = {.source = arena_text(memory, "auto"),
			.dpdk_lcores = arena_text(memory, "")},
		.outputs = {.window_ns = WINDOW_DEFAULT_NS},
		.memory = memory,
	};
	return settings;
}

void settings_free(struct settings *settings)
{
	if (settings)
		arena_free(settings->memory);
}
