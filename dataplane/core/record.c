#include "record.h"

#include "mix.h"
#include "view.h"

void record_history(const struct record *r, char text[HISTORY_BYTES])
{
#define LETTER_TEXT(name, text) text,
	static const char letter[] = {LETTER_LIST(LETTER_TEXT)};
#undef LETTER_TEXT
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
	uint64_t x = 0;

	for (unsigned i = 0; i < 8; i++)
		x = x << 8 | p[i];
	return x;
}

uint64_t record_digest(const struct record *r)
{
	uint64_t h = (uint64_t)r->port[0] << 48 | (uint64_t)r->port[1] << 32 |
		     (uint64_t)r->protocol << 16 | (uint64_t)r->version << 8 | r->verdict;

	for (unsigned i = 0; i < 2; i++) {
		h = mix(h, be64(r->address[i].byte));
		h = mix(h, be64(r->address[i].byte + 8));
		h = mix(h, r->packets[i]);
		h = mix(h, r->bytes[i]);
	}
	return h;
}
