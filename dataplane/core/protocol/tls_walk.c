#include "core/protocol/tls_walk.h"

#include <string.h>

enum { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23 };
enum { CERTIFICATE = 11 };
enum { LEVEL_FATAL = 2, CLOSE_NOTIFY = 0, USER_CANCELED = 90 };

#define RECORD_MAX (16384u + 2048u) /* RFC 5246 6.2.3 */
#define MESSAGE_MAX 65536u

void tls_walk_init(struct tls_walk *w)
{
	*w = (struct tls_walk){.alert = TLS_ALERT_NONE};
}

static uint32_t be24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void end_walk(struct tls_walk *w, enum tls_walk_stage stage)
{
	w->stage = (uint8_t)stage;
	if (w->certificate == TLS_CERTIFICATE_READING)
		w->certificate = TLS_CERTIFICATE_NONE;
}

/* Fills a header of `size` bytes; returns how many of `count` went into it. */
static uint32_t fill(
	uint8_t *head, uint8_t *have, uint32_t size, const uint8_t *bytes, uint32_t count)
{
	uint32_t n = smaller(size - *have, count);

	memcpy(head + *have, bytes, n);
	*have = (uint8_t)(*have + n);
	return n;
}

/* --- records ----------------------------------------------------------------------------- */

static void begin_record(struct tls_walk *w)
{
	uint32_t length = (uint32_t)w->head[3] << 8 | w->head[4];

	w->type = w->head[0];
	w->record_left = (uint16_t)length;
	w->alert_bytes = 0;
	if (w->head[1] != 3 || length == 0 || length > RECORD_MAX)
		end_walk(w, TLS_WALK_OVER);
	else if (w->type == CHANGE_CIPHER_SPEC || w->type == APPLICATION_DATA)
		end_walk(w, TLS_WALK_SEALED);
	else if (w->type == ALERT && length != 2) /* encrypted, or none */
		end_walk(w, TLS_WALK_SEALED);
	else if (w->type != ALERT && w->type != HANDSHAKE)
		end_walk(w, TLS_WALK_OVER);
}

/* A warning ends nothing (RFC 5246 7.2); these two say that their sender goes. */
static uint32_t take_alert(struct tls_walk *w, const uint8_t *bytes)
{
	if (w->alert_bytes++ == 0) {
		w->alert_level = bytes[0];
		return 1;
	}
	if (w->alert == TLS_ALERT_NONE &&
		(w->alert_level == LEVEL_FATAL ||
			(w->alert_level == 1 &&
				(bytes[0] == CLOSE_NOTIFY || bytes[0] == USER_CANCELED))))
		w->alert = bytes[0];
	return 1;
}

/* --- the certificate -------------------------------------------------------------------- */

/* RFC 5246 7.4.2: the list's length and the first certificate's, of three bytes each. */
static void begin_leaf(struct tls_walk *w)
{
	uint32_t list = be24(w->list_head), leaf = be24(w->list_head + 3);

	w->list_left = list - 3;
	w->leaf_left = leaf;
	w->leaf_at = 0;
	if (leaf == 0 || leaf > w->list_left)
		end_walk(w, TLS_WALK_OVER);
	else if (leaf > TLS_CERTIFICATE_BYTES)
		w->certificate = TLS_CERTIFICATE_LONG;
}

static uint32_t take_list_head(struct tls_walk *w, const uint8_t *bytes, uint32_t count)
{
	uint32_t want = w->list_head_bytes < 3 ? 3 : 6;
	uint32_t n = fill(w->list_head, &w->list_head_bytes, want, bytes, count);

	if (w->list_head_bytes == 3) {
		uint32_t list = be24(w->list_head);
		if (list != w->message_left - n)
			end_walk(w, TLS_WALK_OVER);
		else if (list == 0)
			w->certificate = TLS_CERTIFICATE_EMPTY;
		else if (list < 3)
			end_walk(w, TLS_WALK_OVER);
	} else if (w->list_head_bytes == 6) {
		begin_leaf(w);
	}
	return n;
}

static uint32_t take_leaf(struct tls_walk *w, const uint8_t *bytes, uint32_t count, uint8_t *room)
{
	uint32_t n = smaller(w->leaf_left, count);

	if (!room) {
		w->certificate = TLS_CERTIFICATE_NO_ROOM;
		return n;
	}
	if (w->leaf_bytes == 0)
		w->leaf_at = w->walked;
	memcpy(room + w->leaf_bytes, bytes, n);
	w->leaf_bytes = (uint16_t)(w->leaf_bytes + n);
	w->leaf_left -= n;
	if (w->leaf_left == 0)
		w->certificate = TLS_CERTIFICATE_WHOLE;
	return n;
}

static uint32_t take_body(struct tls_walk *w, const uint8_t *bytes, uint32_t count, uint8_t *room)
{
	if (w->message_type != CERTIFICATE || w->certificate != TLS_CERTIFICATE_READING)
		return count;
	if (w->list_head_bytes < 6)
		return take_list_head(w, bytes, count);
	return take_leaf(w, bytes, count, room);
}

/* --- handshake messages ------------------------------------------------------------------ */

static void begin_message(struct tls_walk *w)
{
	w->message_type = w->message_head[0];
	w->message_left = be24(w->message_head + 1);
	if (w->message_left > MESSAGE_MAX)
		end_walk(w, TLS_WALK_OVER);
	else if (w->message_type == CERTIFICATE && w->certificate == TLS_CERTIFICATE_NONE &&
		 w->message_left >= 3)
		w->certificate = TLS_CERTIFICATE_READING;
	if (w->message_left == 0)
		w->message_head_bytes = 0;
}

/* A message may go on in the next record (RFC 5246 6.2.1). */
static uint32_t take_message(
	struct tls_walk *w, const uint8_t *bytes, uint32_t count, uint8_t *room)
{
	uint32_t n;

	if (w->message_head_bytes < 4) {
		n = fill(w->message_head, &w->message_head_bytes, 4, bytes, count);
		if (w->message_head_bytes == 4)
			begin_message(w);
		return n;
	}
	n = take_body(w, bytes, smaller(w->message_left, count), room);
	w->message_left -= n;
	if (w->message_left == 0) {
		w->message_head_bytes = 0;
		if (w->certificate == TLS_CERTIFICATE_READING) /* it ended inside */
			end_walk(w, TLS_WALK_OVER);
	}
	return n;
}

static uint32_t take_some(struct tls_walk *w, const uint8_t *bytes, uint32_t count, uint8_t *room)
{
	uint32_t n;

	if (w->head_bytes < 5) {
		n = fill(w->head, &w->head_bytes, 5, bytes, count);
		if (w->head_bytes == 5)
			begin_record(w);
		return n;
	}
	count = smaller(count, w->record_left);
	n = w->type == ALERT ? take_alert(w, bytes) : take_message(w, bytes, count, room);
	w->record_left = (uint16_t)(w->record_left - n);
	if (w->record_left == 0)
		w->head_bytes = 0;
	return n;
}

void tls_walk_feed(struct tls_walk *w, const uint8_t *bytes, uint32_t count, uint8_t *room)
{
	while (count > 0 && w->stage == TLS_WALK_CLEAR) {
		uint32_t n = take_some(w, bytes, smaller(count, TLS_WALK_BYTES - w->walked), room);
		bytes += n;
		count -= n;
		w->walked += n;
		if (w->walked == TLS_WALK_BYTES)
			end_walk(w, TLS_WALK_OVER);
	}
}
