#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/machine_files.h"

static char folder[] = "/tmp/portolan-machine-XXXXXX";
static struct machine_files files;

static void put(const char *name, const void *bytes, size_t size)
{
	int fd = openat(files.root, ".", O_RDONLY | O_DIRECTORY), file;

	file = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(file >= 0);
	assert_int_equal(write(file, bytes, size), size);
	close(file);
	close(fd);
}

static int make(void **state)
{
	(void)state;
	return mkdtemp(folder) ? machine_files_open(&files, folder) : -1;
}

static int drop(void **state)
{
	char command[128];

	(void)state;
	machine_files_close(&files);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static void machine_text_is_bounded_and_without_nul(void **state)
{
	char text[8];

	(void)state;
	put("short", "on\n \n", 5);
	assert_int_equal(machine_text(&files, "short", text, sizeof(text)), 0);
	assert_string_equal(text, "on");
	put("nul", "a\0b\n", 4);
	assert_int_equal(machine_text(&files, "nul", text, sizeof(text)), 0);
	assert_string_equal(text, "a?b");
	put("long", "123456789", 9);
	assert_int_equal(machine_text(&files, "long", text, sizeof(text)), -EFBIG);
	assert_string_equal(text, "1234567");
	assert_int_equal(machine_text(&files, "none", text, sizeof(text)), -ENOENT);
	assert_string_equal(text, "");
}

static void machine_text_reads_regular_files_only(void **state)
{
	char text[8];

	(void)state;
	assert_int_equal(mkfifoat(files.root, "pipe", 0600), 0);
	assert_int_equal(machine_text(&files, "pipe", text, sizeof(text)), -EINVAL);
	assert_int_equal(mkdirat(files.root, "folder", 0700), 0);
	assert_int_equal(machine_text(&files, "folder", text, sizeof(text)), -EISDIR);
}

static void machine_number_is_a_number_and_nothing_else(void **state)
{
	uint64_t n = 7;

	(void)state;
	put("n", "4096\n", 5);
	assert_int_equal(machine_number(&files, "n", &n), 0);
	assert_int_equal(n, 4096);
	put("n", "-1\n", 3);
	assert_int_equal(machine_number(&files, "n", &n), -EINVAL);
	put("n", "", 0);
	assert_int_equal(machine_number(&files, "n", &n), -EINVAL);
	assert_int_equal(n, 4096);
}

static void machine_links_lead_nowhere_out_of_the_tree(void **state)
{
	char text[64];

	(void)state;
	put("passwd", "ours", 4);
	assert_int_equal(symlinkat("/passwd", files.root, "absolute"), 0);
	assert_int_equal(symlinkat("../../../../passwd", files.root, "above"), 0);
	assert_int_equal(symlinkat("/etc/passwd", files.root, "theirs"), 0);
	assert_int_equal(machine_text(&files, "absolute", text, sizeof(text)), 0);
	assert_string_equal(text, "ours");
	assert_int_equal(machine_text(&files, "above", text, sizeof(text)), 0);
	assert_string_equal(text, "ours");
	assert_int_equal(machine_text(&files, "theirs", text, sizeof(text)), -ENOENT);
	assert_int_equal(machine_text(&files, "../../etc/passwd", text, sizeof(text)), -ENOENT);
	assert_int_equal(machine_link(&files, "theirs", text, sizeof(text)), 0);
	assert_string_equal(text, "/etc/passwd");
	assert_int_equal(machine_link(&files, "passwd", text, sizeof(text)), -EINVAL);
}

static void machine_names_are_sorted_and_those_left_out_counted(void **state)
{
	static struct machine_names names;
	char name[MACHINE_NAME_BYTES + 1], path[MACHINE_PATH_BYTES];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[MACHINE_NAME_BYTES] = '\0';
	assert_int_equal(mkdirat(files.root, "names", 0700), 0);
	put("names/x2", "", 0);
	put("names/x1", "", 0);
	put("names/y", "", 0);
	put(machine_path(path, "names/%s", name), "", 0);
	assert_int_equal(machine_names(&files, "names", "x", &names), 0);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.name[0], "x1");
	assert_int_equal(names.left_out, 1);
	assert_int_equal(machine_names(&files, "none", "x", &names), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(machine_text_is_bounded_and_without_nul),
		cmocka_unit_test(machine_text_reads_regular_files_only),
		cmocka_unit_test(machine_number_is_a_number_and_nothing_else),
		cmocka_unit_test(machine_links_lead_nowhere_out_of_the_tree),
		cmocka_unit_test(machine_names_are_sorted_and_those_left_out_counted),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
