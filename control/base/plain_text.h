/* Text from outside on its way to a terminal: names of files, arguments, values of files.
 *
 * What could steer a terminal or turn the order of what is read is replaced by a question mark:
 * control characters of both sets (ISO 6429), line ends, the marks of Unicode's bidirectional
 * algorithm (UAX 9) and its separators, and what is no UTF-8 (RFC 3629), whose bytes a terminal may
 * take for any of these.
 */
#ifndef PORTOLAN_PLAIN_TEXT_H
#define PORTOLAN_PLAIN_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the UTF-8 character at `at`; 0: there is none. */
size_t character_bytes(const unsigned char *at, size_t left);

/* Whether a character of `bytes` bytes, which is UTF-8, would have to be replaced. */
bool character_is_control(const unsigned char *at, size_t bytes);

/* In place; never longer. Returns the text. */
char *plain_text(char *text);

/* Whether nothing would be replaced. */
bool text_is_plain(const char *text);

#endif
