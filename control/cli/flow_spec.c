#include "cli/flow_spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/literal.h"
#include "protocol.h"

static int read_protocol(struct flow_spec *q, const char *text, char *why, size_t bytes)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || number < 0 || number > 255)
		number = protocol_number(text);
	if (number < 0) {
		snprintf(why, bytes,
			"found protocol '%s'; want tcp, udp, a name such as gre, or 0 to 255",
			text);
		return -EINVAL;
	}
	q->flow.protocol = (uint8_t)number;
	return 0;
}

static int read_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n > 65535)
		return -EINVAL;
	*port = (uint16_t)n;
	return 0;
}

/* Splits "10.0.0.1:443" or "[2001:db8::1]:443" in place; without ports all of it is the address. */
static char *split(char *text, int with_port)
{
	char *end = text[0] == '[' ? strchr(text, ']') : NULL, *colon;

	if (end) {
		memmove(text, text + 1, (size_t)(end - text - 1));
		end[-1] = '\0';
		return end[1] == ':' ? end + 2 : end + 1;
	}
	if (!with_port)
		return text + strlen(text);
	colon = strrchr(text, ':');
	if (!colon)
		return text + strlen(text);
	*colon = '\0';
	return colon + 1;
}

static int read_end(
	struct flow_spec *q, unsigned end, const char *argument, char *why, size_t bytes)
{
	int with_port = protocol_has_ports(q->flow.protocol), version;
	char text[128], *port;

	snprintf(text, sizeof(text), "%s", argument);
	port = split(text, with_port);
	version = (int)literal_address(text, &q->flow.address[end]);
	if (version == 0) {
		snprintf(why, bytes,
			"found '%s'; want ADDRESS%s, IPv6 with a port as [ADDRESS]:PORT", argument,
			with_port ? ":PORT" : "");
		return -EINVAL;
	}
	if (q->flow.version && q->flow.version != version) {
		snprintf(why, bytes, "found IPv4 and IPv6 in one flow; want one of them");
		return -EINVAL;
	}
	q->flow.version = (uint8_t)version;
	if (with_port ? read_port(port, &q->flow.port[end]) < 0 : *port != '\0') {
		snprintf(why, bytes, "found '%s'; want ADDRESS%s", argument,
			with_port ? ":PORT, the port from 0 to 65535"
				  : " without a port for this protocol");
		return -EINVAL;
	}
	return 0;
}

int flow_spec_read(struct flow_spec *q, const char *const argument[3], char *why, size_t bytes)
{
	memset(q, 0, sizeof(*q));
	if (read_protocol(q, argument[0], why, bytes) < 0)
		return -EINVAL;
	for (unsigned end = 0; end < 2; end++)
		if (read_end(q, end, argument[1 + end], why, bytes) < 0)
			return -EINVAL;
	return 0;
}
