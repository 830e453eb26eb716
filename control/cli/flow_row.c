#include "cli/flow_row.h"

#include <stdbool.h>
#include <string.h>

#include "base/format.h"
#include "base/terminal.h"
#include "cli/client.h"

/* An address in brackets and a port. */
#define END_WIDTH_MOST 53
#define CELL_BYTES 320
#define PACKETS_IN_FULL 10000000 /* with commas, as many as the column is wide */

static const struct {
	const char *title;
	unsigned width;
	bool is_number;
} column[] = {
#define COLUMN(member, title, width, is_number) {title, width, is_number},
	FLOW_COLUMN_LIST(COLUMN)
#undef COLUMN
};

/* What gets room first, behind verdict and ends. */
static const enum flow_column next[] = {FLOW_COLUMN_PPS, FLOW_COLUMN_BITS, FLOW_COLUMN_AGE,
	FLOW_COLUMN_IDLE, FLOW_COLUMN_BYTES, FLOW_COLUMN_SERVICE, FLOW_COLUMN_CONNECTION,
	FLOW_COLUMN_PACKETS, FLOW_COLUMN_START, FLOW_COLUMN_LAST};
#define NEXT (sizeof(next) / sizeof(*next))

static unsigned take(unsigned *room, unsigned most)
{
	unsigned taken = *room < most ? *room : most;

	*room -= taken;
	return taken;
}

void flow_table_init(
	struct flow_table *t, const struct terminal_style *st, unsigned columns, FILE *out)
{
	unsigned used = 0, room, end_most;

	*t = (struct flow_table){.style = *st, .out = out};
	for (unsigned i = FLOW_COLUMN_VERDICT; i <= FLOW_COLUMN_DESTINATION; i++) {
		t->width[i] = column[i].width;
		used += column[i].width + (i > 0);
	}
	for (size_t i = 0; i < NEXT; i++) {
		if (used + 1 + column[next[i]].width > columns) {
			t->left_out++;
			continue;
		}
		t->width[next[i]] = column[next[i]].width;
		used += 1 + column[next[i]].width;
	}
	room = columns > used ? columns - used : 0;
	end_most = END_WIDTH_MOST - column[FLOW_COLUMN_SOURCE].width;
	if (room < 2 * end_most)
		end_most = (room + 1) / 2;
	t->width[FLOW_COLUMN_DESTINATION] += take(&room, end_most);
	t->width[FLOW_COLUMN_SOURCE] += take(&room, end_most);
}

/* --- cells ------------------------------------------------------------------------------- */

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

/* "name:443/tcp": what is too long loses the end of its name, and never the port. */
static void end_cell(const json_t *flow, bool is_source, unsigned width, char cell[CELL_BYTES])
{
	const char *side = is_source ? "source" : "destination";
	const char *name = end_name(flow, side, is_source ? "outbound" : "inbound");
	const json_t *port = json_object_get(json_object_get(flow, side), "port");
	bool is_ipv6 = strchr(name, ':') != NULL && port;
	char behind[64] = "";
	size_t room;

	if (port)
		snprintf(behind, sizeof(behind), "%s:%lld", is_ipv6 ? "]" : "",
			(long long)json_integer_value(port));
	if (!is_source)
		snprintf(behind + strlen(behind), sizeof(behind) - strlen(behind), "%s%.20s",
			port ? "/" : " ", text_at(flow, "network.transport"));
	room = strlen(behind) + is_ipv6 < width ? width - strlen(behind) - is_ipv6 : 1;
	snprintf(cell, CELL_BYTES, "%s%.*s%s%s", is_ipv6 ? "[" : "",
		(int)(strlen(name) <= room ? room : room - (room > 1)), name,
		strlen(name) <= room ? "" : "~", behind);
}

static void elapsed_cell(const json_t *flow, const char *path, char cell[CELL_BYTES])
{
	char text[32];

	format_elapsed(count_at(flow, path), text);
	snprintf(cell, CELL_BYTES, "%s", text);
}

