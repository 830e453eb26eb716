/* Zstandard (RFC 8878), any number of frames, by libzstd. */
#include "source/file/decoder.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#define WINDOW_LOG_MAX 27

_Static_assert(1u << WINDOW_LOG_MAX == DECODER_BYTES_MAX, "the bound in libzstd's words");

struct zstd_decoder {
	struct decoder decoder;
	ZSTD_DStream *zstd;
};

static int step(struct decoder *d, struct decoder_io *io)
{
	ZSTD_inBuffer in = {io->in, io->in_left, 0};
	ZSTD_outBuffer out = {io->out, io->out_left, 0};
	size_t rc = ZSTD_decompressStream(((struct zstd_decoder *)d)->zstd, &out, &in);

	io->in += in.pos;
	io->in_left -= in.pos;
	io->out += out.pos;
	io->out_left -= out.pos;
	if (ZSTD_isError(rc))
		return -EIO;
	return rc == 0 ? DECODER_WHOLE : DECODER_PARTIAL;
}

static void close_zstd(struct decoder *d)
{
	ZSTD_freeDStream(((struct zstd_decoder *)d)->zstd);
	free(d);
}

static const struct decoder_operations zstd_operations = {
	.broken = "its zstd data is broken, or needs a window of more than 128 MiB",
	.step = step,
	.close = close_zstd,
};

struct decoder *decoder_zstd_open(void)
{
	struct zstd_decoder *z = calloc(1, sizeof(*z));

	if (z)
		z->zstd = ZSTD_createDStream();
	if (!z || !z->zstd ||
		ZSTD_isError(
			ZSTD_DCtx_setParameter(z->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
		if (z)
			ZSTD_freeDStream(z->zstd);
		free(z);
		return NULL;
	}
	z->decoder.operations = &zstd_operations;
	return &z->decoder;
}
