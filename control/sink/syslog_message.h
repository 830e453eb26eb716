/* A message of syslog (RFC 5424), made of a document's text.
 */
#ifndef PORTOLAN_SYSLOG_MESSAGE_H
#define PORTOLAN_SYSLOG_MESSAGE_H

#include <stddef.h>

#include "config/settings.h"

struct buffer;

struct message_origin {
	char host[256]; /* HOSTNAME */
	long process;	/* PROCID */
	enum sink_format format;
};

/* Makes the draft anew. 0; -EBADMSG: no JSON object; -ENOMEM. */
int syslog_format(struct buffer *, const struct message_origin *, const char *json, size_t length);

/* So much of the text, at most `most` bytes, that no UTF-8 character is cut in two. */
size_t syslog_cut(const char *text, size_t length, size_t most);

#endif
