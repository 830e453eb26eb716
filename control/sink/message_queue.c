#include "sink/message_queue.h"

#include <errno.h>
#include <stdlib.h>

#include "record/event.h"

int message_queue_init(struct message_queue *b)
{
	*b = (struct message_queue){.ring = calloc(QUEUE_MESSAGES_MAX, sizeof(struct event *))};
	return b->ring ? 0 : -ENOMEM;
}

bool message_queue_add(struct message_queue *b, struct event *v)
{
	if (b->count == QUEUE_MESSAGES_MAX || v->json_bytes > QUEUE_BYTES_MAX - b->bytes)
		return false;
	b->ring[(b->first + b->count) % QUEUE_MESSAGES_MAX] = event_hold(v);
	b->count++;
	b->bytes += v->json_bytes;
	return true;
}

struct event *message_queue_first(const struct message_queue *b)
{
	return b->count ? b->ring[b->first] : NULL;
}

void message_queue_remove_first(struct message_queue *b)
{
	struct event *v = b->ring[b->first];

	b->first = (b->first + 1) % QUEUE_MESSAGES_MAX;
	b->count--;
	b->bytes -= v->json_bytes;
	event_drop(v);
}

void message_queue_fini(struct message_queue *b)
{
	while (b->count)
		message_queue_remove_first(b);
	free(b->ring);
	b->ring = NULL;
}