static void number_cell(const json_t *flow, enum flow_column c, char cell[CELL_BYTES])
{
	char text[32];

	if (c == FLOW_COLUMN_PPS)
		format_scaled(number_at(flow, "portolan.live.packets_per_second"), text);
	else if (c == FLOW_COLUMN_BITS)
		format_scaled(number_at(flow, "portolan.live.bits_per_second"), text);
	else if (c == FLOW_COLUMN_PACKETS && count_at(flow, "network.packets") < PACKETS_IN_FULL)
		format_number(count_at(flow, "network.packets"), text);
	else if (c == FLOW_COLUMN_PACKETS)
		format_scaled(number_at(flow, "network.packets"), text);
	else
		format_bytes(count_at(flow, "network.bytes"), text);
	snprintf(cell, CELL_BYTES, "%s", text);
}

static void fill_cell(
	const struct flow_table *t, const json_t *flow, enum flow_column c, char cell[CELL_BYTES])
{
	const char *service = text_at(flow, "portolan.service.observed");
	char when[WHEN_BYTES];

	if (c == FLOW_COLUMN_SOURCE || c == FLOW_COLUMN_DESTINATION)
		end_cell(flow, c == FLOW_COLUMN_SOURCE, t->width[c], cell);
	else if (c == FLOW_COLUMN_AGE || c == FLOW_COLUMN_IDLE)
		elapsed_cell(flow,
			c == FLOW_COLUMN_AGE ? "portolan.live.age" : "portolan.live.idle", cell);
	else if (c == FLOW_COLUMN_START || c == FLOW_COLUMN_LAST) {
		when_at(flow, c == FLOW_COLUMN_START ? "event.start" : "event.end", when);
		snprintf(cell, CELL_BYTES, "%s", when);
	} else if (c == FLOW_COLUMN_CONNECTION)
		snprintf(cell, CELL_BYTES, "%s", text_at(flow, "portolan.connection"));
	else if (c == FLOW_COLUMN_SERVICE)
		snprintf(cell, CELL_BYTES, "%s", *service ? service : "-");
	else if (c == FLOW_COLUMN_VERDICT)
		snprintf(cell, CELL_BYTES, "%s", text_at(flow, "portolan.verdict"));
	else
		number_cell(flow, c, cell);
}

/* --- lines ------------------------------------------------------------------------------- */

/* The last column is not filled up: a line ends with its text. */
static void put_cell(const struct flow_table *t, enum flow_column c, const char *cell, bool is_last)
{
	int width = (int)t->width[c], filled = is_last && !column[c].is_number ? 0 : width;

	fprintf(t->out, "%s%*.*s", c ? " " : "", column[c].is_number ? filled : -filled, width,
		cell);
}

static bool is_last(const struct flow_table *t, enum flow_column c)
{
	for (unsigned i = c + 1; i < FLOW_COLUMN_COUNT; i++)
		if (t->width[i])
			return false;
	return true;
}

void flow_table_head(const struct flow_table *t)
{
	fputs(t->style.bold, t->out);
	for (unsigned c = 0; c < FLOW_COLUMN_COUNT; c++)
		if (t->width[c])
			put_cell(t, (enum flow_column)c, column[c].title,
				is_last(t, (enum flow_column)c));
	fprintf(t->out, "%s\n", t->style.plain);
}

void flow_table_row(const struct flow_table *t, const json_t *flow)
{
	double severity = number_at(flow, "event.severity");
	char cell[CELL_BYTES];

	for (unsigned c = 0; c < FLOW_COLUMN_COUNT; c++) {
		if (!t->width[c])
			continue;
		if (c == FLOW_COLUMN_VERDICT && severity > 0)
			fputs(severity == 3 ? t->style.grave : t->style.warn, t->out);
		fill_cell(t, flow, (enum flow_column)c, cell);
		put_cell(t, (enum flow_column)c, cell, is_last(t, (enum flow_column)c));
		if (c == FLOW_COLUMN_VERDICT && severity > 0)
			fputs(t->style.plain, t->out);
	}
	fputc('\n', t->out);
}
