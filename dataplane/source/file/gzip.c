/* gzip (RFC 1952), any number of members, by zlib; its window is 32 KiB. */
#include "source/file/decoder.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

struct gzip_decoder {
	struct decoder decoder;
	z_stream zlib;
	int is_whole;
};

static uInt bounded(size_t bytes)
{
	return bytes < UINT_MAX ? (uInt)bytes : UINT_MAX;
}

/* gzip pads with zeros on tapes. */
static void skip_padding(struct decoder_io *io)
{
	while (io->in_left > 0 && *io->in == 0) {
		io->in++;
		io->in_left--;
	}
}

static int step(struct decoder *d, struct decoder_io *io)
{
	struct gzip_decoder *g = (struct gzip_decoder *)d;
	uInt in, out = bounded(io->out_left);
	int rc;

	if (g->is_whole) {
		skip_padding(io);
		if (io->in_left == 0)
			return DECODER_WHOLE;
		inflateReset(&g->zlib);
	}
	in = bounded(io->in_left);
	g->zlib.next_in = io->in;
	g->zlib.avail_in = in;
	g->zlib.next_out = io->out;
	g->zlib.avail_out = out;
	rc = inflate(&g->zlib, Z_NO_FLUSH);
	io->in += in - g->zlib.avail_in;
	io->in_left -= in - g->zlib.avail_in;
	io->out += out - g->zlib.avail_out;
	io->out_left -= out - g->zlib.avail_out;
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return rc == Z_MEM_ERROR ? -ENOMEM : -EIO;
	g->is_whole = rc == Z_STREAM_END;
	return g->is_whole ? DECODER_WHOLE : DECODER_PARTIAL;
}

static void close_gzip(struct decoder *d)
{
	inflateEnd(&((struct gzip_decoder *)d)->zlib);
	free(d);
}

static const struct decoder_operations gzip_operations = {
	.broken = "its gzip data is broken",
	.step = step,
	.close = close_gzip,
};

struct decoder *decoder_gzip_open(void)
{
	enum { GZIP_ONLY = 16 };
	struct gzip_decoder *g = calloc(1, sizeof(*g));

	if (!g || inflateInit2(&g->zlib, GZIP_ONLY + MAX_WBITS) != Z_OK) {
		free(g);
		return NULL;
	}
	g->decoder.operations = &gzip_operations;
	return &g->decoder;
}
