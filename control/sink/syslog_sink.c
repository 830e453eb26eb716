/* Sink: events as syslog messages: one per datagram (RFC 5426), or octet-counted over TCP (RFC
 * 6587, 3.4.1) or TLS (RFC 5425, 4.3).
 *
 * A stream is checked before each message; what the peer's host has not acknowledged is kept and
 * sent again over the next connection: possibly twice, but not never.
 *
 * XXX Lost are messages that the host has acknowledged but a dying collector never read, and
 * datagrams to a closed port up to the one that returns the error: syslog has no acknowledgement.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "sink/sink.h"
#include "sink/syslog_message.h"
#include "sink/tls_client.h"

/* The default limit of common collectors (rsyslog, syslog-ng); longer messages are cut. RFC 5426,
 * 3.2 guarantees 480 bytes and recommends 2,048. */
#define DATAGRAM_BYTES 8192
#define UNACKNOWLEDGED_BYTES (1u << 20)
#define PATIENCE_NS 5000000000ull
#define PATIENCE_MS 10000
#define POLL_NS 10000000ull
#define REFUSAL_NS 50000000ull /* wait for an ICMP error after the first datagram */

enum syslog_transport { UDP, TCP, TLS };

struct syslog {
	enum syslog_transport transport;
	char host[256], port[8];
	int fd;		   /* -1: not connected */
	bool is_confirmed; /* a datagram on this socket was not refused */
	struct tls *tls;
	struct message_origin origin;
	struct buffer message, frame;
	struct buffer sent;   /* frames not acknowledged yet */
	int waiting;	      /* bytes unacknowledged at the last check */
	uint64_t progress_ns; /* monotonic clock: when they last decreased, or were 0 */
};

/* --- the address -------------------------------------------------------------------------- */

/* udp://host:port, tcp://… or tls://…; an IPv6 address in brackets. */
static int parse_address(struct syslog *y, const char *address)
{
	static const char *const scheme[] = {"udp://", "tcp://", "tls://"};
	const char *host = address + 6, *port = strrchr(address, ':');
	size_t length = (size_t)(port - host);

	for (unsigned i = 0; i < sizeof(scheme) / sizeof(scheme[0]); i++)
		if (strncmp(address, scheme[i], 6) == 0)
			y->transport = (enum syslog_transport)i;
	if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
		host++;
		length -= 2;
	}
	if (length == 0 || length >= sizeof(y->host) || strlen(port + 1) >= sizeof(y->port))
		return -EINVAL;
	memcpy(y->host, host, length);
	strcpy(y->port, port + 1);
	return 0;
}

static int syslog_open(struct sink *s)
{
	const struct sink_settings *c = s->settings;
	struct tls_files files = {
		c->value[SINK_KEY_CA], c->value[SINK_KEY_CERTIFICATE], c->value[SINK_KEY_KEY]};
	struct syslog *y = s->state = calloc(1, sizeof(*y));
	char why[TLS_WHY_BYTES] = "";
	int error;

	if (!y)
		return -ENOMEM;
	y->fd = -1;
	gethostname(y->origin.host, sizeof(y->origin.host) - 1);
	y->origin.process = getpid();
	y->origin.format = c->format;
	error = parse_address(y, c->value[SINK_KEY_ADDRESS]);
	if (error < 0)
		return sink_fail(s, error, "no address");
	error = y->transport == TLS ? tls_open(&y->tls, y->host, &files, why) : 0;
	return error < 0 ? sink_fail(s, error, "%s", why) : 0;
}

/* --- the connection ----------------------------------------------------------------------- */

static void disconnect(struct syslog *y)
{
	if (y->tls)
		tls_end(y->tls);
	if (y->fd >= 0)
		close(y->fd);
	y->fd = -1;
}

static int fail(struct sink *s, int error, const char *what)
{
	disconnect(s->state);
	return sink_fail(s, error, "%s: %s", what, strerror(-error));
}

static int socket_error(int fd)
{
	int error = 0;
	socklen_t length = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return -error;
}

