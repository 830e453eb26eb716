/* BitTorrent: BEP 3 (handshake), BEP 5 (distributed hash table), BEP 15 (trackers over UDP). */
#include "words.h"

static const char *const table[] = {"d1:ad2:id20:", "d1:rd2:id20:", "d1:eli20", NULL};
static const uint8_t tracker[] = {0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0};

enum reading validate_bittorrent(const struct utterance *u, struct meaning *m)
{
	static const char handshake[] = "\x13"
					"BitTorrent protocol";
	size_t word, n = u->length < sizeof(tracker) ? u->length : sizeof(tracker);
	enum reading r;

	(void)m;
	r = begins_with(u->bytes, u->length, handshake);
	if (r != READING_NO || u->transport == TRANSPORT_TCP)
		return r;
	if (memcmp(u->bytes, tracker, n) == 0)
		return n < sizeof(tracker) ? READING_NO : u->size == 16 ? READING_YES : READING_NO;
	r = begins_with_any(u->bytes, u->length, table, &word);
	return r == READING_MORE && u->size == u->length ? READING_NO : r;
}
