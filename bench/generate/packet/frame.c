#include "packet/frame.h"

#include <assert.h>
#include <string.h>

bool frame_start(struct frame *f, const void *payload, size_t length)
{
	if (length > FRAME_PAYLOAD_MAX)
		return false;
	f->head = f->room + FRAME_HEADROOM;
	f->length = length;
	f->ethertype = 0;
	f->sequence = NULL;
	if (length)
		memcpy(f->head, payload, length);
	return true;
}

uint8_t *frame_prepend(struct frame *f, size_t count)
{
	assert(count <= (size_t)(f->head - f->room));
	f->head -= count;
	f->length += count;
	return memset(f->head, 0, count);
}

void frame_pad(struct frame *f, size_t length)
{
	if (f->length >= length)
		return;
	memset(f->head + f->length, 0, length - f->length);
	f->length = length;
}
