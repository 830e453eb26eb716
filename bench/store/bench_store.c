/* What the event store costs, told as a sensor tells it.
 *
 *     bench_store feed DIR RATE SECONDS     so many flows a second, of two hours' time stamps
 *     bench_store year DIR APPLIANCES DAYS  a busy site for so long, and questions to it
 *     bench_store ask DIR                   the same questions to a store that is there
 *     bench_store prune DIR                 removing a day of segments, 24 files of 50 MB, in one
 * go and as a sensor does, and how long another who writes to that disk waits meanwhile
 *
 * DIR is made, and has to be empty or missing, but for `ask`.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/sealer.h"
#include "store/segment_list.h"
#include "store/segment_writer.h"
#include "store/store_schema.h"
#include "store_load.h"
#include "store_year.h"

#define SECOND_NS 1000000000ull
#define BEGAN_NS 1767225600000000000ull /* 2026-01-01 */
#define SLICE_NS (SECOND_NS / 100)

/* ---- feed ---- */

static void sleep_until(uint64_t until_ns)
{
	struct timespec t = {(time_t)(until_ns / SECOND_NS), (long)(until_ns % SECOND_NS)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

/* Time stamps go faster than the clock, so that a segment's hour ends within the run. */
static void tell_flows(struct store_load *l, uint64_t rate, uint64_t seconds)
{
	uint64_t began_ns = load_clock_ns(), total = rate * seconds, told = 0;

	for (uint64_t slice = 1; told < total; slice++) {
		uint64_t due = rate * slice / (SECOND_NS / SLICE_NS);
		for (; told < due && told < total; told++) {
			uint64_t any = load_random(l);
			struct stored_flow f = load_flow(l, (unsigned)(any % l->appliances),
				(any >> 8) % 100 == 0 ? LOAD_ROWS
						      : (unsigned)((any >> 16) % LOAD_ROWS),
				(unsigned)((any >> 32) % l->peers),
				BEGAN_NS + 2 * STORE_HOUR_NS * told / total);
			store_flow(l->store, &f);
		}
		store_flush(l->store);
		sleep_until(began_ns + slice * SLICE_NS);
	}
}

static uint64_t seal_rest(const char *folder)
{
	char path[SEGMENT_PATH_BYTES], why[256];
	struct segment_list list;
	struct stat st;
	uint64_t bytes = 0;

	if (segment_list_read(&list, folder) == 0)
		for (size_t i = 0; i < list.count; i++) {
			segment_path(folder, list.file[i].hour_ns, path);
			if (segment_is_sealed(path, why) == 0)
				segment_seal(path, false, why);
			bytes += stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
		}
	segment_list_free(&list);
	return bytes;
}

static int feed(const char *folder, uint64_t rate, uint64_t seconds)
{
	struct store_config config = {.folder = folder, .keeps_all = true};
	struct store_load l = {.seed = 88172645463325252ull, .appliances = 66, .peers = 200};
	uint64_t began_ns = load_clock_ns(), own_ns, told_ns, all_ns, bytes;
	struct store_state s;
	unsigned unclean;

	if (store_open(&l.store, &config, &unclean) < 0 || store_start(l.store) < 0)
		return EXIT_FAILURE;
	load_begin(&l, BEGAN_NS);
	tell_flows(&l, rate, seconds);
	told_ns = load_clock_ns() - began_ns;
	own_ns = load_thread_ns();
	s = store_state(l.store);
	if (store_close(l.store, BEGAN_NS + 2 * STORE_HOUR_NS, "stopped", 60 * SECOND_NS) < 0)
		return EXIT_FAILURE;
	bytes = seal_rest(folder);
	all_ns = load_process_ns() - own_ns;
	printf("%llu flows told in %.1f s (%.0f a second), all written after %.1f s\n",
		(unsigned long long)(rate * seconds), (double)told_ns / 1e9,
		(double)(rate * seconds) * 1e9 / (double)told_ns,
		(double)(load_clock_ns() - began_ns) / 1e9);
	printf("writing and sealing: %.2f us of processor time a flow, %.0f flows/s of one core\n",
		(double)all_ns / 1e3 / (double)(rate * seconds),
		(double)(rate * seconds) * 1e9 / (double)all_ns);
	printf("%.1f bytes a flow; queue at most %.1f MB; lost %llu\n",
		(double)bytes / (double)(rate * seconds), (double)s.queue_peak_bytes / 1e6,
		(unsigned long long)s.lost);
	return s.lost ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- prune ---- */

#define PRUNE_FILES 24
#define PRUNE_BYTES (50u << 20)

/* A file of this size with the name of a segment; pruning does not open it. */
static int make_segment(const char *folder, uint64_t hour_ns)
{
	char path[SEGMENT_PATH_BYTES], block[65536];
	int fd, error = 0;

	segment_path(folder, hour_ns, path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	memset(block, 'x', sizeof(block));
	for (size_t i = 0; i < PRUNE_BYTES / sizeof(block) && error == 0; i++)
		error = write(fd, block, sizeof(block)) == sizeof(block) ? 0 : -EIO;
	fsync(fd);
	posix_fadvise(
		fd, 0, 0, POSIX_FADV_DONTNEED); /* a segment that is old was not read lately */
	close(fd);
	return error;
}

/* Another who writes to the disk meanwhile, as the store's thread does. */
struct neighbour {
	const char *folder;
	pthread_t thread;
	atomic_bool is_over;
	uint64_t longest_ns;
};

static void *commit_often(void *context)
{
	struct neighbour *n = context;
	char path[SEGMENT_PATH_BYTES], page[4096] = "";
	int fd;

	snprintf(path, sizeof(path), "%.4000s/neighbour", n->folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	while (fd >= 0 && !atomic_load(&n->is_over)) {
		uint64_t began_ns = load_clock_ns(), took_ns;
		if (pwrite(fd, page, sizeof(page), 0) < 0 || fdatasync(fd) < 0)
			break;
		took_ns = load_clock_ns() - began_ns;
		n->longest_ns = took_ns > n->longest_ns ? took_ns : n->longest_ns;
		sleep_until(began_ns + took_ns + SECOND_NS / 1000);
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static uint64_t count_segments(const char *folder)
{
	struct segment_list list;
	uint64_t count = segment_list_read(&list, folder) == 0 ? list.count : 0;

	segment_list_free(&list);
	return count;
}

/* `as_sensor`: on the sealer's thread, which begins with a segment that is to be sealed. */
static void prune_day(const char *folder, uint64_t newest_ns, bool as_sensor)
{
	/* Two segments are newer: the one whose sealing prunes, and the one that is written. */
	struct sealer_config config = {folder, STORE_HOUR_NS, 0, NULL, false};
	struct sealer *s = sealer_new(&config);

	if (s && as_sensor && sealer_start(s, 0) == 0) {
		sealer_add(s, newest_ns);
		while (count_segments(folder) > 1)
			sleep_until(load_clock_ns() + SECOND_NS / 100);
		sealer_stop(s, true);
	} else if (s) {
		sealer_prune(s, newest_ns);
	}
	sealer_free(s);
}

static int prune_as(const char *folder, bool as_sensor)
{
	uint64_t newest_ns = BEGAN_NS + (PRUNE_FILES + 4) * STORE_HOUR_NS, began_ns;
	struct neighbour n = {.folder = folder};

	for (unsigned i = 0; i < PRUNE_FILES; i++)
		if (make_segment(folder, BEGAN_NS + i * STORE_HOUR_NS) < 0)
			return EXIT_FAILURE;
	if (pthread_create(&n.thread, NULL, commit_often, &n) != 0)
		return EXIT_FAILURE;
	began_ns = load_clock_ns();
	prune_day(folder, newest_ns, as_sensor);
	began_ns = load_clock_ns() - began_ns;
	atomic_store(&n.is_over, true);
	pthread_join(n.thread, NULL);
	printf("%u segments of %u MB pruned %s in %.1f ms, a commit beside it takes at most %.1f "
	       "ms\n",
		PRUNE_FILES, PRUNE_BYTES >> 20, as_sensor ? "one by one" : "in one go",
		(double)began_ns / 1e6, (double)n.longest_ns / 1e6);
	return count_segments(folder) == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int prune(const char *folder)
{
	uint64_t newest_ns = BEGAN_NS + (PRUNE_FILES + 4) * STORE_HOUR_NS;

	if (mkdir(folder, 0750) < 0 && errno != EEXIST)
		return EXIT_FAILURE;
	if (make_segment(folder, newest_ns) < 0 || prune_as(folder, false) == EXIT_FAILURE)
		return EXIT_FAILURE;
	return prune_as(folder, true);
}

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 10);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (strcmp(what, "feed") == 0 && argc == 5)
		return feed(argv[2], number(argv[3]), number(argv[4]));
	if (strcmp(what, "year") == 0 && argc == 5)
		return store_year(argv[2], (unsigned)number(argv[3]), (unsigned)number(argv[4]));
	if (strcmp(what, "ask") == 0 && argc == 3)
		return store_ask(argv[2]);
	if (strcmp(what, "prune") == 0 && argc == 3)
		return prune(argv[2]);
	fputs("usage: bench_store feed DIR RATE SECONDS | year DIR APPLIANCES DAYS |"
	      " ask DIR | prune DIR\n",
		stderr);
	return 2;
}
