/* xz, any number of streams with padding between them, by liblzma. */
#include "source/file/decoder.h"

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>

struct xz_decoder {
	struct decoder decoder;
	lzma_stream lzma;
	int is_whole;
};

static int begin(struct xz_decoder *x)
{
	x->is_whole = 0;
	return lzma_stream_decoder(&x->lzma, DECODER_BYTES_MAX, 0) == LZMA_OK ? 0 : -ENOMEM;
}

static void skip_padding(struct decoder_io *io)
{
	while (io->in_left > 0 && *io->in == 0) {
		io->in++;
		io->in_left--;
	}
}

static int step(struct decoder *d, struct decoder_io *io)
{
	struct xz_decoder *x = (struct xz_decoder *)d;
	lzma_ret rc;

	if (x->is_whole) {
		skip_padding(io);
		if (io->in_left == 0)
			return DECODER_WHOLE;
		if (begin(x) < 0)
			return -ENOMEM;
	}
	x->lzma.next_in = io->in;
	x->lzma.avail_in = io->in_left;
	x->lzma.next_out = io->out;
	x->lzma.avail_out = io->out_left;
	rc = lzma_code(&x->lzma, LZMA_RUN);
	io->in = x->lzma.next_in;
	io->in_left = x->lzma.avail_in;
	io->out = x->lzma.next_out;
	io->out_left = x->lzma.avail_out;
	if (rc != LZMA_OK && rc != LZMA_STREAM_END && rc != LZMA_BUF_ERROR)
		return -EIO;
	x->is_whole = rc == LZMA_STREAM_END;
	return x->is_whole ? DECODER_WHOLE : DECODER_PARTIAL;
}

static void close_xz(struct decoder *d)
{
	lzma_end(&((struct xz_decoder *)d)->lzma);
	free(d);
}

static const struct decoder_operations xz_operations = {
	.broken = "its xz data is broken, or needs more than 128 MiB",
	.step = step,
	.close = close_xz,
};

struct decoder *decoder_xz_open(void)
{
	struct xz_decoder *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->lzma = (lzma_stream)LZMA_STREAM_INIT;
	x->decoder.operations = &xz_operations;
	if (begin(x) < 0) {
		close_xz(&x->decoder);
		return NULL;
	}
	return &x->decoder;
}
