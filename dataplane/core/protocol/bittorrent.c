/* BitTorrent: BEP 3 (handshake), BEP 5 (distributed hash table), BEP 15 (trackers over UDP). */
#include "core/protocol/text_line.h"

static const char *const table[] = {"d1:ad2:id20:", "d1:rd2:id20:", "d1:eli20", NULL};
#define TRACKER_CONNECT 16

static const uint8_t tracker[] = {0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0};

static int is_all(const struct message *u)
{
	return u->size == u->length;
}

/* A connect request: the magic number, an action, a transaction, and nothing else. */
static enum match read_tracker(const struct message *u)
{
	if (u->size == 0 || u->length < sizeof(tracker))
		return MATCH_MORE;
	return u->size == TRACKER_CONNECT ? MATCH_YES : MATCH_NO;
}

enum match validate_bittorrent(const struct message *u, struct message_info *m)
{
	static const char handshake[] = "\x13"
					"BitTorrent protocol";
	size_t word, n = u->length < sizeof(tracker) ? u->length : sizeof(tracker);
	enum match r;

	(void)m;
	r = begins_with(u->bytes, u->length, handshake);
	if (r != MATCH_NO || u->transport == TRANSPORT_TCP)
		return r;
	if (memcmp(u->bytes, tracker, n) == 0)
		return read_tracker(u);
	r = begins_with_any(u->bytes, u->length, table, &word);
	return r == MATCH_MORE && is_all(u) ? MATCH_NO : r;
}
