/* The control socket: its clients, their requests and pending output.
 *
 * Never blocks: a client that sends half a request, garbage or nothing, or that reads nothing,
 * costs a bounded buffer until its timeout. Long answers are made in slices, a few milliseconds at
 * a time for all clients together, as they are read. Knows lines and JSON; the answers come from
 * the handler. Used on the control thread only.
 */
#ifndef PORTOLAN_CONTROL_SOCKET_H
#define PORTOLAN_CONTROL_SOCKET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control_client;
struct control_socket;

/* Handles a request: answers now or later, ending with control_done() or control_refuse().
 * `arguments` (an object, possibly empty) is lent. */
typedef void control_handler(
	void *context, struct control_client *, const char *command, const json_t *arguments);

/* Adds some more items to an answer that goes on (control_goes_on()), or ends it. Called while the
 * client's buffer has room, and between the sensor's other work. */
typedef void control_continue(void *context, struct control_client *);

/* Called when a client disconnects before it was answered. */
typedef void control_closed(void *context, struct control_client *);

struct control_handlers {
	control_handler *ask;
	control_continue *more;
	control_closed *closed;
	void *context;
};

/* Listens at `path`. The socket is made by the user who acts at the moment, and its group, or
 * `group` if given (NULL: the user's own), may connect. 0 or a negative errno: -EADDRINUSE if
 * another process listens there, -ENOENT also for an unknown group, -EPERM if the user may not give
 * it the group, or if root would make it in a folder of another user. An unused socket file is
 * replaced. */
struct control_address {
	const char *path, *group;
};

int control_socket_open(
	struct control_socket **, const struct control_address *, const struct control_handlers *);

/* Processes input, output, new clients and timeouts; waits at most `wait_ms` for an event. */
void control_socket_poll(struct control_socket *, int wait_ms, uint64_t now_ns);

/* Closes all connections and removes the socket. */
void control_socket_close(struct control_socket *);

/* Whether this client may change state: root, or the sensor's user. */
bool control_may_change(const struct control_client *);

/* Data of the handler for the client's request, or NULL; the handler frees it, at the latest in
 * `closed`. */
void *control_user_data(const struct control_client *);
void control_set_user_data(struct control_client *, void *);

/* Parts of an answer; takes ownership of documents. control_item() returns false if the client's
 * output buffer is full, or there is no memory. */
bool control_item(struct control_client *, json_t *item);
/* The same for an item that is rendered already; NULL: rendering failed. */
bool control_item_text(struct control_client *, const char *json, size_t length);
void control_done(struct control_client *, json_t *result);
void control_refuse(struct control_client *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The answer is long: `more` is called for it until it is done. An item is added then where there
 * is room for it. */
void control_goes_on(struct control_client *);
bool control_has_room(const struct control_client *);

/* Drops the client that has not read from a long answer for the longest time, at least
 * `stalled_ns`. False: there is none. */
bool control_drop_slowest(struct control_socket *, uint64_t stalled_ns);

#endif
