#include "cli/flow_row.h"

#include <string.h>

#include "base/format.h"
#include "base/terminal.h"
#include "cli/client.h"

void flow_row_head(const struct terminal_style *st, FILE *out)
{
	fprintf(out, "%s%-19s %-12s %-44s %-14s %10s %9s%s\n", st->bold, "VERDICT", "CONNECTION",
		"INITIATOR -> RESPONDER", "SERVICE", "PACKETS", "BYTES", st->plain);
}

/* "10.0.0.1", or the appliance's name if it is one. */
static const char *end_name(const json_t *flow, const char *side, const char *direction)
{
	const json_t *ends = json_object_get(json_object_get(flow, "portolan"), "endpoints"), *end;
	size_t i;

	json_array_foreach(ends, i, end)
	{
		if (strcmp(text_at(end, "direction"), direction) == 0)
			return text_at(end, "appliance");
	}
	return text_at(json_object_get(flow, side), "ip");
}

void flow_row_print(const json_t *flow, const struct terminal_style *st, FILE *out)
{
	const char *verdict = text_at(flow, "portolan.verdict");
	double severity = number_at(flow, "event.severity");
	char ends[128], bytes[32], packets[32];
	const char *service = text_at(flow, "portolan.service.observed");

	snprintf(ends, sizeof(ends), "%.40s -> %.40s %.0f/%.10s",
		end_name(flow, "source", "outbound"), end_name(flow, "destination", "inbound"),
		number_at(flow, "destination.port"), text_at(flow, "network.transport"));
	format_bytes(count_at(flow, "network.bytes"), bytes);
	format_number(count_at(flow, "network.packets"), packets);
	fprintf(out, "%s%-19s%s %-12s %-44s %-14s %10s %9s\n",
		severity == 3  ? st->grave
		: severity > 0 ? st->warn
			       : "",
		verdict, severity > 0 ? st->plain : "", text_at(flow, "portolan.connection"), ends,
		*service ? service : "-", packets, bytes);
}
