/* A message of syslog (RFC 5424), made of an event.
 */
#ifndef PORTOLAN_SYSLOG_MESSAGE_H
#define PORTOLAN_SYSLOG_MESSAGE_H

#include <stddef.h>

#include "config/settings.h"

struct buffer;
struct event;

struct message_origin {
	char host[256]; /* HOSTNAME */
	long process;	/* PROCID */
	enum sink_format format;
};

/* Makes the message anew. 0, or the buffer's error. */
int syslog_format(struct buffer *, const struct message_origin *, const struct event *);

/* So much of the text, at most `most` bytes, that no UTF-8 character is cut in two. */
size_t syslog_cut(const char *text, size_t length, size_t most);

#endif
