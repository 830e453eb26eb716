#include "serve/http_server.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tls_priorities.h"
#include "config/settings.h"
#include "serve/metrics.h"

/* The library stops accepting at its limit: ours is lower, and makes room. */
#define CONNECTIONS_LIMIT 128
#define CONNECTIONS_MAX 64
#define CONNECTIONS_OF_ADDRESS_MAX 8
#define REQUEST_S 10
#define REQUEST_NS (REQUEST_S * 1000000000ull)
#define REQUEST_BYTES 16384
#define FILE_BYTES_MAX 65536
#define TOKEN_BYTES 256
#define TOKEN_BYTES_MIN 16

#define PLAIN "text/plain; version=0.0.4; charset=utf-8"
#define OPEN_METRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct connection {
	struct MHD_Connection *handle; /* NULL: a free slot */
	struct sockaddr_storage address;
	int fd;
	uint64_t since_ns; /* steady clock: begin of the connection, or end of its last request */
	bool is_dropped;
};

struct http {
	struct MHD_Daemon *daemon;
	uint64_t now_ns;
	struct connection connection[CONNECTIONS_LIMIT];
	const struct metrics_source *source;
	char token[TOKEN_BYTES]; /* "": not required */
	char *certificate, *key;
};

/* --- answer ------------------------------------------------------------------------------ */

static enum MHD_Result answer(
	struct MHD_Connection *c, unsigned status, struct MHD_Response *response)
{
	enum MHD_Result result = response ? MHD_queue_response(c, status, response) : MHD_NO;

	if (response)
		MHD_destroy_response(response);
	return result;
}

static enum MHD_Result respond(struct MHD_Connection *c, unsigned status, const char *text,
	const char *header, const char *value)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
		strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);

	if (r && header)
		MHD_add_response_header(r, header, value);
	return answer(c, status, r);
}

/* Constant time, so that timing does not reveal the token. */
static bool is_same(const char *token, const char *brought)
{
	size_t length = strlen(token), other = strlen(brought);
	unsigned differs = length != other;

	for (size_t i = 0; i < length; i++)
		differs |= (unsigned char)token[i] ^ (unsigned char)brought[other ? i % other : 0];
	return differs == 0;
}

static bool is_authorized(const struct http *h, struct MHD_Connection *c)
{
	const char *brought =
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);

	if (!*h->token)
		return true;
	return brought && strncasecmp(brought, "Bearer ", 7) == 0 && is_same(h->token, brought + 7);
}

static enum MHD_Result send_metrics(const struct http *h, struct MHD_Connection *c)
{
	const char *accept =
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	bool open_metrics = accept && strstr(accept, "application/openmetrics-text");
	size_t length;
	char *text = metrics_text(h->source, open_metrics, &length);
	struct MHD_Response *r;

	if (!text)
		return respond(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "no memory\n", NULL, NULL);
	r = MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE);
	if (!r) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(
		r, MHD_HTTP_HEADER_CONTENT_TYPE, open_metrics ? OPEN_METRICS : PLAIN);
	return answer(c, MHD_HTTP_OK, r);
}

static enum MHD_Result take_request(void *context, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_bytes,
	void **user_data)
{
	const struct http *h = context;
	static int seen;

	(void)version;
	(void)upload;
	if (!*user_data) { /* called for the header alone; a body may follow */
		*user_data = &seen;
		return MHD_YES;
	}
	if (*upload_bytes) {
		*upload_bytes = 0; /* bodies are ignored */
		return MHD_YES;
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return respond(
			c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET /metrics\n", "Allow", "GET, HEAD");
	if (!is_authorized(h, c))
		return respond(c, MHD_HTTP_UNAUTHORIZED, "a token is wanted\n", "WWW-Authenticate",
			"Bearer realm=\"portolan\"");
	if (strcmp(url, "/metrics") == 0)
		return send_metrics(h, c);
	if (strcmp(url, "/") == 0)
		return respond(c, MHD_HTTP_OK, "portolan: see /metrics\n", NULL, NULL);
	return respond(c, MHD_HTTP_NOT_FOUND, "see /metrics\n", NULL, NULL);
}

/* --- connections --------------------------------------------------------------------------- */

/* The library notices that the socket is at its end, and frees the connection. */
static void drop(struct connection *c)
{
	if (c && !c->is_dropped)
		shutdown(c->fd, SHUT_RDWR);
	if (c)
		c->is_dropped = true;
}

static bool is_of(const struct connection *c, const struct sockaddr_storage *address)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)&c->address;
	const struct sockaddr_in *b4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)&c->address;
	const struct sockaddr_in6 *b6 = (const struct sockaddr_in6 *)address;

	if (c->address.ss_family != address->ss_family)
		return false;
	return address->ss_family == AF_INET6
		       ? memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof(a6->sin6_addr)) == 0
		       : a4->sin_addr.s_addr == b4->sin_addr.s_addr;
}

