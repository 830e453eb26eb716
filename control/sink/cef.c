#include "sink/cef.h"

#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "base/format.h"
#include "protocol.h"
#include "record/event.h"

#ifndef PORTOLAN_VERSION
#define PORTOLAN_VERSION "unknown"
#endif

#define MS_NS 1000000

/* Appends a value of the extension; newlines become
 *  and \r. */
static void add_value(struct buffer *d, const char *text)
{
	while (*text) {
		size_t plain = strcspn(text, "\\=\n\r");
		for (size_t i = 0; i < plain; i++) {
			unsigned char c = (unsigned char)text[i];
			buffer_append(d, c < 0x20 || c == 0x7f ? " " : &text[i], 1);
		}
		text += plain;
		if (*text == '\0')
			return;
		buffer_append(d, "\\", 1);
		buffer_append(d, *text == '\n' ? "n" : *text == '\r' ? "r" : text, 1);
		text++;
	}
}

static void add_key(struct buffer *d, const char *key)
{
	buffer_puts(d, key);
	buffer_puts(d, "=");
}

static void add_text(struct buffer *d, const char *key, const char *text)
{
	if (!text || !*text)
		return;
	add_key(d, key);
	add_value(d, text);
	buffer_puts(d, " ");
}

static void add_number(struct buffer *d, const char *key, uint64_t number)
{
	add_key(d, key);
	buffer_number(d, (long long)number);
	buffer_puts(d, " ");
}

/* Appends a custom key with its label. */
static void add_custom(struct buffer *d, const char *key, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	buffer_puts(d, key);
	buffer_puts(d, "Label=");
	buffer_puts(d, label);
	buffer_puts(d, " ");
	add_text(d, key, text);
}

/* Appends an end's address and port; the address key depends on the version. */
static void add_side(struct buffer *d, const struct record *r, unsigned end)
{
	static const char *const ipv4[] = {"src", "dst"}, *const ipv6[] = {"c6a2", "c6a3"},
				 *const port[] = {"spt", "dpt"};
	static const char *const label[] = {"Source IPv6 Address", "Destination IPv6 Address"};
	char text[ADDRESS_TEXT_BYTES];

	format_address(&r->address[end], r->version, text);
	if (r->version == 4)
		add_text(d, ipv4[end], text);
	else
		add_custom(d, ipv6[end], label[end], text);
	if (protocol_has_ports(r->protocol))
		add_number(d, port[end], r->port[end]);
}

static void add_flow(struct buffer *d, const struct record *r)
{
	char transport[ENDPOINT_TEXT_BYTES];

	if (r->kind == RECORD_ENDED)
		add_text(d, "outcome", end_name((enum end)r->end));
	add_side(d, r, 0);
	add_side(d, r, 1);
	format_protocol(r->protocol, transport);
	add_text(d, "proto", transport);
	if (r->service < SERVICE_COUNT)
		add_text(d, "app", service_name((enum service)r->service));
	add_number(d, "in", r->bytes[0]);
	add_number(d, "out", r->bytes[1]);
}

static void add_extension(struct buffer *d, const struct event *v)
{
	const struct record *r = v->record;

	add_number(d, "rt", v->time_ns / MS_NS);
	if (r) {
		add_number(d, "start", r->start_ns / MS_NS);
		add_number(d, "end", r->end_ns / MS_NS);
	}
	add_text(d, "act", v->action);
	if (r)
		add_flow(d, r);
	if (v->finding.state)
		add_number(d, "cnt", v->finding.flows);
	add_text(d, "dvchost", v->observer);
	add_text(d, "deviceInboundInterface", v->interface);
	add_text(d, "externalId", v->community_id);
	add_custom(d, "cs1", "verdict", r ? verdict_name((enum verdict)r->verdict) : NULL);
	add_custom(d, "cs2", "rule", v->rule);
	add_custom(d, "cs3", "appliance", v->appliance);
	add_custom(
		d, "cs4", "connection", r ? connection_name((enum connection)r->connection) : NULL);
	add_custom(d, "cs5", "technique", v->technique);
	add_custom(d, "cs6", "policy", v->policy);
	add_text(d, "msg", v->message);
}

/* The event class for correlation rules: a flagged flow's verdict, or the action. */
static const char *class_of(const struct event *v)
{
	if (v->record && v->record->kind == RECORD_EVASION)
		return evasion_name((enum evasion)v->record->evasion_reason);
	if (v->record && (v->kind != EVENT_ALERT || v->severity) &&
		verdict_is_flagged((enum verdict)v->record->verdict))
		return verdict_name((enum verdict)v->record->verdict);
	return v->action;
}

static long long severity_of(const struct event *v)
{
#define CEF_SEVERITY(name, number, text, cef, syslog) [number] = cef,
	static const long long severity[] = {SEVERITY_LIST(CEF_SEVERITY)};
#undef CEF_SEVERITY

	return severity[(unsigned)v->severity <= SEVERITY_HIGH ? v->severity : SEVERITY_NONE];
}

void cef_format(struct buffer *d, const struct event *v)
{
	buffer_puts(d, "CEF:0|portolan|portolan|" PORTOLAN_VERSION "|");
	buffer_escape(d, class_of(v), "|\\");
	buffer_puts(d, "|");
	buffer_escape(d, v->message && *v->message ? v->message : v->action, "|\\");
	buffer_puts(d, "|");
	buffer_number(d, severity_of(v));
	buffer_puts(d, "|");
	add_extension(d, v);
	if (d->error == 0 && d->text[d->length - 1] == ' ')
		d->length--;
}
