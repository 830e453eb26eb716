#include "serve/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file_place.h"
#include "serve/control_protocol.h"

#define CLIENTS_MAX 16
#define BACKLOG 16
#define UNREAD_MAX (256u << 10)
#define OUTPUT_MAX (4u << 20) /* one item, however long, still fits */

/* Time for long answers in one poll. */
#define SLICE_NS 5000000ull
#define SECOND_NS 1000000000ull

/* Timeouts: incomplete request, idle between requests, answer that is not read. */
#define REQUEST_NS (10 * SECOND_NS)
#define IDLE_NS (120 * SECOND_NS)
#define READING_NS (30 * SECOND_NS)

/* Who has neither read nor asked for so long gives way to a new client. */
#define STALLED_NS SECOND_NS

struct control_client {
	int fd; /* -1: free slot */
	bool may_change;
	bool is_answering; /* a request is being answered */
	bool goes_on;	   /* its answer is made in slices */
	bool is_closing;   /* close once all is sent */
	bool has_ended;	   /* it has shut down its writing side */
	uint64_t deadline_ns;
	uint64_t read_ns; /* when it last read from an answer, or asked */
	void *user_data;
	char in[CONTROL_REQUEST_BYTES];
	size_t in_bytes;
	char *out;
	size_t out_bytes, out_sent, out_capacity;
};

struct control_socket {
	int fd;
	struct file_place place;
	bool is_bound;
	struct control_handlers handlers;
	uint64_t now_ns;
	unsigned turn; /* client that got a slice last */
	struct control_client client[CLIENTS_MAX];
};

/* --- output ----------------------------------------------------------------------------- */

/* Moves what is not sent yet to the front, then grows. */
static bool make_room(struct control_client *c, size_t bytes)
{
	size_t room = c->out_capacity ? c->out_capacity : 4096;
	char *out;

	if (c->out_sent > 0) {
		memmove(c->out, c->out + c->out_sent, c->out_bytes - c->out_sent);
		c->out_bytes -= c->out_sent;
		c->out_sent = 0;
	}
	while (room < c->out_bytes + bytes)
		room *= 2;
	if (room == c->out_capacity)
		return true;
	if (room > OUTPUT_MAX)
		return false;
	out = realloc(c->out, room);
	if (!out)
		return false;
	c->out = out;
	c->out_capacity = room;
	return true;
}

static bool put_text(struct control_client *c, const char *json, size_t bytes)
{
	if (!json || (c->out_bytes + bytes + 1 > c->out_capacity && !make_room(c, bytes + 1)))
		return false;
	memcpy(c->out + c->out_bytes, json, bytes);
	c->out[c->out_bytes + bytes] = '\n';
	c->out_bytes += bytes + 1;
	return true;
}

