#include "config/sink_list.h"

#include <stddef.h>

const char *sink_kind_name(enum sink_kind k)
{
#define SINK_NAME(kind, name, operations) name,
	static const char *const list[] = {SINK_LIST(SINK_NAME)};
#undef SINK_NAME
	return list[k];
}

const struct sink_key_info *sink_key_info(enum sink_key k)
{
#define OF(kind) (1u << SINK_##kind)
#define SINK_KEY_INFO(key, name, value, sinks, is_needed, want)                                    \
	{name, want, SINK_VALUE_##value, sinks, is_needed},
	static const struct sink_key_info list[] = {SINK_KEY_LIST(SINK_KEY_INFO)};
#undef SINK_KEY_INFO
#undef OF
	return &list[k];
}

enum sink_key sink_name_key(enum sink_kind kind)
{
	unsigned k = 0;

	while (!sink_key_info((enum sink_key)k)->is_needed ||
		!(sink_key_info((enum sink_key)k)->sinks >> kind & 1))
		k++;
	return (enum sink_key)k;
}
