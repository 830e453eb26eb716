#include "record.h"

#include <string.h>

#include "core/decode/decoded.h"
#include "core/hash.h"
#include "inventory.h"

void record_history(const struct record *r, char text[HISTORY_BYTES])
{
#define HISTORY_TEXT(name, text) text,
	static const char letter[] = {HISTORY_LIST(HISTORY_TEXT)};
#undef HISTORY_TEXT
	unsigned n = 0;

	if (r->corrected)
		text[n++] = '^';
	for (unsigned i = 0; i < r->history_length; i++) {
		unsigned nibble = (unsigned)(r->history >> (4 * i)) & 15;
		char c = letter[nibble & 7];
		text[n++] = nibble & 8 ? (char)(c | 0x20) : c;
	}
	text[n] = '\0';
}

static uint64_t be64(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return __builtin_bswap64(x);
}

/* A product for each end and each pair of totals, none of which waits for another. */
uint64_t record_digest(const struct record *r)
{
	uint64_t h = (uint64_t)r->port[0] << 48 | (uint64_t)r->port[1] << 32 |
		     (uint64_t)r->protocol << 16 | (uint64_t)r->version << 8 | r->verdict;
	uint64_t source = hash_mix(be64(r->address[0].byte), be64(r->address[0].byte + 8));
	uint64_t destination = hash_mix(be64(r->address[1].byte), be64(r->address[1].byte + 8));
	uint64_t sent = hash_mix(r->packets[0], r->bytes[0]),
		 received = hash_mix(r->packets[1], r->bytes[1]);

	return hash_mix(hash_mix(h ^ source, destination), hash_mix(sent, received ^ MIX_SEED));
}

unsigned record_judged_end(const struct record *r)
{
	if (r->appliance[0] != APPLIANCE_NONE && r->end_verdict[0] == r->verdict)
		return 0;
	if (r->appliance[1] != APPLIANCE_NONE && r->end_verdict[1] == r->verdict)
		return 1;
	return r->appliance[0] != APPLIANCE_NONE ? 0 : 1;
}
