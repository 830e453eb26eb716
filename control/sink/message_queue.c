#include "sink/message_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct parcel *parcel_new(char *json)
{
	struct parcel *p = json ? malloc(sizeof(*p)) : NULL;

	if (!p) {
		free(json);
		return NULL;
	}
	atomic_init(&p->holders, 1);
	p->json = json;
	p->length = strlen(json);
	return p;
}

struct parcel *parcel_hold(struct parcel *p)
{
	atomic_fetch_add(&p->holders, 1);
	return p;
}

void parcel_drop(struct parcel *p)
{
	if (!p || atomic_fetch_sub(&p->holders, 1) > 1)
		return;
	free(p->json);
	free(p);
}

int backlog_init(struct backlog *b)
{
	*b = (struct backlog){.ring = calloc(BACKLOG_DOCUMENTS, sizeof(struct parcel *))};
	return b->ring ? 0 : -ENOMEM;
}

bool backlog_add(struct backlog *b, struct parcel *p)
{
	if (b->count == BACKLOG_DOCUMENTS || p->length > BACKLOG_BYTES - b->bytes)
		return false;
	b->ring[(b->first + b->count) % BACKLOG_DOCUMENTS] = parcel_hold(p);
	b->count++;
	b->bytes += p->length;
	return true;
}

struct parcel *backlog_first(const struct backlog *b)
{
	return b->count ? b->ring[b->first] : NULL;
}

void backlog_remove_first(struct backlog *b)
{
	struct parcel *p = b->ring[b->first];

	b->first = (b->first + 1) % BACKLOG_DOCUMENTS;
	b->count--;
	b->bytes -= p->length;
	parcel_drop(p);
}

void backlog_fini(struct backlog *b)
{
	while (b->count)
		backlog_remove_first(b);
	free(b->ring);
	b->ring = NULL;
}
