/* Segments that are too old are removed one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/leftovers.h"
#include "store/sealer.h"
#include "store/segment_list.h"
#include "store/store_schema.h"

#define BEGAN_NS (490000 * STORE_HOUR_NS)
#define SEGMENTS 60

static char folder[] = "/tmp/portolan-test-sealer-XXXXXX";

/* Pruning does not open them. */
static void make_segment(uint64_t hour_ns)
{
	char path[SEGMENT_PATH_BYTES];
	int fd;

	segment_path(folder, hour_ns, path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	assert_true(fd >= 0);
	close(fd);
}

static size_t count(void)
{
	struct segment_list l;
	size_t segments;

	assert_int_equal(segment_list_read(&l, folder), 0);
	segments = l.count;
	segment_list_free(&l);
	return segments;
}

static void an_end_does_not_wait_until_all_old_segments_are_removed(void **state)
{
	struct sealer_config config = {folder, STORE_HOUR_NS, 0, NULL, false};
	uint64_t newest_ns = BEGAN_NS + (SEGMENTS + 4) * STORE_HOUR_NS;
	struct sealer *s = sealer_new(&config);
	size_t left;

	(void)state;
	for (unsigned i = 0; i < SEGMENTS; i++)
		make_segment(BEGAN_NS + i * STORE_HOUR_NS);
	make_segment(newest_ns);
	assert_int_equal(sealer_start(s, 0), 0);
	sealer_add(s, newest_ns);
	while (count() > SEGMENTS)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	sealer_stop(s, false);
	left = count();
	assert_true(left > 1 && left <= SEGMENTS);
	sealer_prune(s, newest_ns);
	assert_int_equal(count(), 1);
	sealer_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_does_not_wait_until_all_old_segments_are_removed),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	leftover_remove(folder);
	return failed;
}
