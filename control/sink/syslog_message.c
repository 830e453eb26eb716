#include "sink/syslog_message.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/format.h"
#include "protocol.h"
#include "record/event.h"
#include "sink/cef.h"

#ifndef PORTOLAN_VERSION
#define PORTOLAN_VERSION "unknown"
#endif

#define FACILITY_LOCAL0 16

/* RFC 5424, 6: longest HOSTNAME. */
#define HOST_BYTES 255
#define MESSAGE_ID_BYTES 32

/* SD-ID of the structured data. XXX portolan has no enterprise number: 32473 is reserved for
 * examples (RFC 5612). Change it here once there is one. */
#define DATA_ID "portolan@32473"

static int severity_of(const struct event *v)
{
#define SYSLOG_SEVERITY(name, number, text, cef, syslog) [number] = syslog,
	static const int severity[] = {SEVERITY_LIST(SYSLOG_SEVERITY)};
#undef SYSLOG_SEVERITY

	return severity[(unsigned)v->severity <= SEVERITY_HIGH ? v->severity : SEVERITY_NONE];
}

/* PRINTUSASCII only; "-" if nothing is left. */
static void add_word(struct buffer *d, const char *text, size_t most)
{
	size_t before = d->length;

	for (; text && *text && d->length - before < most && d->error == 0; text++)
		buffer_append(d, *text > 32 && *text < 127 ? text : "_", 1);
	if (d->length == before)
		buffer_puts(d, "-");
	buffer_puts(d, " ");
}

/* RFC 5424 allows six digits of a second. */
static void add_time(struct buffer *d, uint64_t time_ns)
{
	char text[TIME_TEXT_BYTES];
	size_t length = format_time(time_ns, text);

	buffer_append(d, text, length - strlen("789Z"));
	buffer_puts(d, "Z ");
}

static void add_parameter(struct buffer *d, const char *name, const char *text)
{
	if (!text)
		return;
	buffer_puts(d, " ");
	buffer_puts(d, name);
	buffer_puts(d, "=\"");
	buffer_escape(d, text, "\"\\]");
	buffer_puts(d, "\"");
}

static void add_address(struct buffer *d, const char *name, const struct record *r, unsigned end)
{
	char text[ADDRESS_TEXT_BYTES];

	format_address(&r->address[end], r->version, text);
	add_parameter(d, name, text);
}

static void add_port(struct buffer *d, const char *name, const struct record *r, unsigned end)
{
	char text[8];

	if (!protocol_has_ports(r->protocol))
		return;
	snprintf(text, sizeof(text), "%u", r->port[end]);
	add_parameter(d, name, text);
}

static void add_data(struct buffer *d, const struct event *v)
{
	const struct record *r = v->record;
	char transport[ENDPOINT_TEXT_BYTES];

	buffer_puts(
		d, "[origin software=\"portolan\" swVersion=\"" PORTOLAN_VERSION "\"][" DATA_ID);
	if (r) {
		add_parameter(d, "verdict", verdict_name((enum verdict)r->verdict));
		add_parameter(d, "connection", connection_name((enum connection)r->connection));
	}
	add_parameter(d, "rule", v->rule);
	add_parameter(d, "appliance", v->appliance);
	if (r) {
		add_address(d, "source", r, 0);
		add_port(d, "sourcePort", r, 0);
		add_address(d, "destination", r, 1);
		add_port(d, "destinationPort", r, 1);
		format_protocol(r->protocol, transport);
		add_parameter(d, "transport", transport);
	}
	add_parameter(d, "finding", v->finding.state);
	add_parameter(d, "policy", v->policy);
	buffer_puts(d, "] ");
}

int syslog_format(struct buffer *d, const struct message_origin *origin, const struct event *v)
{
	buffer_clear(d);
	buffer_puts(d, "<");
	buffer_number(d, FACILITY_LOCAL0 * 8 + severity_of(v));
	buffer_puts(d, ">1 ");
	add_time(d, v->time_ns);
	add_word(d, origin->host, HOST_BYTES);
	buffer_puts(d, "portolan ");
	buffer_number(d, origin->process);
	buffer_puts(d, " ");
	add_word(d, v->action, MESSAGE_ID_BYTES);
	add_data(d, v);
	if (origin->format == SINK_AS_CEF)
		cef_format(d, v);
	else
		buffer_append(d, v->json, v->json_bytes);
	return d->error;
}

size_t syslog_cut(const char *text, size_t length, size_t most)
{
	if (length <= most)
		return length;
	while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
		most--;
	return most;
}
