/* Events as syslog messages: one a datagram (RFC 5426), or octet-counted over TCP (RFC 6587,
 * 3.4.1) or TLS (RFC 5425, 4.3).
 *
 * A stream is checked before each message, and what the collector's host has not acknowledged
 * is kept, and sent again over the next connection: rather twice than never.
 * XXX What the host has acknowledged and a dying collector never read is lost, and so is a
 * datagram to nobody, up to the one that brings the refusal back: syslog answers nothing.
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

/* What the usual collectors take (rsyslog's and syslog-ng's first setting); a longer message is
 * cut. RFC 5426, 3.2 promises 480 bytes everywhere and advises 2,048. */
#define DATAGRAM_BYTES 8192
#define UNACKNOWLEDGED_BYTES (1u << 20)
#define PATIENCE_NS 5000000000ull
#define PATIENCE_MS 10000
#define LOOK_NS 10000000ull
#define REFUSAL_NS 50000000ull /* so long may a refusal take after the first datagram */

enum carrier { UDP, TCP, TLS };

struct syslog {
	enum carrier carrier;
	char host[256], port[8];
	int fd;		/* -1: not connected */
	bool is_proven; /* a datagram was not refused on this socket */
	struct tls *tls;
	struct message_origin origin;
	struct buffer message, frame;
	struct buffer sent;   /* frames that may not have arrived yet */
	int waiting;	      /* bytes not acknowledged when last asked */
	uint64_t progress_ns; /* steady clock: when they became fewer, or were none */
};

/* --- the address -------------------------------------------------------------------------- */

/* udp://host:port, and the host in brackets where it is an IPv6 address. */
static int parse_address(struct syslog *y, const char *address)
{
	static const char *const scheme[] = {"udp://", "tcp://", "tls://"};
	const char *host = address + 6, *port = strrchr(address, ':');
	size_t length = (size_t)(port - host);

	for (unsigned i = 0; i < sizeof(scheme) / sizeof(scheme[0]); i++)
		if (strncmp(address, scheme[i], 6) == 0)
			y->carrier = (enum carrier)i;
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
	error = y->carrier == TLS ? tls_open(&y->tls, y->host, &files, why) : 0;
	return error < 0 ? sink_fail(s, error, "%s", why) : 0;
}

/* --- the connection ----------------------------------------------------------------------- */

static void hang_up(struct syslog *y)
{
	if (y->tls)
		tls_end(y->tls);
	if (y->fd >= 0)
		close(y->fd);
	y->fd = -1;
}

static int fail(struct sink *s, int error, const char *what)
{
	hang_up(s->state);
	return sink_fail(s, error, "%s: %s", what, strerror(-error));
}

static int socket_error(int fd)
{
	int error = 0;
	socklen_t length = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return -error;
}

/* A host that is silent for long is as gone as one that refuses. */
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
	if (y->carrier != UDP)
		set_patience(y->fd);
	if (connect(y->fd, to->ai_addr, to->ai_addrlen) < 0)
		error = -errno;
	if (error == -EINPROGRESS) {
		error = sink_wait(s, y->fd, POLLOUT, PATIENCE_NS);
		if (error == 0)
			error = socket_error(y->fd);
	}
	if (error < 0)
		hang_up(y);
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
	hang_up(y);
	return sink_fail(s, error, "%s", error == -ETIMEDOUT ? "TLS: no answer" : why);
}

/* The name is asked for each time: collectors move. */
static int reach(struct sink *s)
{
	struct syslog *y = s->state;
	struct addrinfo hints = {.ai_flags = AI_NUMERICSERV}, *list = NULL;
	int n, error = -EHOSTUNREACH;

	hints.ai_socktype = y->carrier == UDP ? SOCK_DGRAM : SOCK_STREAM;
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

/* What the other side sends is nothing to us but a sign of life, or of its end. */
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

/* Where all of it has been acknowledged, on a connection that still stands. */
static void drop_acknowledged(struct syslog *y)
{
	int waiting = unacknowledged(y);

	if (waiting == 0 || waiting < y->waiting)
		y->progress_ns = clock_steady_ns();
	y->waiting = waiting;
	if (y->sent.length && waiting == 0 && check_stream(y) == 0)
		buffer_clear(&y->sent);
}

/* Until at most so many bytes are not acknowledged, for PATIENCE_NS. */
static void wait_for_acknowledgement(struct sink *s, size_t bytes)
{
	struct syslog *y = s->state;

	drop_acknowledged(y);
	for (uint64_t i = 0; y->sent.length > bytes && i < PATIENCE_NS / LOOK_NS; i++) {
		if (sink_wait(s, y->fd, 0, LOOK_NS) == -ECANCELED || check_stream(y) < 0)
			break;
		drop_acknowledged(y);
	}
}

/* A collector that stands and does not read is left alone: what it has would come twice. */
static int keep_few_unacknowledged(struct sink *s)
{
	struct syslog *y = s->state;

	wait_for_acknowledgement(s, UNACKNOWLEDGED_BYTES);
	if (y->sent.length <= UNACKNOWLEDGED_BYTES &&
		clock_steady_ns() < y->progress_ns + PATIENCE_NS)
		return 0;
	return sink_fail(s, -ETIMEDOUT, "connected, but it reads nothing");
}

/* Connected, and with nothing owed from the connection before. */
static int ready_stream(struct sink *s)
{
	struct syslog *y = s->state;
	int error;

	if (y->fd >= 0 && check_stream(y) == 0)
		return keep_few_unacknowledged(s);
	hang_up(y);
	error = reach(s);
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

/* That nobody listens is heard afterwards, if at all: the first datagram waits for it, so that
 * none is called delivered as long as there is a refusal for each. */
static int write_datagram(struct sink *s)
{
	struct syslog *y = s->state;
	size_t length = syslog_cut(y->message.text, y->message.length, DATAGRAM_BYTES);
	int error = 0;

	if (y->fd < 0) {
		y->is_proven = false;
		error = reach(s);
	}
	if (error < 0)
		return error;
	error = send_datagram(s, length);
	if (error == 0 && !y->is_proven)
		sink_wait(s, y->fd, 0, REFUSAL_NS);
	if (error == 0)
		error = socket_error(y->fd);
	y->is_proven = error == 0;
	return error < 0 ? fail(s, error, "cannot send") : 0;
}

static int syslog_write(struct sink *s, const struct event *v)
{
	struct syslog *y = s->state;
	int error = syslog_format(&y->message, &y->origin, v);

	if (error < 0)
		return sink_fail(s, error, "an event that cannot be said");
	return y->carrier == UDP ? write_datagram(s) : write_stream(s);
}

static int syslog_tick(struct sink *s)
{
	struct syslog *y = s->state;

	if (y->carrier != UDP)
		return ready_stream(s);
	return y->fd < 0 ? reach(s) : 0;
}

/* A socket closed with something unread in it would take back what is under way. */
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
	hang_up(y);
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
