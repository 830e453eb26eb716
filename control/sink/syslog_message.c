#include "sink/syslog_message.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/buffer.h"
#include "sink/cef.h"
#include "sink/json_field.h"

#ifndef PORTOLAN_VERSION
#define PORTOLAN_VERSION "unknown"
#endif

#define FACILITY_LOCAL0 16

/* RFC 5424, 6: as long as a field may be. */
#define HOST_BYTES 255
#define MESSAGE_ID_BYTES 32

/* The structured data. XXX portolan has no enterprise number of its own: 32473 is the one for
 * examples (RFC 5612). Who has one changes it here. */
#define DATA_ID "portolan@32473"

static const struct {
	const char *name, *field;
} parameter[] = {
	{"verdict", "portolan.verdict"},
	{"connection", "portolan.connection"},
	{"rule", "rule.id"},
	{"appliance", "portolan.endpoints.appliance"},
	{"source", "source.ip"},
	{"destination", "destination.ip"},
	{"transport", "network.transport"},
	{"finding", "portolan.finding.state"},
	{"policy", "portolan.policy"},
};

/* high, medium and low (3, 2, 1) are an error, a warning and a notice (RFC 5424, 6.2.1); what is
 * no alert is informational. */
static int severity_of(const json_t *document)
{
	json_int_t severity;

	if (!field_number(document, "event.severity", &severity) || severity < 0 || severity > 3)
		return 6;
	return 6 - (int)severity;
}

/* PRINTUSASCII, "-" where nothing is left. */
static void add_word(struct buffer *d, const char *text, size_t most)
{
	size_t before = d->length;

	for (; text && *text && d->length - before < most && d->error == 0; text++)
		buffer_append(d, *text > 32 && *text < 127 ? text : "_", 1);
	if (d->length == before)
		buffer_puts(d, "-");
	buffer_puts(d, " ");
}

/* Nine digits of a second are in the document, six are allowed. */
static void add_time(struct buffer *d, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	if (length == 30 && text[19] == '.' && text[29] == 'Z') {
		buffer_append(d, text, 26);
		buffer_puts(d, "Z ");
	} else {
		buffer_puts(d, "- ");
	}
}

static void add_data(struct buffer *d, const json_t *document)
{
	buffer_puts(
		d, "[origin software=\"portolan\" swVersion=\"" PORTOLAN_VERSION "\"][" DATA_ID);
	for (size_t i = 0; i < sizeof(parameter) / sizeof(parameter[0]); i++) {
		const char *text = field_text(document, parameter[i].field);
		if (!text)
			continue;
		buffer_puts(d, " ");
		buffer_puts(d, parameter[i].name);
		buffer_puts(d, "=\"");
		buffer_escape(d, text, "\"\\]");
		buffer_puts(d, "\"");
	}
	buffer_puts(d, "] ");
}

int syslog_format(
	struct buffer *d, const struct message_origin *origin, const char *json, size_t length)
{
	json_t *document = json_loadb(json, length, 0, NULL);

	buffer_clear(d);
	if (!json_is_object(document)) {
		json_decref(document);
		return -EBADMSG;
	}
	buffer_puts(d, "<");
	buffer_number(d, FACILITY_LOCAL0 * 8 + severity_of(document));
	buffer_puts(d, ">1 ");
	add_time(d, field_text(document, "@timestamp"));
	add_word(d, origin->host, HOST_BYTES);
	buffer_puts(d, "portolan ");
	buffer_number(d, origin->process);
	buffer_puts(d, " ");
	add_word(d, field_text(document, "event.action"), MESSAGE_ID_BYTES);
	add_data(d, document);
	if (origin->format == SINK_AS_CEF)
		cef_format(d, document);
	else
		buffer_append(d, json, length);
	json_decref(document);
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