/* Sets the timeout after which a silent peer counts as lost. */
static void set_patience(int fd)
{
	unsigned patience_ms = PATIENCE_MS;
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms, sizeof(patience_ms));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int connect_to(struct sink *s, const struct addrinfo *to)
{
	struct syslog *y = s->state;
	int error = 0;

	y->fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (y->fd < 0)
		return -errno;
	if (y->transport != UDP)
		set_patience(y->fd);
	if (connect(y->fd, to->ai_addr, to->ai_addrlen) < 0)
		error = -errno;
	if (error == -EINPROGRESS) {
		error = sink_wait(s, y->fd, POLLOUT, PATIENCE_NS);
		if (error == 0)
			error = socket_error(y->fd);
	}
	if (error < 0)
		disconnect(y);
	return error;
}

static int tls_connect(struct sink *s)
{
	struct syslog *y = s->state;
	char why[TLS_WHY_BYTES] = "TLS";
	int error = tls_begin(y->tls, y->fd);

	while (error == 0) {
		error = tls_handshake(y->tls, why);
		if (error == 0)
			return 0;
		if (error == -EAGAIN)
			error = sink_wait(s, y->fd, tls_wants(y->tls), PATIENCE_NS);
	}
	disconnect(y);
	return sink_fail(s, error, "%s", error == -ETIMEDOUT ? "TLS: no answer" : why);
}

/* Resolves the name each time: addresses change. */
static int connect_collector(struct sink *s)
{
	struct syslog *y = s->state;
	struct addrinfo hints = {.ai_flags = AI_NUMERICSERV}, *list = NULL;
	int n, error = -EHOSTUNREACH;

	hints.ai_socktype = y->transport == UDP ? SOCK_DGRAM : SOCK_STREAM;
	n = getaddrinfo(y->host, y->port, &hints, &list);
	if (n)
		return sink_fail(s, error, "%s: %s", y->host, gai_strerror(n));
	for (const struct addrinfo *a = list; a && y->fd < 0; a = a->ai_next)
		error = connect_to(s, a);
	freeaddrinfo(list);
	if (y->fd < 0)
		return fail(s, error, "cannot connect");
	return y->tls ? tls_connect(s) : 0;
}

/* --- sending ------------------------------------------------------------------------------ */

