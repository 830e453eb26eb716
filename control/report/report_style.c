#include "report/report_style.h"

#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <string.h>

#include "base/buffer.h"

void report_style_policy(struct buffer *b)
{
	char text[BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE)];
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha256;

	sha256_init(&sha256);
	for (const char *const *line = report_sheet; *line; line++)
		sha256_update(&sha256, strlen(*line), (const uint8_t *)*line);
	sha256_digest(&sha256, sizeof(digest), digest);
	base64_encode_raw(text, sizeof(digest), digest);
	buffer_puts(b, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		       "base-uri 'none'; form-action 'none'; style-src 'sha256-");
	buffer_append(b, text, sizeof(text));
	buffer_puts(b, "'\">\n");
}

void report_style_write(struct buffer *b)
{
	buffer_puts(b, "<style>");
	for (const char *const *line = report_sheet; *line; line++)
		buffer_puts(b, *line);
	buffer_puts(b, "</style>\n");
}
