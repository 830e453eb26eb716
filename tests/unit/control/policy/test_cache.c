#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy/cache.h"

static const struct cache_part contents[CACHE_ENTRY_PARTS] = {{"contents", 8}};
static const struct cache_key key = {{0xab}};

#define ENTRY_NAME "ab00000000000000000000000000000000000000000000000000000000000000.jar"

/* A temporary folder for each case, which is also $HOME. */
struct cache_folder {
	char root[64], folder[128], entry[256];
	struct cache cache;
};

static void command(const char *format, const char *path)
{
	char text[512];

	snprintf(text, sizeof(text), format, path);
	assert_int_equal(system(text), 0);
}

static int setup(void **state)
{
	static const char *const unset[] = {"PORTOLAN_CACHE", "CACHE_DIRECTORY", "XDG_CACHE_HOME"};
	struct cache_folder *h = calloc(1, sizeof(*h));

	for (size_t i = 0; i < sizeof(unset) / sizeof(unset[0]); i++)
		unsetenv(unset[i]);
	strcpy(h->root, "/tmp/portolan-cache-XXXXXX");
	assert_non_null(mkdtemp(h->root));
	setenv("HOME", h->root, 1);
	snprintf(h->folder, sizeof(h->folder), "%s/.cache/portolan", h->root);
	snprintf(h->entry, sizeof(h->entry), "%s/" ENTRY_NAME, h->folder);
	h->cache.folder = -1;
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	struct cache_folder *h = *state;

	cache_close(&h->cache);
	command("rm -rf %s", h->root);
	free(h);
	return 0;
}

/* 0 or the error. */
static int taken(const struct cache_folder *h)
{
	struct cache_part part[CACHE_ENTRY_PARTS];
	int error = 0;
	uint8_t *bytes = cache_get(&h->cache, &key, part, &error);

	if (bytes) {
		assert_int_equal(part[0].length, 8);
		assert_memory_equal(part[0].bytes, "contents", 8);
	}
	free(bytes);
	return error;
}

static void stocked(struct cache_folder *h)
{
	assert_int_equal(cache_open(&h->cache), 0);
	assert_int_equal(cache_put(&h->cache, &key, contents), 0);
	assert_int_equal(taken(h), 0);
}

static void mode_is(const char *path, mode_t mode)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void cache_gives_back_what_was_put_in(void **state)
{
	struct cache_folder *h = *state;

	assert_int_equal(cache_open(&h->cache), 0);
	assert_int_equal(taken(h), -ENOENT);
	stocked(h);
	mode_is(h->folder, 0700);
	mode_is(h->entry, 0600);
}

static void cache_is_where_the_environment_says(void **state)
{
	static const char *const by_weight[] = {"PORTOLAN_CACHE", "CACHE_DIRECTORY"};
	struct cache_folder *h = *state;
	char path[256];

	snprintf(path, sizeof(path), "%s/xdg", h->root);
	setenv("XDG_CACHE_HOME", path, 1);
	stocked(h);
	snprintf(path, sizeof(path), "%s/xdg/portolan/" ENTRY_NAME, h->root);
	assert_int_equal(access(path, F_OK), 0);
	for (size_t i = 2; i-- > 0;) {
		snprintf(path, sizeof(path), "%s/%s", h->root, by_weight[i]);
		mkdir(path, 0750);
		setenv(by_weight[i], path, 1);
		cache_close(&h->cache);
		stocked(h);
		snprintf(path, sizeof(path), "%s/%s/" ENTRY_NAME, h->root, by_weight[i]);
		assert_int_equal(access(path, F_OK), 0);
	}
}

static void cache_can_be_switched_off(void **state)
{
	struct cache_folder *h = *state;

	setenv("PORTOLAN_CACHE", "off", 1);
	assert_true(cache_open(&h->cache) < 0);
	assert_int_equal(access(h->folder, F_OK), -1);
}

static void cache_does_without_a_home(void **state)
{
	struct cache_folder *h = *state;

	unsetenv("HOME");
	assert_true(cache_open(&h->cache) < 0);
	setenv("HOME", "/nowhere/to/be/found", 1);
	assert_true(cache_open(&h->cache) < 0);
	setenv("HOME", "relative", 1);
	assert_true(cache_open(&h->cache) < 0);
}

static void cache_that_others_may_write_is_none(void **state)
{
	struct cache_folder *h = *state;

	stocked(h);
	cache_close(&h->cache);
	assert_int_equal(chmod(h->folder, 0770), 0);
	assert_int_equal(cache_open(&h->cache), -EPERM);
	assert_int_equal(chmod(h->folder, 0702), 0);
	assert_int_equal(cache_open(&h->cache), -EPERM);
}

static void cache_of_somebody_else_is_none(void **state)
{
	struct cache_folder *h = *state;

	if (geteuid() != 0) {
		print_message("# not root: nothing can be made somebody else's\n");
		return;
	}
	stocked(h);
	assert_int_equal(chown(h->entry, 1, 1), 0);
	assert_int_equal(taken(h), -EPERM);
	cache_close(&h->cache);
	assert_int_equal(chown(h->folder, 1, 1), 0);
	assert_int_equal(cache_open(&h->cache), -EPERM);
	command("rm -r %s/.cache", h->root);
	assert_int_equal(chown(h->root, 1, 1), 0);
	assert_int_equal(cache_open(&h->cache), -EPERM);
}

