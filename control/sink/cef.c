#include "sink/cef.h"

#include <stdbool.h>
#include <string.h>

#include "base/buffer.h"
#include "sink/json_field.h"

#ifndef PORTOLAN_VERSION
#define PORTOLAN_VERSION "unknown"
#endif

enum kind { TEXT, NUMBER, TIME, IPV4, IPV6 };

/* The extension. Of an address, the key that is made for its version. */
static const struct {
	const char *key, *field;
	enum kind kind;
	const char *label; /* of a custom key: what it holds */
} extension[] = {
	{"rt", "@timestamp", TIME, NULL},
	{"start", "event.start", TIME, NULL},
	{"end", "event.end", TIME, NULL},
	{"act", "event.action", TEXT, NULL},
	{"outcome", "event.reason", TEXT, NULL},
	{"src", "source.ip", IPV4, NULL},
	{"c6a2", "source.ip", IPV6, "Source IPv6 Address"},
	{"spt", "source.port", NUMBER, NULL},
	{"dst", "destination.ip", IPV4, NULL},
	{"c6a3", "destination.ip", IPV6, "Destination IPv6 Address"},
	{"dpt", "destination.port", NUMBER, NULL},
	{"proto", "network.transport", TEXT, NULL},
	{"app", "network.protocol", TEXT, NULL},
	{"in", "source.bytes", NUMBER, NULL},
	{"out", "destination.bytes", NUMBER, NULL},
	{"cnt", "portolan.finding.count", NUMBER, NULL},
	{"dvchost", "observer.name", TEXT, NULL},
	{"deviceInboundInterface", "observer.ingress.interface.name", TEXT, NULL},
	{"externalId", "network.community_id", TEXT, NULL},
	{"cs1", "portolan.verdict", TEXT, "verdict"},
	{"cs2", "rule.id", TEXT, "rule"},
	{"cs3", "portolan.endpoints.appliance", TEXT, "appliance"},
	{"cs4", "portolan.connection", TEXT, "connection"},
	{"cs5", "threat.technique.id", TEXT, "technique"},
	{"cs6", "portolan.policy", TEXT, "policy"},
	{"msg", "message", TEXT, NULL},
};

/* Newlines may be written in a value of the extension, as \n and \r. */
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

static void add_key(struct buffer *d, size_t i)
{
	if (extension[i].label) {
		buffer_puts(d, extension[i].key);
		buffer_puts(d, "Label=");
		buffer_puts(d, extension[i].label);
		buffer_puts(d, " ");
	}
	buffer_puts(d, extension[i].key);
	buffer_puts(d, "=");
}

static void add_text(struct buffer *d, size_t i, const char *text)
{
	bool is_ipv6;

	if (!text || !*text)
		return;
	is_ipv6 = strchr(text, ':') != NULL;
	if ((extension[i].kind == IPV4 && is_ipv6) || (extension[i].kind == IPV6 && !is_ipv6))
		return;
	add_key(d, i);
	add_value(d, text);
	buffer_puts(d, " ");
}

static void add_extension(struct buffer *d, const json_t *document, size_t i)
{
	const char *field = extension[i].field;
	json_int_t number;
	bool has;

	if (extension[i].kind != NUMBER && extension[i].kind != TIME) {
		add_text(d, i, field_text(document, field));
		return;
	}
	has = extension[i].kind == TIME ? field_time_ms(document, field, &number)
					: field_number(document, field, &number);
	if (!has)
		return;
	add_key(d, i);
	buffer_number(d, number);
	buffer_puts(d, " ");
}

static const char *either(const char *text, const char *otherwise)
{
	return text && *text ? text : otherwise;
}

/* high, medium and low are 3, 2 and 1 with us, and 7 to 8, 4 to 6, 0 to 3 in CEF. */
static long long severity_of(const json_t *document)
{
	static const long long severity_of_ours[] = {0, 3, 5, 8};
	json_int_t severity;

	if (!field_number(document, "event.severity", &severity) || severity < 0 || severity > 3)
		return 0;
	return severity_of_ours[severity];
}

void cef_format(struct buffer *d, const json_t *document)
{
	const char *action = either(field_text(document, "event.action"), "event");
	const char *kind = either(field_text(document, "rule.category"), action);

	buffer_puts(d, "CEF:0|portolan|portolan|" PORTOLAN_VERSION "|");
	buffer_escape(d, kind, "|\\");
	buffer_puts(d, "|");
	buffer_escape(d, either(field_text(document, "message"), action), "|\\");
	buffer_puts(d, "|");
	buffer_number(d, severity_of(document));
	buffer_puts(d, "|");
	for (size_t i = 0; i < sizeof(extension) / sizeof(extension[0]); i++)
		add_extension(d, document, i);
	if (d->error == 0 && d->text[d->length - 1] == ' ')
		d->length--;
}
