/* What the sensor says of itself while it runs: lines on standard error.
 *
 * Where standard error is the journal, a line begins with its level as the journal wants it
 * (sd-daemon(3)); elsewhere with "portolan: run: ". The same text is said at most once a
 * second, and then with how often it was meant to be. Any thread may log, but no worker does.
 */
#ifndef PORTOLAN_LOG_H
#define PORTOLAN_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The name and the journal's number. */
#define LOG_LEVEL_LIST(X)                                                                          \
	X(ERROR, "error", 3)                                                                       \
	X(WARNING, "warning", 4)                                                                   \
	X(NOTICE, "notice", 5)                                                                     \
	X(INFO, "info", 6)                                                                         \
	X(DEBUG, "debug", 7)
#define LOG_LEVEL_MEMBER(name, text, number) LOG_LEVEL_##name,
enum log_level { LOG_LEVEL_LIST(LOG_LEVEL_MEMBER) LOG_LEVEL_COUNT };

/* error, warning, notice, info, debug; 0 or -EINVAL. */
int log_level_parse(const char *text, enum log_level *);

/* Says nothing above `most` from now on (at first: LOG_LEVEL_INFO). */
void log_set_level(enum log_level most);

void log_say(enum log_level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- the parts, for tests ---------------------------------------------------------------- */

#define LOG_RECENT_MAX 64

/* Which texts were said of late, and how often they were held back since. */
struct log_memory {
	struct {
		uint64_t hash, until_ns, held_back;
	} said[LOG_RECENT_MAX];
};

/* 1 and how often the text was held back before, or 0: not now. A text whose place another one
 * has taken is said again. */
int log_may_say(struct log_memory *, const char *text, uint64_t now_ns, uint64_t *held_back);

#endif
