/* The sensor's log: lines on standard error.
 *
 * If standard error is the journal, a line begins with its level in the journal's form
 * (sd-daemon(3)); otherwise with "portolan: " and the command. The same text is logged at most once
 * a second, then with the number of suppressed repeats. Any thread may log, but workers do not.
 */
#ifndef PORTOLAN_LOG_H
#define PORTOLAN_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Name and syslog priority. */
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

/* Suppresses levels above `most` from now on (initially LOG_LEVEL_INFO). */
void log_set_level(enum log_level most);

/* Who speaks; initially "run". The text is lent. */
void log_set_command(const char *);

void log_say(enum log_level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- exposed for tests ---------------------------------------------------------------------- */

#define LOG_RECENT_MAX 64

/* Texts logged recently, and how many repeats of each were suppressed. */
struct log_memory {
	struct {
		uint64_t hash, until_ns, held_back;
	} said[LOG_RECENT_MAX];
};

/* 1 if the text may be logged now, with the number of repeats suppressed before; 0 if not. A text
 * whose entry was reused for another one may be logged again. */
int log_may_say(struct log_memory *, const char *text, uint64_t now_ns, uint64_t *held_back);

#endif
