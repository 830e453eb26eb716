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
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_place.h"

struct fixture {
	char folder[32], path[64], link[64];
	struct file_place place;
};

static int begin(void **state)
{
	struct fixture *s = *state = calloc(1, sizeof(*s));

	strcpy(s->folder, "/tmp/file-place-XXXXXX");
	if (!mkdtemp(s->folder))
		return -1;
	s->place.folder = -1;
	snprintf(s->path, sizeof(s->path), "%s/file", s->folder);
	snprintf(s->link, sizeof(s->link), "%s/link", s->folder);
	close(open(s->path, O_CREAT | O_WRONLY, 0600));
	return symlink("file", s->link);
}

static int end(void **state)
{
	struct fixture *s = *state;

	file_place_fini(&s->place);
	unlink(s->path);
	unlink(s->link);
	rmdir(s->folder);
	free(s);
	return 0;
}

static void file_place_splits_a_path_into_folder_and_name(void **state)
{
	struct fixture *s = *state;

	assert_int_equal(file_place_find(&s->place, s->path), 0);
	assert_string_equal(s->place.name, "file");
	assert_true(s->place.exists && s->place.is_regular);
	assert_int_equal(faccessat(s->place.folder, "file", F_OK, 0), 0);
}

static void file_place_of_a_bare_name_is_in_the_current_folder(void **state)
{
	struct fixture *s = *state;

	assert_int_equal(file_place_find(&s->place, "no-such-file-here"), 0);
	assert_string_equal(s->place.name, "no-such-file-here");
	assert_false(s->place.exists);
}

static void file_place_follows_a_link_of_its_own_user(void **state)
{
	struct fixture *s = *state;

	assert_int_equal(file_place_find(&s->place, s->link), 0);
	assert_string_equal(s->place.name, "file");
	assert_true(s->place.is_regular);
}

static void file_place_refuses_a_link_of_another_user(void **state)
{
	struct fixture *s = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(lchown(s->link, 65534, 65534), 0);
	assert_int_equal(file_place_find(&s->place, s->link), -ELOOP);
}

static void file_place_wants_a_folder_and_a_name(void **state)
{
	struct fixture *s = *state;

	assert_int_equal(file_place_find(&s->place, "/no/such/folder/file"), -ENOENT);
	assert_int_equal(file_place_find(&s->place, "/tmp/"), -EISDIR);
}

static void file_place_is_shared_where_others_may_replace_files(void **state)
{
	struct fixture *s = *state;

	assert_int_equal(file_place_find(&s->place, s->path), 0);
	assert_false(file_place_is_shared(&s->place));
	chmod(s->folder, 0777);
	assert_true(file_place_is_shared(&s->place));
	chmod(s->folder, 01777);
	assert_false(file_place_is_shared(&s->place));
	if (geteuid() == 0) {
		assert_int_equal(chown(s->folder, 65534, 65534), 0);
		assert_true(file_place_is_shared(&s->place));
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(file_place_splits_a_path_into_folder_and_name),
		CASE(file_place_of_a_bare_name_is_in_the_current_folder),
		CASE(file_place_follows_a_link_of_its_own_user),
		CASE(file_place_refuses_a_link_of_another_user),
		CASE(file_place_wants_a_folder_and_a_name),
		CASE(file_place_is_shared_where_others_may_replace_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
