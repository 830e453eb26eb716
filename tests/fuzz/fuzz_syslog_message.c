/* Any document as a syslog message with CEF: one line, its fields where they belong. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message_origin origin = {.host = "host", .process = 1, .format = SINK_AS_CEF};
	struct buffer d = {.text = NULL};

	if (syslog_format(&d, &origin, (const char *)data, size) == 0) {
		const char *cef = memmem(d.text, d.length, "] CEF:0|", 8);
		size_t left = cef ? d.length - (size_t)(cef - d.text) : 0;
		if (memchr(d.text, '\n', d.length) || !cef || bars(cef, left) < 7)
			abort();
		(void)syslog_cut(d.text, d.length, size % (d.length + 1));
	}
	buffer_fini(&d);
	return 0;
}
