/* What is in a compressed capture, as a stream of its own. */
#include "source/file/byte_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/file/block.h"
#include "source/file/decoder.h"

struct decompress_stream {
	struct byte_stream stream; /* first: the operations get it */
	struct block_buffer input;
	struct decoder *decoder;
	int is_whole;	/* at the end of a member */
	int is_pending; /* the last output was full: the decoder may hold more */
	int failed;	/* the error that comes after what was read before it */
};

static ssize_t fail(struct decompress_stream *d, int error, const char *why)
{
	d->stream.why = why;
	d->failed = error;
	return error;
}

/* Reads the next input where all is used up. 1: go on; 0: the end; or a negative errno. */
static int provide(struct decompress_stream *d)
{
	int error;

	if (d->is_pending || chunk_left(&d->input) > 0)
		return 1;
	if (!d->input.ended) {
		error = block_buffer_refill(&d->input);
		d->stream.read_bytes = d->input.stream->read_bytes;
		if (error < 0)
			return (int)fail(d, error, d->input.stream->why);
		if (chunk_left(&d->input) > 0)
			return 1;
	}
	return d->is_whole ? 0 : (int)fail(d, -EIO, "its compressed data is cut");
}

static ssize_t decompress_read(struct byte_stream *s, void *bytes, size_t count)
{
	struct decompress_stream *d = (struct decompress_stream *)s;
	int goes_on = d->failed;

	while (goes_on == 0 && (goes_on = provide(d)) == 1) {
		struct decoder_io io = {chunk_here(&d->input), bytes, chunk_left(&d->input), count};
		int outcome = d->decoder->operations->step(d->decoder, &io);
		chunk_skip(&d->input, chunk_left(&d->input) - io.in_left);
		d->is_whole = outcome == DECODER_WHOLE;
		d->is_pending = io.out_left == 0;
		if (outcome < 0)
			fail(d, outcome, d->decoder->operations->broken);
		if (io.out_left < count)
			return (ssize_t)(count - io.out_left);
		goes_on = d->failed;
	}
	return goes_on;
}

static int decompress_is_ready(struct byte_stream *s, int wait_ms)
{
	struct decompress_stream *d = (struct decompress_stream *)s;

	return d->failed || d->is_pending || d->input.ended || chunk_left(&d->input) > 0 ||
	       d->input.stream->operations->is_ready(d->input.stream, wait_ms);
}

static void decompress_close(struct byte_stream *s)
{
	struct decompress_stream *d = (struct decompress_stream *)s;

	if (d->decoder)
		d->decoder->operations->close(d->decoder);
	block_buffer_fini(&d->input);
	free(d);
}

static const struct byte_stream_operations decompress_operations = {
	.read = decompress_read,
	.is_ready = decompress_is_ready,
	.close = decompress_close,
};

/* --- formats -------------------------------------------------------------------------- */

static const struct {
	uint8_t bytes[6];
	size_t length;
	struct decoder *(*open)(void);
} format[] = {
	{{0x1f, 0x8b}, 2, decoder_gzip_open},
	{{0x28, 0xb5, 0x2f, 0xfd}, 4, decoder_zstd_open},
	{{0xfd, '7', 'z', 'X', 'Z', 0}, 6, decoder_xz_open},
};

#define FORMATS (sizeof(format) / sizeof(format[0]))

static size_t format_of(const struct block_buffer *c)
{
	size_t i = 0;

	while (i < FORMATS &&
		(chunk_left(c) < format[i].length ||
			memcmp(chunk_here(c), format[i].bytes, format[i].length) != 0))
		i++;
	return i;
}

int decompress_open(struct block_buffer *compressed)
{
	size_t kind = format_of(compressed);
	struct decompress_stream *d;

	if (kind == FORMATS)
		return 0;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->stream.operations = &decompress_operations;
	d->input = *compressed;
	*compressed = (struct block_buffer){0};
	d->decoder = format[kind].open();
	if (!d->decoder) {
		decompress_close(&d->stream);
		return -ENOMEM;
	}
	return block_buffer_init(compressed, &d->stream);
}
