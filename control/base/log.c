#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/plain_text.h"
#include "base/text_hash.h"

#define SECOND_NS 1000000000ull
#define TEXT_BYTES 1024

static struct {
	pthread_mutex_t lock;
	struct log_memory memory;
	enum log_level most;
	const char *command;
} logger = {.lock = PTHREAD_MUTEX_INITIALIZER, .most = LOG_LEVEL_INFO, .command = "run"};

static const struct {
	const char *name;
	int number;
} level[] = {
#define LOG_LEVEL_ENTRY(name, text, number) {text, number},
	LOG_LEVEL_LIST(LOG_LEVEL_ENTRY)
#undef LOG_LEVEL_ENTRY
};

int log_level_parse(const char *text, enum log_level *out)
{
	for (unsigned i = 0; i < LOG_LEVEL_COUNT; i++) {
		if (strcmp(text, level[i].name) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

void log_set_level(enum log_level most)
{
	pthread_mutex_lock(&logger.lock);
	logger.most = most;
	pthread_mutex_unlock(&logger.lock);
}

void log_set_command(const char *command)
{
	pthread_mutex_lock(&logger.lock);
	logger.command = command;
	pthread_mutex_unlock(&logger.lock);
}

int log_may_say(struct log_memory *m, const char *text, uint64_t now_ns, uint64_t *held_back)
{
	uint64_t hash = text_hash(TEXT_HASH_START, text, strlen(text));
	size_t place = hash % LOG_RECENT_MAX;

	*held_back = 0;
	if (m->said[place].hash == hash) {
		if (now_ns < m->said[place].until_ns) {
			m->said[place].held_back++;
			return 0;
		}
		*held_back = m->said[place].held_back;
	}
	m->said[place].hash = hash;
	m->said[place].until_ns = now_ns + SECOND_NS;
	m->said[place].held_back = 0;
	return 1;
}

/* systemd names the file that is the journal's stream (JOURNAL_STREAM, systemd.exec(5)). */
static int is_journal(FILE *out)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(fileno(out), &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_say(enum log_level l, const char *format, ...)
{
	char text[TEXT_BYTES];
	uint64_t held_back;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	plain_text(text);
	pthread_mutex_lock(&logger.lock);
	if (l <= logger.most && log_may_say(&logger.memory, text, clock_steady_ns(), &held_back)) {
		if (is_journal(stderr))
			fprintf(stderr, "<%d>%s", level[l].number, text);
		else
			fprintf(stderr, "portolan: %s: %s", logger.command, text);
		if (held_back)
			fprintf(stderr, " (and %llu times before)", (unsigned long long)held_back);
		fputc('\n', stderr);
	}
	pthread_mutex_unlock(&logger.lock);
}
