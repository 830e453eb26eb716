/* An event whose texts and numbers are anything, as a syslog message with CEF: one line, its fields
 * where they belong. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "record/event.h"
#include "sink/syslog_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned bars(const char *text, size_t length)
{
	unsigned n = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\')
			i++;
		else
			n += text[i] == '|';
	}
	return n;
}

/* What the numbers of a record are of what it may be. */
static void tame(struct record *r)
{
	r->version = r->version & 1 ? 6 : 4;
	r->verdict %= VERDICT_COUNT;
	r->connection %= CONNECTION_COUNT;
	r->end %= END_COUNT;
	r->evasion_reason %= EVASION_COUNT;
	r->evasions = (uint16_t)(r->evasions & ((1u << EVASION_COUNT) - 1));
}

/* Texts one behind the other, each ended by a NUL; NULL where there are no more. */
static const char *next_text(char **at, const char *end)
{
	char *text = *at;

	if (text >= end)
		return NULL;
	*at += strlen(text) + 1;
	return text;
}

static void check(const struct event *v, size_t size)
{
	struct message_origin origin = {.host = "host", .process = 1, .format = SINK_AS_CEF};
	struct buffer d = {.text = NULL};

	if (syslog_format(&d, &origin, v) == 0) {
		const char *cef = memmem(d.text, d.length, "] CEF:0|", 8);
		size_t left = cef ? d.length - (size_t)(cef - d.text) : 0;
		if (memchr(d.text, '\n', d.length) || !cef || bars(cef, left) < 7)
			abort();
		(void)syslog_cut(d.text, d.length, size % (d.length + 1));
	}
	buffer_fini(&d);
}

/* First a record, if there is one's worth of bytes, then the texts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1), *at = text;
	struct record r;
	struct event v = {.severity = (enum severity)(size ? data[0] : 0)}, *copy;

	if (size >= sizeof(r)) {
		memcpy(&r, data, sizeof(r));
		tame(&r);
		v.record = &r;
		data += sizeof(r);
		size -= sizeof(r);
	}
	memcpy(text, data, size);
	v.action = next_text(&at, text + size);
	v.action = v.action ? v.action : "event";
	v.message = next_text(&at, text + size);
	v.rule = next_text(&at, text + size);
	v.appliance = next_text(&at, text + size);
	v.observer = next_text(&at, text + size);
	v.interface = next_text(&at, text + size);
	v.policy = next_text(&at, text + size);
	v.finding.state = next_text(&at, text + size);
	copy = event_copy(&v);
	free(text);
	check(copy, size);
	event_drop(copy);
	return 0;
}
