/* Any bytes as what one side says first, to the validator that VALIDATE names: no read beyond
 * them, and NO is definite: what is a message has no beginning that was refused. The first byte
 * chooses transport and side, the second how much of it came before.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/protocol/validator.h"
#include "core/service/reassembly.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum match read_it(const uint8_t *data, uint32_t length, uint32_t whole, uint8_t choice)
{
	uint8_t *copy = malloc(length ? length : 1);
	struct message u = {.bytes = copy,
		.length = length,
		.size = choice & 1 ? whole : 0,
		.transport = choice & 1 ? TRANSPORT_UDP : TRANSPORT_TCP,
		.side = (uint8_t)((choice >> 1) % SIDE_COUNT)};
	struct message_info m;
	enum match reading;

	if (!copy)
		abort();
	memcpy(copy, data, length);
	message_info_init(&m);
	reading = VALIDATE(&u, &m);
	if (m.facts.length[0] + m.facts.length[1] > FACTS_TEXT_BYTES)
		abort();
	for (unsigned i = 0; i < (unsigned)m.facts.length[0] + m.facts.length[1]; i++)
		if (m.facts.text[i] < 0x20 || m.facts.text[i] > 0x7e)
			abort();
	free(copy);
	return reading;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t length, part;

	if (size < 3)
		return 0;
	length = size - 2 < PREFIX_BYTES ? (uint32_t)(size - 2) : PREFIX_BYTES;
	part = data[1] * length / 256;
	if (read_it(data + 2, length, (uint32_t)(size - 2), data[0]) == MATCH_YES && part > 0 &&
		read_it(data + 2, part, (uint32_t)(size - 2), data[0]) == MATCH_NO)
		abort();
	return 0;
}
