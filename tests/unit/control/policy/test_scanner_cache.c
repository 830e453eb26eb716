#include "control/config_fixture.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/portolan-scanner-XXXXXX";
static char entry[512];

static void arm(void)
{
	struct errors errors = {0};
	struct ruleset *ruleset = site_opens("{}\n");

	assert_int_equal(ruleset_compile(ruleset, &errors), 0);
	ruleset_close(ruleset);
}

/* The inode of the entry: a rewritten entry has another one. */
static ino_t load_and_stat(off_t *size)
{
	struct stat st;

	arm();
	assert_int_equal(stat(entry, &st), 0);
	if (size)
		*size = st.st_size;
	return st.st_ino;
}

static int setup(void **state)
{
	struct dirent *found;
	DIR *open;

	fixture_setup(state);
	assert_non_null(mkdtemp(folder));
	setenv("PORTOLAN_CACHE", folder, 1);
	arm();
	open = opendir(folder);
	assert_non_null(open);
	while ((found = readdir(open))) {
		if (strstr(found->d_name, ".jar"))
			snprintf(entry, sizeof(entry), "%s/%s", folder, found->d_name);
	}
	closedir(open);
	assert_true(entry[0] != '\0');
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static void scanner_cache_compiles_once_and_takes_what_is_kept_afterwards(void **state)
{
	ino_t first = load_and_stat(NULL);

	(void)state;
	assert_true(first == load_and_stat(NULL));
	assert_true(first == load_and_stat(NULL));
}

static void flip(off_t at)
{
	FILE *file = fopen(entry, "r+");
	int byte;

	assert_non_null(file);
	fseek(file, at, SEEK_SET);
	byte = fgetc(file);
	fseek(file, at, SEEK_SET);
	fputc(byte ^ 0x40, file);
	fclose(file);
}

/* Compiling is slow: a few positions per region here; test_cache_entry covers every bit. */
static void scanner_cache_compiles_afresh_what_is_damaged(void **state)
{
	off_t size;
	ino_t file = load_and_stat(&size);
	const off_t places[] = {0, 8, 40, 80, 136, size / 2, size - 1};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		ino_t written;
		flip(places[i]);
		/* Kept open, so that its inode number is not reused. */
		FILE *held = fopen(entry, "r");
		written = load_and_stat(NULL);
		assert_true(written != file);
		assert_true(written == load_and_stat(NULL));
		fclose(held);
		file = written;
	}
}

static void scanner_cache_compiles_without_a_cache(void **state)
{
	(void)state;
	setenv("PORTOLAN_CACHE", "off", 1);
	arm();
	setenv("PORTOLAN_CACHE", folder, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scanner_cache_compiles_once_and_takes_what_is_kept_afterwards),
		cmocka_unit_test(scanner_cache_compiles_afresh_what_is_damaged),
		cmocka_unit_test(scanner_cache_compiles_without_a_cache),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
