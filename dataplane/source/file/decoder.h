/* One compression format, each in the file of its library. Memory is bounded by what each says;
 * more is refused. Made and freed by the stream that decompresses.
 */
#ifndef PORTOLAN_DECODER_H
#define PORTOLAN_DECODER_H

#include <stddef.h>
#include <stdint.h>

/* A window of more is refused: what the formats' own tools make without being asked for more. */
#define DECODER_BYTES_MAX (128u << 20)

struct decoder;

/* What is left to read and to write. */
struct decoder_io {
	const uint8_t *in;
	uint8_t *out;
	size_t in_left, out_left;
};

enum decoder_outcome {
	DECODER_PARTIAL, /* in the middle of a member */
	DECODER_WHOLE,	 /* at the end of one: more input begins another */
};

struct decoder_operations {
	const char *broken; /* what is said where step() fails */
	/* As far as input and room go: enum decoder_outcome, or a negative errno. */
	int (*step)(struct decoder *, struct decoder_io *);
	void (*close)(struct decoder *);
};

struct decoder {
	const struct decoder_operations *operations;
};

/* NULL: out of memory. */
struct decoder *decoder_gzip_open(void);
struct decoder *decoder_zstd_open(void);
struct decoder *decoder_xz_open(void);

#endif
