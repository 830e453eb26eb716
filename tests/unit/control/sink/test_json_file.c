#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "record/event.h"
#include "sink/sink.h"

struct fixture {
	char folder[32], path[64];
	struct sink_settings settings;
	struct sink sink;
};

static int begin(void **state)
{
	struct fixture *s = *state = calloc(1, sizeof(*s));

	strcpy(s->folder, "/tmp/json-file-XXXXXX");
	if (!mkdtemp(s->folder))
		return -1;
	snprintf(s->path, sizeof(s->path), "%s/events", s->folder);
	s->settings = (struct sink_settings){.kind = SINK_JSON,
		.value = {[SINK_KEY_PATH] = s->path, [SINK_KEY_KEEP] = (char *)"2"}};
	s->sink.operations = sink_operations_of(SINK_JSON);
	s->sink.settings = &s->settings;
	atomic_init(&s->sink.give_up_ns, UINT64_MAX);
	return 0;
}

static const char *name_of(const struct fixture *s, unsigned number)
{
	static char name[96];

	if (number)
		snprintf(name, sizeof(name), "%s.%u", s->path, number);
	else
		snprintf(name, sizeof(name), "%s", s->path);
	return name;
}

static int end(void **state)
{
	struct fixture *s = *state;

	s->sink.operations->close(&s->sink);
	for (unsigned i = 0; i < 5; i++)
		unlink(name_of(s, i));
	rmdir(s->folder);
	free(s);
	return 0;
}

static int put(struct fixture *s, const char *text)
{
	struct event v = {.json = text, .json_bytes = strlen(text)};

	return s->sink.operations->write(&s->sink, &v);
}

static const char *content(const struct fixture *s, unsigned number)
{
	static char text[4096];
	FILE *f = fopen(name_of(s, number), "r");
	size_t n;

	if (!f)
		return "none";
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

static void json_file_rotates_by_size_and_keeps_so_many(void **state)
{
	struct fixture *s = *state;
	char text[] = "{\"n\":0}"; /* 8 bytes with the newline */

	s->settings.value[SINK_KEY_ROTATE] = (char *)"16";
	assert_int_equal(s->sink.operations->open(&s->sink), 0);
	for (char c = '1'; c <= '9'; c++) {
		text[5] = c;
		assert_int_equal(put(s, text), 0);
	}
	assert_string_equal(content(s, 0), "{\"n\":9}\n");
	assert_string_equal(content(s, 1), "{\"n\":7}\n{\"n\":8}\n");
	assert_string_equal(content(s, 2), "{\"n\":5}\n{\"n\":6}\n");
	assert_string_equal(content(s, 3), "none");
}

static void json_file_goes_on_in_a_new_file_once_it_was_moved_away(void **state)
{
	struct fixture *s = *state;
	char away[96];

	snprintf(away, sizeof(away), "%s", name_of(s, 4));
	assert_int_equal(s->sink.operations->open(&s->sink), 0);
	assert_int_equal(put(s, "1"), 0);
	assert_int_equal(rename(s->path, away), 0);
	assert_int_equal(put(s, "2"), 0);
	assert_int_equal(s->sink.operations->reopen(&s->sink), 0);
	assert_int_equal(put(s, "3"), 0);
	assert_string_equal(content(s, 4), "1\n2\n");
	assert_string_equal(content(s, 0), "3\n");
}

/* A file size limit simulates a full disk: the write that reaches it is cut short. */
static void json_file_takes_half_a_line_back_and_writes_it_whole_later(void **state)
{
	struct fixture *s = *state;
	struct rlimit before, narrow;

	assert_int_equal(s->sink.operations->open(&s->sink), 0);
	getrlimit(RLIMIT_FSIZE, &before);
	narrow = before;
	narrow.rlim_cur = 12;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(put(s, "{\"n\":1}"), 0);
	setrlimit(RLIMIT_FSIZE, &narrow);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(put(s, "{\"n\":2}"), -EFBIG);
		assert_string_equal(content(s, 0), "{\"n\":1}\n");
	}
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(put(s, "{\"n\":2}"), 0);
	assert_string_equal(content(s, 0), "{\"n\":1}\n{\"n\":2}\n");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(json_file_rotates_by_size_and_keeps_so_many),
		CASE(json_file_goes_on_in_a_new_file_once_it_was_moved_away),
		CASE(json_file_takes_half_a_line_back_and_writes_it_whole_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
