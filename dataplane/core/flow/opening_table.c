#include "core/flow/opening_table.h"

static size_t rounded(size_t bytes)
{
	return (bytes + 63) & ~(size_t)63;
}

size_t opening_table_size(void)
{
	return rounded(OPENINGS * sizeof(uint32_t)) +
	       rounded(OPENINGS * sizeof(struct channel_opening)) +
	       rounded(OPENING_ROOMS * sizeof(struct opening_room)) +
	       rounded(OPENING_NOTES * sizeof(struct opening_note));
}

void opening_table_init(struct opening_table *t, void *memory)
{
	uint8_t *at = memory;

	t->flow = (uint32_t *)at;
	at += rounded(OPENINGS * sizeof(uint32_t));
	t->opening = (struct channel_opening *)at;
	at += rounded(OPENINGS * sizeof(struct channel_opening));
	t->room = (struct opening_room *)at;
	at += rounded(OPENING_ROOMS * sizeof(struct opening_room));
	t->note = (struct opening_note *)at;
	t->room_free = t->told = t->told_last = OPENING_NOWHERE;
	t->room_fresh = 0;
	t->used = 0;
}

static uint32_t place_of(uint32_t flow, uint32_t step)
{
	return ((flow * 0x9e3779b1u >> 16) + step) % OPENINGS;
}

struct channel_opening *opening_find(const struct opening_table *t, uint32_t flow)
{
	for (uint32_t step = 0; step < OPENING_WINDOW; step++) {
		uint32_t place = place_of(flow, step);
		if (t->flow[place] == flow)
			return &t->opening[place];
	}
	return NULL;
}

struct channel_opening *opening_add(struct opening_table *t, uint32_t flow)
{
	for (uint32_t step = 0; step < OPENING_WINDOW; step++) {
		uint32_t place = place_of(flow, step);
		if (t->flow[place])
			continue;
		t->flow[place] = flow;
		t->used++;
		t->opening[place] = (struct channel_opening){.packets = 0};
		return &t->opening[place];
	}
	return NULL;
}

void opening_remove(struct opening_table *t, struct channel_opening *o)
{
	t->flow[o - t->opening] = 0;
	t->used--;
}

uint16_t opening_room_take(struct opening_table *t)
{
	uint16_t room = t->room_free;

	if (room != OPENING_NOWHERE) {
		t->room_free = t->room[room].next;
		return room;
	}
	return t->room_fresh < OPENING_ROOMS ? t->room_fresh++ : OPENING_NOWHERE;
}

void opening_room_give(struct opening_table *t, uint16_t room)
{
	t->room[room].next = t->room_free;
	t->room_free = room;
}