static bool put_line(struct control_client *c, json_t *document)
{
	char *text = document ? json_dumps(document, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	bool put = put_text(c, text, text ? strlen(text) : 0);

	free(text);
	json_decref(document);
	return put;
}

bool control_has_room(const struct control_client *c)
{
	return c->out_bytes - c->out_sent <= UNREAD_MAX;
}

void control_goes_on(struct control_client *c)
{
	c->goes_on = true;
}

bool control_item(struct control_client *c, json_t *item)
{
	if (control_has_room(c))
		return put_line(c, item);
	json_decref(item);
	return false;
}

bool control_item_text(struct control_client *c, const char *json, size_t length)
{
	return control_has_room(c) && put_text(c, json, length);
}

static void end_answer(struct control_client *c, json_t *last)
{
	c->is_answering = false;
	c->goes_on = false;
	if (!put_line(c, last))
		c->is_closing = true; /* the answer cannot be completed */
}

void control_done(struct control_client *c, json_t *result)
{
	if (!result) {
		control_refuse(c, "no more memory for the answer");
		return;
	}
	end_answer(c, json_pack("{s:i, s:b, s:o}", "protocol", CONTROL_PROTOCOL, "done", 1,
			      "result", result));
}

/* A text cut within a UTF-8 character is not valid JSON. */
static void make_ascii(char *text)
{
	json_t *whole = json_string(text);

	for (; !whole && *text; text++)
		if ((unsigned char)*text > 0x7e)
			*text = '?';
	json_decref(whole);
}

void control_refuse(struct control_client *c, const char *format, ...)
{
	char text[4096];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	make_ascii(text);
	end_answer(c, json_pack("{s:i, s:b, s:s}", "protocol", CONTROL_PROTOCOL, "done", 0, "error",
			      text));
}

bool control_may_change(const struct control_client *c)
{
	return c->may_change;
}

void *control_user_data(const struct control_client *c)
{
	return c->user_data;
}

void control_set_user_data(struct control_client *c, void *user_data)
{
	c->user_data = user_data;
}

static void close_client(struct control_socket *s, struct control_client *c)
{
	s->handlers.closed(s->handlers.context, c);
	close(c->fd);
	free(c->out);
	*c = (struct control_client){.fd = -1};
}

/* --- input ------------------------------------------------------------------------------ */

static void take_request(struct control_socket *s, struct control_client *c, const char *line)
{
	json_error_t error;
	json_t *question = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	json_t *arguments = json_object_get(question, "arguments"), *none = json_object();
	const char *command = json_string_value(json_object_get(question, "command"));

	c->is_answering = true;
	c->read_ns = s->now_ns;
	if (!question && error.text[0] == '\0') /* jansson has no words for it */
		control_refuse(c, "no more memory for the question");
	else if (!json_is_object(question))
		control_refuse(c, "not a JSON object: %s", question ? "" : error.text);
	else if (json_integer_value(json_object_get(question, "protocol")) != CONTROL_PROTOCOL)
		control_refuse(c, "protocol: want %d", CONTROL_PROTOCOL);
	else if (!command || (arguments && !json_is_object(arguments)))
		control_refuse(c, "want a command, a text, and arguments, an object or none");
	else
		s->handlers.ask(s->handlers.context, c, command, arguments ? arguments : none);
	json_decref(question);
	json_decref(none);
}

/* A complete line is a request; it waits while another one is being answered or its answer is
 * unread. */
static void take_lines(struct control_socket *s, struct control_client *c)
{
	char *end;

	while (!c->is_answering && !c->is_closing && c->out_bytes == 0 &&
		(end = memchr(c->in, '\n', c->in_bytes))) {
		size_t used = (size_t)(end - c->in) + 1;
		*end = '\0';
		take_request(s, c, c->in);
		memmove(c->in, c->in + used, c->in_bytes - used);
		c->in_bytes -= used;
		c->deadline_ns = s->now_ns + READING_NS;
	}
	if (!c->is_answering && !c->is_closing && c->in_bytes == sizeof(c->in)) {
		control_refuse(c, "a question has at most %d bytes", CONTROL_REQUEST_BYTES);
		c->is_closing = true;
	}
}

/* False: the connection is lost. */
static bool receive(struct control_socket *s, struct control_client *c)
{
	ssize_t got;

	if (c->in_bytes == sizeof(c->in) || c->is_closing)
		return true;
	got = recv(c->fd, c->in + c->in_bytes, sizeof(c->in) - c->in_bytes, 0);
	if (got == 0) {
		c->has_ended = true; /* the client may still read */
		return c->is_answering || c->out_bytes > 0;
	}
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (c->in_bytes == 0)
		c->deadline_ns = s->now_ns + REQUEST_NS;
	c->in_bytes += (size_t)got;
	return true;
}

static bool transmit(struct control_socket *s, struct control_client *c)
{
	ssize_t sent = send(c->fd, c->out + c->out_sent, c->out_bytes - c->out_sent, MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	c->out_sent += (size_t)sent;
	c->read_ns = s->now_ns;
	c->deadline_ns = s->now_ns + READING_NS;
	if (c->out_sent < c->out_bytes)
		return true;
	free(c->out);
	c->out = NULL;
	c->out_bytes = c->out_sent = c->out_capacity = 0;
	c->deadline_ns = s->now_ns + IDLE_NS;
	return !c->is_closing;
}

/* --- new clients ------------------------------------------------------------------------ */

static struct control_client *free_slot(struct control_socket *s)
{
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		if (s->client[i].fd < 0)
			return &s->client[i];
	return NULL;
}

static bool is_trusted(int fd)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid();
}

/* The client that has neither read from a long answer nor (`or_idle`) asked anything for the
 * longest time, at least `stalled_ns`; NULL: none. */
static struct control_client *slowest_of(
	struct control_socket *s, uint64_t stalled_ns, bool or_idle)
{
	struct control_client *slowest = NULL;

	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		struct control_client *c = &s->client[i];
		bool may_go = c->fd >= 0 && (c->goes_on || (or_idle && !c->is_answering));
		if (may_go && c->read_ns + stalled_ns <= s->now_ns &&
			(!slowest || c->read_ns < slowest->read_ns))
			slowest = c;
	}
	return slowest;
}