static void cache_takes_no_entry_that_others_may_write(void **state)
{
	struct cache_folder *h = *state;

	stocked(h);
	assert_int_equal(chmod(h->entry, 0620), 0);
	assert_int_equal(taken(h), -EPERM);
	assert_int_equal(chmod(h->entry, 0602), 0);
	assert_int_equal(taken(h), -EPERM);
}

static void cache_follows_no_link_and_waits_for_no_pipe(void **state)
{
	struct cache_folder *h = *state;
	char elsewhere[256];

	stocked(h);
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", h->root);
	assert_int_equal(rename(h->entry, elsewhere), 0);
	assert_int_equal(symlink(elsewhere, h->entry), 0);
	assert_int_equal(taken(h), -ELOOP);
	assert_int_equal(unlink(h->entry), 0);
	assert_int_equal(mkfifo(h->entry, 0600), 0);
	assert_int_equal(taken(h), -EPERM);
	assert_int_equal(unlink(h->entry), 0);
	assert_int_equal(mkdir(h->entry, 0700), 0);
	assert_int_equal(taken(h), -EPERM);
	assert_int_equal(rmdir(h->entry), 0);
}

/* A link at the entry's path is replaced, not followed. */
static void cache_puts_a_new_entry_in_place_of_a_link(void **state)
{
	struct cache_folder *h = *state;
	char elsewhere[256];
	struct stat st;

	stocked(h);
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", h->root);
	command("echo precious > %s", elsewhere);
	assert_int_equal(unlink(h->entry), 0);
	assert_int_equal(symlink(elsewhere, h->entry), 0);
	assert_int_equal(cache_put(&h->cache, &key, contents), 0);
	assert_int_equal(taken(h), 0);
	assert_int_equal(stat(elsewhere, &st), 0);
	assert_int_equal(st.st_size, 9);
}

static void cache_takes_nothing_broken_and_replaces_it(void **state)
{
	static const off_t sizes[] = {0, 1, CACHE_HEADER_BYTES, (off_t)CACHE_ENTRY_BYTES_MAX + 1};
	struct cache_folder *h = *state;

	stocked(h);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(truncate(h->entry, sizes[i]), 0);
		assert_int_equal(taken(h), -EINVAL);
		assert_int_equal(cache_put(&h->cache, &key, contents), 0);
		assert_int_equal(taken(h), 0);
	}
}

static void cache_keeps_the_newest_entries_and_what_is_not_its_own(void **state)
{
	struct cache_folder *h = *state;
	struct cache_key many = {{0}};
	char path[256];
	unsigned there = 0;

	stocked(h);
	command("touch -d '1 hour ago' %s/*.jar", h->folder);
	command("touch -d '2 hours ago' %s/notes.txt", h->folder);
	for (unsigned i = 0; i < 20; i++) {
		many.byte[0] = (uint8_t)i;
		assert_int_equal(cache_put(&h->cache, &many, contents), 0);
	}
	assert_int_equal(taken(h), -ENOENT);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "%s/%02x%s", h->folder, i, &ENTRY_NAME[2]);
		there += access(path, F_OK) == 0;
	}
	assert_int_equal(there, CACHE_ENTRIES);
	assert_int_equal(access(path, F_OK), 0);
	snprintf(path, sizeof(path), "%s/notes.txt", h->folder);
	assert_int_equal(access(path, F_OK), 0);
}

/* A file size limit simulates a full disk. */
static void cache_on_a_full_disk_changes_nothing(void **state)
{
	struct cache_folder *h = *state;
	struct rlimit before, tight;
	char entry[512];

	stocked(h);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	tight = (struct rlimit){CACHE_HEADER_BYTES, before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	assert_int_equal(cache_put(&h->cache, &key, contents), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(taken(h), 0);
	snprintf(entry, sizeof(entry), "%s.%ld", h->entry, (long)getpid());
	assert_int_equal(access(entry, F_OK), -1);
}

#define IN_A_FOLDER(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_FOLDER(cache_gives_back_what_was_put_in),
		IN_A_FOLDER(cache_is_where_the_environment_says),
		IN_A_FOLDER(cache_can_be_switched_off),
		IN_A_FOLDER(cache_does_without_a_home),
		IN_A_FOLDER(cache_that_others_may_write_is_none),
		IN_A_FOLDER(cache_of_somebody_else_is_none),
		IN_A_FOLDER(cache_takes_no_entry_that_others_may_write),
		IN_A_FOLDER(cache_follows_no_link_and_waits_for_no_pipe),
		IN_A_FOLDER(cache_puts_a_new_entry_in_place_of_a_link),
		IN_A_FOLDER(cache_takes_nothing_broken_and_replaces_it),
		IN_A_FOLDER(cache_keeps_the_newest_entries_and_what_is_not_its_own),
		IN_A_FOLDER(cache_on_a_full_disk_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