/* Drops the oldest connection if there are more than `max`, of an address or (NULL) in all. */
static void make_room(struct http *h, const struct sockaddr_storage *address, unsigned max)
{
	struct connection *oldest = NULL;
	unsigned count = 0;

	for (unsigned i = 0; i < CONNECTIONS_LIMIT; i++) {
		struct connection *c = &h->connection[i];
		if (!c->handle || c->is_dropped || (address && !is_of(c, address)))
			continue;
		count++;
		if (!oldest || c->since_ns < oldest->since_ns)
			oldest = c;
	}
	if (count > max)
		drop(oldest);
}

static struct connection *free_slot(struct http *h)
{
	for (unsigned i = 0; i < CONNECTIONS_LIMIT; i++)
		if (!h->connection[i].handle)
			return &h->connection[i];
	return NULL;
}

static void begin(struct http *h, struct MHD_Connection *handle, struct connection *c)
{
	const union MHD_ConnectionInfo *fd =
		MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *address =
		MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	*c = (struct connection){.handle = handle, .fd = fd->connect_fd, .since_ns = h->now_ns};
	memcpy(&c->address, address->client_addr,
		address->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							    : sizeof(struct sockaddr_in));
	make_room(h, &c->address, CONNECTIONS_OF_ADDRESS_MAX);
	make_room(h, NULL, CONNECTIONS_MAX);
}

static void watch_connection(void *context, struct MHD_Connection *handle, void **slot,
	enum MHD_ConnectionNotificationCode code)
{
	struct connection *c = *slot;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*slot = c = free_slot(context);
		if (c)
			begin(context, handle, c);
	} else if (c) {
		c->handle = NULL;
	}
}

static struct connection *connection_of(struct MHD_Connection *handle)
{
	const union MHD_ConnectionInfo *slot =
		MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return slot ? slot->socket_context : NULL;
}

/* Each request has its time, from the end of the one before: nobody sends it byte by byte. */
static void end_request(void *context, struct MHD_Connection *handle, void **user_data,
	enum MHD_RequestTerminationCode code)
{
	struct connection *c = connection_of(handle);

	(void)user_data;
	(void)code;
	if (c)
		c->since_ns = ((struct http *)context)->now_ns;
}

static void drop_the_late(struct http *h)
{
	for (unsigned i = 0; i < CONNECTIONS_LIMIT; i++) {
		struct connection *c = &h->connection[i];
		if (c->handle && h->now_ns - c->since_ns > REQUEST_NS)
			drop(c);
	}
}

/* --- open and close -----------------------------------------------------------------------------
 */

/* Reads a small file; NULL with the reason logged. */
static char *file_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : calloc(1, FILE_BYTES_MAX + 1);
	ssize_t got = text ? read(fd, text, FILE_BYTES_MAX) : -1;

	if (got <= 0) {
		log_say(LOG_LEVEL_ERROR, "metrics: %s: %s", path,
			got == 0 ? "empty" : strerror(errno));
		free(text);
		text = NULL;
	}
	if (fd >= 0)
		close(fd);
	return text;
}