/* A free slot, or that of a client who stalls. */
static struct control_client *slot_for_new(struct control_socket *s)
{
	struct control_client *c = free_slot(s);

	if (c)
		return c;
	c = slowest_of(s, STALLED_NS, true);
	if (c)
		close_client(s, c);
	return c;
}

static void add_client(struct control_socket *s, int fd)
{
	static const char full[] = "{\"protocol\":1,\"done\":false,\"error\":\"too many ask at the "
				   "same time; try again\"}\n";
	struct control_client *c = slot_for_new(s);

	if (!c) {
		char unread[4096];
		(void)!send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		/* With bytes unread, closing would take the answer back (ECONNRESET). */
		(void)!recv(fd, unread, sizeof(unread), MSG_DONTWAIT);
		close(fd);
		return;
	}
	*c = (struct control_client){.fd = fd,
		.may_change = is_trusted(fd),
		.deadline_ns = s->now_ns + REQUEST_NS,
		.read_ns = s->now_ns};
}

static void accept_all(struct control_socket *s)
{
	int fd;

	while ((fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		add_client(s, fd);
}

/* --- poll ------------------------------------------------------------------------------- */

static short wanted(const struct control_client *c)
{
	bool listens =
		c->in_bytes < sizeof(c->in) && !c->is_answering && !c->is_closing && !c->has_ended;

	return (short)((listens ? POLLIN : 0) | (c->out_bytes > c->out_sent ? POLLOUT : 0));
}

/* While its answer is pending, a client's disconnect shows only as POLLERR or POLLHUP. */
static bool serve(struct control_socket *s, struct control_client *c, short events)
{
	if (events & (POLLERR | POLLNVAL))
		return false;
	if (events & POLLHUP && c->out_bytes == 0)
		return false;
	if (events & POLLIN && !receive(s, c))
		return false;
	if (events & POLLOUT && !transmit(s, c))
		return false;
	take_lines(s, c);
	return c->is_answering || c->out_bytes > 0 || !(c->is_closing || c->has_ended);
}

static bool is_late(const struct control_socket *s, const struct control_client *c)
{
	return s->now_ns > c->deadline_ns && (!c->is_answering || c->out_bytes > c->out_sent);
}

/* --- long answers ----------------------------------------------------------------------- */

static bool wants_more(const struct control_client *c)
{
	return c->fd >= 0 && c->goes_on && control_has_room(c);
}

static bool is_anything_wanted(const struct control_socket *s)
{
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		if (wants_more(&s->client[i]))
			return true;
	return false;
}

/* A slice for each client in turn, as long as there is time. */
static void continue_answers(struct control_socket *s)
{
	uint64_t until_ns = clock_steady_ns() + SLICE_NS;

	while (is_anything_wanted(s))
		for (unsigned i = 0; i < CLIENTS_MAX; i++) {
			s->turn = (s->turn + 1) % CLIENTS_MAX;
			if (wants_more(&s->client[s->turn]))
				s->handlers.more(s->handlers.context, &s->client[s->turn]);
			if (clock_steady_ns() >= until_ns)
				return;
		}
}

bool control_drop_slowest(struct control_socket *s, uint64_t stalled_ns)
{
	struct control_client *slowest = slowest_of(s, stalled_ns, false);

	if (slowest)
		close_client(s, slowest);
	return slowest;
}

void control_socket_poll(struct control_socket *s, int wait_ms, uint64_t now_ns)
{
	struct pollfd poll_fd[CLIENTS_MAX + 1] = {{.fd = s->fd, .events = POLLIN}};

	s->now_ns = now_ns;
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		poll_fd[i + 1] =
			(struct pollfd){.fd = s->client[i].fd, .events = wanted(&s->client[i])};
	if (poll(poll_fd, CLIENTS_MAX + 1, is_anything_wanted(s) ? 0 : wait_ms) < 0)
		return;
	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		struct control_client *c = &s->client[i];
		if (c->fd >= 0 && (!serve(s, c, poll_fd[i + 1].revents) || is_late(s, c)))
			close_client(s, c);
	}
	if (poll_fd[0].revents & POLLIN)
		accept_all(s);
	continue_answers(s);
}

/* --- open and close ------------------------------------------------------------------------- */

/* A place in a folder that is held open: nobody moves it in between. */
static int address_of(const struct file_place *p, struct sockaddr_un *at)
{
	int n = snprintf(
		at->sun_path, sizeof(at->sun_path), "/proc/self/fd/%d/%s", p->folder, p->name);

	at->sun_family = AF_UNIX;
	return n < 0 || (size_t)n >= sizeof(at->sun_path) ? -ENAMETOOLONG : 0;
}

static bool is_listening(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool listens = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0;

	if (fd >= 0)
		close(fd);
	return listens;
}

/* Removes only an unused socket, no other kind of file. */
static int remove_unused(const struct file_place *p, const struct sockaddr_un *at)
{
	if (!p->exists)
		return 0;
	if (!p->is_socket)
		return -EEXIST;
	if (is_listening(at))
		return -EADDRINUSE;
	return unlinkat(p->folder, p->name, 0) < 0 ? -errno : 0;
}

/* Only who has the group can give the socket to it; by a link of that name nothing is changed. */
static int give_to(const struct file_place *p, const char *name)
{
	const struct group *group = name ? getgrnam(name) : NULL;

	if (!name)
		return 0;
	if (!group)
		return -ENOENT;
	return fchownat(p->folder, p->name, (uid_t)-1, group->gr_gid, AT_SYMLINK_NOFOLLOW) < 0
		       ? -errno
		       : 0;
}

/* Its mode is 0660 from the first moment on. */
static int bind_to(struct control_socket *s, const struct sockaddr_un *at, const char *group)
{
	mode_t mask = umask(0117);
	int error = bind(s->fd, (const struct sockaddr *)at, sizeof(*at)) < 0 ? -errno : 0;

	umask(mask);
	s->is_bound = error == 0;
	return error < 0 ? error : give_to(&s->place, group);
}

static int listen_at(struct control_socket *s, const struct control_address *address)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int error = file_place_find(&s->place, address->path);

	if (error == 0)
		error = address_of(&s->place, &at);
	if (error == 0 && geteuid() == 0 && file_place_is_shared(&s->place))
		error = -EPERM;
	if (error == 0)
		error = remove_unused(&s->place, &at);
	if (error < 0)
		return error;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return -errno;
	error = bind_to(s, &at, address->group);
	if (error < 0)
		return error;
	return listen(s->fd, BACKLOG) < 0 ? -errno : 0;
}

int control_socket_open(struct control_socket **out, const struct control_address *place,
	const struct control_handlers *handlers)
{
	struct control_socket *s = calloc(1, sizeof(*s));
	int error;

	if (!s)
		return -ENOMEM;
	s->fd = -1;
	s->place.folder = -1;
	s->handlers = *handlers;
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		s->client[i].fd = -1;
	error = listen_at(s, place);
	if (error < 0) {
		control_socket_close(s);
		return error;
	}
	*out = s;
	return 0;
}

void control_socket_close(struct control_socket *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		if (s->client[i].fd >= 0)
			close_client(s, &s->client[i]);
	if (s->fd >= 0)
		close(s->fd);
	if (s->is_bound)
		unlinkat(s->place.folder, s->place.name, 0);
	file_place_fini(&s->place);
	free(s);
}
