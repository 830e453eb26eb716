/* QUIC's long header: RFC 9000 17.2, RFC 8999, RFC 9369. */
#include "core/protocol/validator.h"

#define LONG_HEADER 0x80u
#define FIXED 0x40u
#define ID_MAX 20
#define CLIENT_MIN 1200u /* RFC 9000 14.1 */

static int is_version(uint32_t version)
{
	return version == 1 || version == 0x6b3343cf || version == 0x709a50c4 ||
	       version >> 8 == 0xff0000 || version >> 24 == 'Q' || version >> 24 == 'T' ||
	       version >> 4 == 0xfaceb00;
}

/* RFC 9000 17.2.1: of numbers of four bytes, to the end. */
static enum match is_list(const struct reader *r)
{
	size_t left = reader_left(r);

	if (r->beyond == READER_ENDLESS)
		return MATCH_MORE;
	left += r->beyond;
	return left % 4 == 0 && left > 0 ? MATCH_MAYBE : MATCH_NO;
}

enum match validate_quic(const struct message *u, struct message_info *m)
{
	struct reader r = message_reader(u);
	unsigned first = reader_u8(&r), id[2];
	uint32_t version = reader_u32(&r);

	(void)m;
	for (unsigned i = 0; i < 2; i++) {
		id[i] = reader_u8(&r);
		if (r.state == READER_GOOD && id[i] > ID_MAX && version >> 24 != 'Q')
			return MATCH_NO;
		reader_part(&r, version >> 24 == 'Q' && i == 0 ? 0 : id[i]);
	}
	if (r.state == READER_BROKEN || !(first & LONG_HEADER))
		return MATCH_NO;
	if (r.state != READER_GOOD)
		return MATCH_MORE;
	if (version == 0) /* negotiation: a list of versions follows, to the end */
		return is_list(&r);
	if (!(first & FIXED) || !is_version(version))
		return MATCH_NO;
	return u->size == 0 || u->size >= CLIENT_MIN || id[0] + id[1] > 0 ? MATCH_YES : MATCH_MAYBE;
}
