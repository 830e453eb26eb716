/* BitTorrent: BEP 3 (handshake), BEP 5 (distributed hash table), BEP 15 (trackers over UDP). */
#include "core/protocol/text_line.h"

static const char *const table[] = {"d1:ad2:id20:", "d1:rd2:id20:", "d1:eli20", NULL};
#define TRACKER_CONNECT 16

static const uint8_t tracker[] = {0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0};

static int is_all(const struct utterance *u)
{
	return u->size == u->length;
}

/* A connect request: the magic number, an action, a transaction, and nothing else. */
static enum reading read_tracker(const struct utterance *u)
{
	if (u->size == 0 || !is_all(u))
		return READING_MORE;
	return u->size == TRACKER_CONNECT ? READING_YES : READING_NO;
}

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
		return read_tracker(u);
	r = begins_with_any(u->bytes, u->length, table, &word);
	return r == READING_MORE && is_all(u) ? READING_NO : r;
}
