#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/json_lines.h"

struct fixture {
	char folder[32], path[64];
	struct json_lines lines;
};

static int begin(void **state)
{
	struct fixture *s = *state = calloc(1, sizeof(*s));

	strcpy(s->folder, "/tmp/json-lines-XXXXXX");
	if (!mkdtemp(s->folder))
		return -1;
	snprintf(s->path, sizeof(s->path), "%s/flows", s->folder);
	return 0;
}

static int end(void **state)
{
	struct fixture *s = *state;

	json_lines_discard(&s->lines);
	unlink(s->path);
	assert_int_equal(rmdir(s->folder), 0); /* nothing else is left there */
	free(s);
	return 0;
}

static void put(struct fixture *s, const char *text)
{
	json_lines_write(&s->lines, text, strlen(text));
}

static void set_content(const struct fixture *s, const char *text)
{
	FILE *f = fopen(s->path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static const char *content(const struct fixture *s)
{
	static char text[65536];
	FILE *f = fopen(s->path, "r");
	size_t n;

	if (!f)
		return "none";
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

static void json_lines_extends_a_file(void **state)
{
	struct fixture *s = *state;
	struct stat st;

	set_content(s, "{\"n\":1}\n");
	assert_int_equal(json_lines_open(&s->lines, s->path, JSON_LINES_EXTEND), 0);
	put(s, "{\"n\":2}");
	assert_string_equal(content(s), "{\"n\":1}\n");
	assert_int_equal(json_lines_flush(&s->lines), 0);
	assert_string_equal(content(s), "{\"n\":1}\n{\"n\":2}\n");
	assert_int_equal(json_lines_close(&s->lines), 0);
	unlink(s->path);
	assert_int_equal(json_lines_open(&s->lines, s->path, JSON_LINES_EXTEND), 0);
	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void json_lines_replaces_a_file_when_it_is_closed(void **state)
{
	struct fixture *s = *state;
	struct stat st;

	set_content(s, "former\n");
	assert_int_equal(json_lines_open(&s->lines, s->path, JSON_LINES_REPLACE), 0);
	put(s, "{}");
	assert_int_equal(json_lines_flush(&s->lines), 0);
	assert_string_equal(content(s), "former\n");
	assert_int_equal(json_lines_close(&s->lines), 0);
	assert_string_equal(content(s), "{}\n");
	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void json_lines_leaves_the_former_file_if_it_is_given_up(void **state)
{
	struct fixture *s = *state;

	set_content(s, "former\n");
	assert_int_equal(json_lines_open(&s->lines, s->path, JSON_LINES_REPLACE), 0);
	put(s, "{}");
	json_lines_flush(&s->lines);
	json_lines_discard(&s->lines);
	assert_string_equal(content(s), "former\n");
}

static void json_lines_removes_half_a_record_and_ends_any_other_text(void **state)
{
	struct fixture *s = *state;

	set_content(s, "{\"n\":1}\n{\"n\":2,\"ha");
	assert_int_equal(json_lines_open(&s->lines, s->path, JSON_LINES_EXTEND), 0);
	assert_int_equal(s->lines.cut_bytes, 10);
	put(s, "{}");
	json_lines_close(&s->lines);
	assert_string_equal(content(s), "{\"n\":1}\n{}\n");

	set_content(s, "{\"n\":1}\nsomebody's text");
	assert_int_equal(json_lines_open(&s->lines, s->path, JSON_LINES_EXTEND), 0);
	assert_int_equal(s->lines.cut_bytes, 0);
	put(s, "{}");
	json_lines_close(&s->lines);
	assert_string_equal(content(s), "{\"n\":1}\nsomebody's text\n{}\n");
}

/* A file size limit simulates a full disk: the write that reaches it is cut short. */
static void limit_file_size(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	setrlimit(RLIMIT_FSIZE, &limit);
	signal(SIGXFSZ, SIG_IGN);
}

static void json_lines_keeps_what_a_full_disk_does_not_take(void **state)
{
	struct fixture *s = *state;

	assert_int_equal(json_lines_open(&s->lines, s->path, JSON_LINES_EXTEND), 0);
	limit_file_size(20);
	for (unsigned i = 0; i < 4; i++)
		put(s, "{\"n\":1}");
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(json_lines_flush(&s->lines), -EFBIG);
		assert_string_equal(content(s), "{\"n\":1}\n{\"n\":1}\n");
	}
	assert_int_equal(s->lines.error, -EFBIG);
	assert_int_not_equal(s->lines.since_s, 0);
	limit_file_size(RLIM_INFINITY);
	assert_int_equal(json_lines_flush(&s->lines), 0);
	assert_int_equal(s->lines.error, 0);
	assert_string_equal(content(s), "{\"n\":1}\n{\"n\":1}\n{\"n\":1}\n{\"n\":1}\n");
	assert_int_equal(json_lines_close(&s->lines), 0);
}

static void json_lines_counts_what_finds_no_room_while_the_disk_is_full(void **state)
{
	struct fixture *s = *state;
	char text[1000];

	memset(text, 'x', sizeof(text));
	assert_int_equal(json_lines_open(&s->lines, s->path, JSON_LINES_EXTEND), 0);
	limit_file_size(0);
	for (unsigned i = 0; i < 2000; i++)
		json_lines_write(&s->lines, text, sizeof(text));
	assert_int_equal(s->lines.written + s->lines.lost, 2000);
	assert_in_range(s->lines.written, 1000, 1100);
	limit_file_size(RLIM_INFINITY);
	assert_int_equal(json_lines_close(&s->lines), -EFBIG);
}

static void json_lines_does_not_replace_a_file_by_a_part(void **state)
{
	struct fixture *s = *state;

	set_content(s, "former\n");
	assert_int_equal(json_lines_open(&s->lines, s->path, JSON_LINES_REPLACE), 0);
	limit_file_size(4);
	put(s, "{\"n\":1}");
	assert_int_equal(json_lines_close(&s->lines), -EFBIG);
	limit_file_size(RLIM_INFINITY);
	assert_string_equal(content(s), "former\n");
}

static void json_lines_waits_for_no_reader_of_a_sensor(void **state)
{
	struct fixture *s = *state;
	char text[1000], read_back[65536];
	ssize_t n;
	int fd;

	memset(text, 'x', sizeof(text));
	assert_int_equal(mkfifo(s->path, 0600), 0);
	assert_int_equal(json_lines_open(&s->lines, s->path, JSON_LINES_EXTEND), 0);
	for (unsigned i = 0; i < 200; i++)
		json_lines_write(&s->lines, text, sizeof(text));
	assert_int_equal(json_lines_flush(&s->lines), -EAGAIN);
	fd = open(s->path, O_RDONLY | O_NONBLOCK);
	for (size_t got = 0, flushes = 0; got < 200 * 1001; flushes++) {
		assert_true(flushes < 1000);
		n = read(fd, read_back, sizeof(read_back));
		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(
				read_back[i], (got + (size_t)i) % 1001 == 1000 ? '\n' : 'x');
		got += (size_t)n;
		json_lines_flush(&s->lines);
	}
	close(fd);
	assert_int_equal(json_lines_close(&s->lines), 0);
}

static void json_lines_goes_on_in_a_new_file_once_it_was_moved_away(void **state)
{
	struct fixture *s = *state;
	char away[80];

	snprintf(away, sizeof(away), "%s.1", s->path);
	assert_int_equal(json_lines_open(&s->lines, s->path, JSON_LINES_EXTEND), 0);
	put(s, "1");
	json_lines_flush(&s->lines);
	rename(s->path, away);
	assert_int_equal(json_lines_reopen(&s->lines), 0);
	put(s, "2");
	json_lines_flush(&s->lines);
	assert_string_equal(content(s), "2\n");
	unlink(away);
}

static void json_lines_that_were_never_opened_have_nothing_to_write(void **state)
{
	struct fixture *s = *state;

	put(s, "{}");
	assert_int_equal(json_lines_flush(&s->lines), 0);
	assert_int_equal(json_lines_reopen(&s->lines), 0);
	assert_int_equal(json_lines_close(&s->lines), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(json_lines_extends_a_file),
		CASE(json_lines_that_were_never_opened_have_nothing_to_write),
		CASE(json_lines_replaces_a_file_when_it_is_closed),
		CASE(json_lines_leaves_the_former_file_if_it_is_given_up),
		CASE(json_lines_removes_half_a_record_and_ends_any_other_text),
		CASE(json_lines_keeps_what_a_full_disk_does_not_take),
		CASE(json_lines_counts_what_finds_no_room_while_the_disk_is_full),
		CASE(json_lines_does_not_replace_a_file_by_a_part),
		CASE(json_lines_waits_for_no_reader_of_a_sensor),
		CASE(json_lines_goes_on_in_a_new_file_once_it_was_moved_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
