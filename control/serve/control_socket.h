/* The control socket: who is connected, what they ask, what they are still to be sent.
 *
 * Never waits for anybody: a client that sends half a question, garbage or nothing, or that reads
 * nothing, costs a bounded buffer until its time is over. Knows lines and JSON; what an answer says
 * is the business of whoever gave the handler. Control's thread.
 */
#ifndef PORTOLAN_CONTROL_SOCKET_H
#define PORTOLAN_CONTROL_SOCKET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control_client;
struct control_socket;

/* A question with a command: answer it now or later, with control_done() or control_refuse() as the
 * last thing. The arguments (an object, perhaps empty) are lent. */
typedef void control_handler(
	void *context, struct control_client *, const char *command, const json_t *arguments);

/* A client that is gone before it was answered. */
typedef void control_goodbye(void *context, struct control_client *);

struct control_handlers {
	control_handler *ask;
	control_goodbye *closed;
	void *context;
};

/* Listens at `path`. It belongs to `owner`, whose group may connect, or `group` instead; either may
 * be NULL: whoever runs this. 0 or a negative errno: -EADDRINUSE where somebody listens there
 * already, -ENOENT also of an owner or a group. A socket that nobody listens at is replaced. */
struct control_place {
	const char *path, *owner, *group;
};

int control_socket_open(
	struct control_socket **, const struct control_place *, const struct control_handlers *);

/* Looks at everything that has come in or can go out, waiting so long for the first; also does what
 * is due by the clock. */
void control_socket_poll(struct control_socket *, int wait_ms, uint64_t now_ns);

/* Closes all, and removes the socket. */
void control_socket_close(struct control_socket *);

/* Whether this client may change something: root, or the sensor's own user. */
bool control_may_change(const struct control_client *);

/* What belongs to the client's question, or NULL; whoever sets it frees it, at the latest in
 * `bye`. */
void *control_user_data(const struct control_client *);
void control_set_user_data(struct control_client *, void *);

/* Parts of an answer; documents are taken over. An item is false where the client already has more
 * to read than is kept for it. */
bool control_item(struct control_client *, json_t *item);
/* The same of an item that is a text already; NULL: there was no memory for it. */
bool control_item_text(struct control_client *, const char *json, size_t length);
void control_done(struct control_client *, json_t *result);
void control_refuse(struct control_client *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