static long send_some(struct syslog *y, const char *bytes, size_t length)
{
	ssize_t n;

	if (y->tls)
		return tls_send(y->tls, bytes, length);
	n = send(y->fd, bytes, length, MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

static int send_all(struct sink *s, const char *bytes, size_t length)
{
	struct syslog *y = s->state;

	for (size_t done = 0; done < length;) {
		long n = send_some(y, bytes + done, length - done);
		if (n == -EAGAIN)
			n = sink_wait(s, y->fd, y->tls ? tls_wants(y->tls) : POLLOUT, PATIENCE_NS);
		if (n < 0)
			return fail(s, (int)n, "cannot send");
		done += (size_t)n;
	}
	return 0;
}

/* Discards what the peer sends; detects that it has closed. */
static int check_stream(struct syslog *y)
{
	char ignored[512];
	ssize_t n;

	if (y->tls)
		return tls_check(y->tls);
	do
		n = recv(y->fd, ignored, sizeof(ignored), MSG_DONTWAIT);
	while (n > 0);
	if (n == 0)
		return -ECONNRESET;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static int unacknowledged(const struct syslog *y)
{
	int bytes = 0;

	return ioctl(y->fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

/* Drops the kept frames once all are acknowledged, on a working connection. */
static void drop_acknowledged(struct syslog *y)
{
	int waiting = unacknowledged(y);

	if (waiting == 0 || waiting < y->waiting)
		y->progress_ns = clock_steady_ns();
	y->waiting = waiting;
	if (y->sent.length && waiting == 0 && check_stream(y) == 0)
		buffer_clear(&y->sent);
}

/* Waits until at most `bytes` are unacknowledged, for PATIENCE_NS. */
static void wait_for_acknowledgement(struct sink *s, size_t bytes)
{
	struct syslog *y = s->state;

	drop_acknowledged(y);
	for (uint64_t i = 0; y->sent.length > bytes && i < PATIENCE_NS / POLL_NS; i++) {
		if (sink_wait(s, y->fd, 0, POLL_NS) == -ECANCELED || check_stream(y) < 0)
			break;
		drop_acknowledged(y);
	}
}

/* Sends nothing more to a collector that does not read: it would be sent again later. */
static int keep_few_unacknowledged(struct sink *s)
{
	struct syslog *y = s->state;

	wait_for_acknowledgement(s, UNACKNOWLEDGED_BYTES);
	if (y->sent.length <= UNACKNOWLEDGED_BYTES &&
		clock_steady_ns() < y->progress_ns + PATIENCE_NS)
		return 0;
	return sink_fail(s, -ETIMEDOUT, "connected, but it reads nothing");
}

/* Connects, and sends again what the last connection did not deliver. */
static int ready_stream(struct sink *s)
{
	struct syslog *y = s->state;
	int error;

	if (y->fd >= 0 && check_stream(y) == 0)
		return keep_few_unacknowledged(s);
	disconnect(y);
	error = connect_collector(s);
	y->waiting = 0;
	y->progress_ns = clock_steady_ns();
	return error < 0 ? error : send_all(s, y->sent.text, y->sent.length);
}

static int write_stream(struct sink *s)
{
	struct syslog *y = s->state;
	struct buffer *frame = &y->frame;
	int error = ready_stream(s);

	if (error < 0)
		return error;
	buffer_clear(frame);
	buffer_number(frame, (long long)y->message.length);
	buffer_puts(frame, " ");
	buffer_append(frame, y->message.text, y->message.length);
	if (frame->error)
		return frame->error;
	error = send_all(s, frame->text, frame->length);
	if (error < 0)
		return error;
	buffer_append(&y->sent, frame->text, frame->length);
	y->waiting = unacknowledged(y);
	return 0;
}

static int send_datagram(struct sink *s, size_t length)
{
	struct syslog *y = s->state;
	int error = 0;

	while (send(y->fd, y->message.text, length, MSG_NOSIGNAL) < 0 && error == 0)
		error = errno == EAGAIN ? sink_wait(s, y->fd, POLLOUT, PATIENCE_NS) : -errno;
	return error;
}

/* A closed port is reported later, if at all: after the first datagram waits for the ICMP error, so
 * that none counts as delivered while each is refused. */
static int write_datagram(struct sink *s)
{
	struct syslog *y = s->state;
	size_t length = syslog_cut(y->message.text, y->message.length, DATAGRAM_BYTES);
	int error = 0;

	if (y->fd < 0) {
		y->is_confirmed = false;
		error = connect_collector(s);
	}
	if (error < 0)
		return error;
	error = send_datagram(s, length);
	if (error == 0 && !y->is_confirmed)
		sink_wait(s, y->fd, 0, REFUSAL_NS);
	if (error == 0)
		error = socket_error(y->fd);
	y->is_confirmed = error == 0;
	return error < 0 ? fail(s, error, "cannot send") : 0;
}

static int syslog_write(struct sink *s, const struct event *v)
{
	struct syslog *y = s->state;
	int error = syslog_format(&y->message, &y->origin, v);

	if (error < 0)
		return sink_fail(s, error, "an event that cannot be said");
	return y->transport == UDP ? write_datagram(s) : write_stream(s);
}

static int syslog_tick(struct sink *s)
{
	struct syslog *y = s->state;

	if (y->transport != UDP)
		return ready_stream(s);
	return y->fd < 0 ? connect_collector(s) : 0;
}

/* Closing a socket with unread input resets it and discards data in flight: reads it first. */
static void syslog_close(struct sink *s)
{
	struct syslog *y = s->state;

	if (!y)
		return;
	if (y->fd >= 0)
		wait_for_acknowledgement(s, 0);
	if (y->sent.length)
		log_say(LOG_LEVEL_WARNING, "sink %s: the last %zu bytes were not acknowledged",
			sink_name(s->settings), y->sent.length);
	disconnect(y);
	tls_close(y->tls);
	buffer_fini(&y->message);
	buffer_fini(&y->frame);
	buffer_fini(&y->sent);
	free(y);
	s->state = NULL;
}

const struct sink_operations sink_syslog = {
	.open = syslog_open,
	.write = syslog_write,
	.tick = syslog_tick,
	.close = syslog_close,
};