static int read_token(struct http *h, const char *path)
{
	char *text = file_text(path);
	size_t length = text ? strcspn(text, "\r\n") : 0;
	int error = 0;

	if (!text)
		return -EINVAL;
	if (length < TOKEN_BYTES_MIN || length >= sizeof(h->token)) {
		log_say(LOG_LEVEL_ERROR, "metrics: %s: want a token of %d to %zu characters", path,
			TOKEN_BYTES_MIN, sizeof(h->token) - 1);
		error = -EINVAL;
	} else {
		memcpy(h->token, text, length);
	}
	free(text);
	return error;
}

static int read_files(struct http *h, const struct output_settings *o)
{
	if (o->metrics_token_file && read_token(h, o->metrics_token_file) < 0)
		return -EINVAL;
	if (!o->metrics_certificate)
		return 0;
	h->certificate = file_text(o->metrics_certificate);
	h->key = o->metrics_key ? file_text(o->metrics_key) : NULL;
	return h->certificate && h->key ? 0 : -EINVAL;
}

/* "127.0.0.1:9464", "[::1]:9464": numeric only, since names may resolve differently later. */
static int find_address(const char *listen, struct addrinfo **found)
{
	const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV | AI_NUMERICHOST,
		.ai_socktype = SOCK_STREAM};
	const char *port = strrchr(listen, ':');
	char host[128];
	size_t length = port ? (size_t)(port - listen) : 0;

	if (!port || length >= sizeof(host))
		return EAI_NONAME;
	memcpy(host, listen, length);
	host[length] = '\0';
	if (host[0] == '[' && length > 1 && host[length - 1] == ']') {
		host[length - 1] = '\0';
		memmove(host, host + 1, length - 1);
	}
	return getaddrinfo(
		strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, port + 1, &hints, found);
}

static struct MHD_Daemon *start(struct http *h, const struct addrinfo *at)
{
	unsigned flags = MHD_USE_EPOLL | (h->certificate ? MHD_USE_TLS : 0) |
			 (at->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0);
	struct MHD_OptionItem more[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, h->certificate},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, h->key},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
		{MHD_OPTION_END, 0, NULL},
	};

	if (!h->certificate)
		more[0] = more[3];
	return MHD_start_daemon(flags, 0, NULL, NULL, take_request, h, MHD_OPTION_SOCK_ADDR,
		at->ai_addr, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_LIMIT,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)REQUEST_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES,
		MHD_OPTION_NOTIFY_CONNECTION, watch_connection, h, MHD_OPTION_NOTIFY_COMPLETED,
		end_request, h, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}

static int listen_at(struct http *h, const char *listen)
{
	struct addrinfo *found = NULL;
	int error = find_address(listen, &found);

	if (error) {
		log_say(LOG_LEVEL_ERROR, "metrics: %s: %s; want an address and a port", listen,
			gai_strerror(error));
		return -EINVAL;
	}
	errno = 0;
	h->daemon = start(h, found);
	error = errno;
	freeaddrinfo(found);
	if (h->daemon)
		return 0;
	log_say(LOG_LEVEL_ERROR, "metrics: cannot listen at %s: %s", listen,
		error ? strerror(error) : "are certificate and key what they should be?");
	return error ? -error : -EINVAL;
}

int http_open(struct http **out, const struct output_settings *outputs,
	const struct metrics_source *source)
{
	struct http *h;
	int error;

	*out = NULL;
	if (!outputs->metrics_listen)
		return 0;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->source = source;
	error = read_files(h, outputs);
	if (error == 0)
		error = listen_at(h, outputs->metrics_listen);
	if (error < 0) {
		http_close(h);
		return error;
	}
	log_say(LOG_LEVEL_INFO, "metrics at %s://%s/metrics", h->certificate ? "https" : "http",
		outputs->metrics_listen);
	*out = h;
	return 0;
}

void http_run(struct http *h, uint64_t now_ns)
{
	if (!h)
		return;
	h->now_ns = now_ns;
	drop_the_late(h);
	MHD_run(h->daemon);
}

void http_close(struct http *h)
{
	if (!h)
		return;
	if (h->daemon)
		MHD_stop_daemon(h->daemon);
	explicit_bzero(h->token, sizeof(h->token));
	if (h->key)
		explicit_bzero(h->key, strlen(h->key));
	free(h->key);
	free(h->certificate);
	free(h);
}
