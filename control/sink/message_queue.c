#include "sink/message_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct message *message_new(char *json)
{
	struct message *p = json ? malloc(sizeof(*p)) : NULL;

	if (!p) {
		free(json);
		return NULL;
	}
	atomic_init(&p->holders, 1);
	p->json = json;
	p->length = strlen(json);
	return p;
}

struct message *message_hold(struct message *p)
{
	atomic_fetch_add(&p->holders, 1);
	return p;
}

void message_drop(struct message *p)
{
	if (!p || atomic_fetch_sub(&p->holders, 1) > 1)
		return;
	free(p->json);
	free(p);
}

int message_queue_init(struct message_queue *b)
{
	*b = (struct message_queue){.ring = calloc(QUEUE_MESSAGES_MAX, sizeof(struct message *))};
	return b->ring ? 0 : -ENOMEM;
}

bool message_queue_add(struct message_queue *b, struct message *p)
{
	if (b->count == QUEUE_MESSAGES_MAX || p->length > QUEUE_BYTES_MAX - b->bytes)
		return false;
	b->ring[(b->first + b->count) % QUEUE_MESSAGES_MAX] = message_hold(p);
	b->count++;
	b->bytes += p->length;
	return true;
}

struct message *message_queue_first(const struct message_queue *b)
{
	return b->count ? b->ring[b->first] : NULL;
}

void message_queue_remove_first(struct message_queue *b)
{
	struct message *p = b->ring[b->first];

	b->first = (b->first + 1) % QUEUE_MESSAGES_MAX;
	b->count--;
	b->bytes -= p->length;
	message_drop(p);
}

void message_queue_fini(struct message_queue *b)
{
	while (b->count)
		message_queue_remove_first(b);
	free(b->ring);
	b->ring = NULL;
}
