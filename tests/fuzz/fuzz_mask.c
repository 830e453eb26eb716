/* A conversation in pieces, masked: every byte stays what it was or becomes an X. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/mask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PIECE_MAX = 512 };

static void check(const uint8_t *before, const uint8_t *after, size_t bytes, uint32_t found)
{
	for (size_t i = 0; i < bytes; i++)
		if (after[i] != before[i] && (after[i] != 'X' || !found))
			abort();
}

/* In memory of exactly its size, so that one byte behind it is seen. */
static void mask_piece(const struct mask_context *c, const uint8_t *piece, size_t bytes)
{
	uint8_t *payload = malloc(bytes ? bytes : 1);
	char text[MASK_TEXT_BYTES];
	uint32_t found;

	if (!payload)
		return;
	memcpy(payload, piece, bytes);
	found = mask_payload(c, payload, bytes);
	check(piece, payload, bytes, found);
	mask_describe(found, text);
	free(payload);
}

/* Of each piece: who sends it, whether it comes in order, and its length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t port[] = {23, 25, 80, 161, 389, 1812, 4444, 513};
	struct mask_state state = {.is_terminal = false};
	uint32_t sequence[2] = {1, 1};
	size_t at = 1;

	while (size > 0 && at + 2 <= size) {
		unsigned sender = data[at] & 1;
		size_t bytes = (size_t)data[at + 1] + (data[at] & 2 ? 256 : 0);
		struct mask_context c = {.state = data[0] & 8 ? &state : NULL,
			.sender = sender,
			.sender_port = sender ? port[data[0] & 7] : 50000,
			.receiver_port = sender ? 50000 : port[data[0] & 7],
			.is_stream = (data[0] & 16) != 0,
			.sequence = sequence[sender] + (data[at] >> 6)};

		at += 2;
		bytes = bytes < size - at ? bytes : size - at;
		mask_piece(&c, data + at, bytes);
		sequence[sender] = c.sequence + (uint32_t)bytes;
		at += bytes;
	}
	return 0;
}
