/* Formats an event as a syslog message (RFC 5424). */
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

/* Replaces the buffer's contents. 0, or the buffer's error. */
int syslog_format(struct buffer *, const struct message_origin *, const struct event *);

/* The longest length of at most `most` bytes that does not cut a UTF-8 character. */
size_t syslog_cut(const char *text, size_t length, size_t most);

#endif
