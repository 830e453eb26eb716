#include "store_year.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/coverage.h"
#include "store/questions.h"
#include "store/segment_list.h"
#include "store/store_schema.h"
#include "store_load.h"

#define BEGAN_NS 1767225600000000000ull /* 2026-01-01 */
#define SECOND_NS 1000000000ull

/* What a busy site has: peers of an endpoint, findings a day, connections of a channel a day, days
 * between restarts. */
#define PEERS 12
#define FINDINGS_A_DAY 20
#define CONNECTIONS_A_DAY 2
#define DAYS_A_RUN 30

static void tell_finding(struct store_load *l, unsigned number, uint64_t at_ns)
{
	static const char *const state[] = {"new", "repeated", "ended"};
	char id[STORED_ID_BYTES], document[2500], peer[32];
	unsigned appliance = (unsigned)(load_random(l) % l->appliances);
	struct stored_finding f = {.id = id,
		.family = "flow",
		.appliance = load_name(appliance),
		.peer = peer,
		.direction = "outbound",
		.port = "4444/tcp",
		.verdict = "unexpected-port",
		.connection = "established",
		.message =
			"ftd reached a stranger on 4444/tcp, which no rule of a managed device has",
		.policy = "sha256:0",
		.document = document,
		.first_ns = at_ns,
		.last_ns = at_ns,
		.flows = 1,
		.members = 1,
		.severity = 3};

	memset(document, 'x', sizeof(document) - 1);
	document[sizeof(document) - 1] = '\0';
	snprintf(
		id, sizeof(id), "%08uT00-%016llx", number / 24, (unsigned long long)load_random(l));
	snprintf(peer, sizeof(peer), "203.12.%u.%u", number / 250 % 250, number % 250 + 1);
	for (unsigned i = 0; i < 3; i++) {
		f.state = state[i];
		f.told_ns = at_ns + i * 600 * SECOND_NS;
		store_finding(l->store, &f);
	}
}

static void tell_connections(struct store_load *l, uint64_t at_ns)
{
	for (unsigned a = 0; a < l->appliances; a++)
		for (unsigned i = 0; i < 2; i++) {
			char other[64], initiator[48];
			struct stored_connection c = {.one = "fmc-1",
				.other = other,
				.initiator = initiator,
				.responder = "10.10.0.5:8305",
				.connection = "established",
				.ending = "fin",
				.first_ns = at_ns,
				.last_ns = at_ns + STORE_DAY_NS / CONNECTIONS_A_DAY};
			snprintf(other, sizeof(other), "%s", load_name(a));
			snprintf(initiator, sizeof(initiator), "10.20.%u.1:%u", a,
				40000 + (unsigned)(load_random(l) % 20000));
			store_connection(l->store, &c);
		}
}

static void tell_hour(struct store_load *l, uint64_t hour_ns)
{
	for (unsigned a = 0; a < l->appliances; a++)
		for (unsigned end = 0; end < LOAD_ROWS; end++) {
			struct stored_flow f =
				load_flow(l, a, end, (unsigned)(load_random(l) % PEERS),
					hour_ns + load_random(l) % STORE_HOUR_NS);
			store_flow(l->store, &f);
		}
	for (unsigned minute = 0; minute < 60; minute++) {
		struct stored_minute m = {.minute_ns = hour_ns + minute * STORE_MINUTE_NS,
			.frames = 30000000,
			.bytes = 20000000000u,
			.monitored = 400000};
		store_minute(l->store, &m);
	}
	store_flush(l->store);
}

static void tell_day(struct store_load *l, unsigned day)
{
	uint64_t day_ns = BEGAN_NS + day * STORE_DAY_NS;

	for (unsigned hour = 0; hour < 24; hour++)
		tell_hour(l, day_ns + hour * STORE_HOUR_NS);
	for (unsigned i = 0; i < FINDINGS_A_DAY; i++) {
		uint64_t at_ns = day_ns + load_random(l) % STORE_DAY_NS;
		struct stored_flow f = load_flow(l, (unsigned)(load_random(l) % l->appliances),
			LOAD_ROWS, day * FINDINGS_A_DAY + i, at_ns);
		tell_finding(l, day * FINDINGS_A_DAY + i, at_ns);
		store_flow(l->store, &f);
	}
	for (unsigned i = 0; i < CONNECTIONS_A_DAY; i++)
		tell_connections(l, day_ns + i * STORE_DAY_NS / CONNECTIONS_A_DAY);
}

static int tell_run(const char *folder, unsigned appliances, unsigned first, unsigned days)
{
	struct store_config config = {
		.folder = folder, .may_wait = true, .keep_ns = 90 * STORE_DAY_NS};
	struct store_load l = {.seed = 88172645463325252ull + first, .appliances = appliances};
	unsigned unclean;

	if (store_open(&l.store, &config, &unclean) < 0 || store_start(l.store) < 0)
		return -1;
	load_begin(&l, BEGAN_NS + first * STORE_DAY_NS);
	for (unsigned day = first; day < first + days; day++)
		tell_day(&l, day);
	return store_close(l.store, BEGAN_NS + (first + days) * STORE_DAY_NS, "stopped", 0);
}

/* What a question after a night has to read from the disk. */
static void forget_pages(const char *folder)
{
	char path[SEGMENT_PATH_BYTES];
	int fd;

	state_path(folder, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	fdatasync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
}

static int ask(const char *folder, const char *name, question_asker *asker, uint64_t window_ns,
	const char *window)
{
	struct answer_table a = {.limit = 100};
	struct store_reader r;
	struct store_filter f = {0};
	struct coverage c;
	uint64_t began_ns, asked_ns;
	int error;

	forget_pages(folder);
	began_ns = load_clock_ns();
	if (store_reader_open(&r, folder, 0) < 0)
		return -1;
	f.until_ns = r.now_ns;
	f.since_ns =
		window_ns && r.now_ns - r.first_ns > window_ns ? r.now_ns - window_ns : r.first_ns;
	error = asker(&r, &f, &a);
	asked_ns = load_clock_ns();
	if (error == 0)
		error = coverage_read(&r, f.since_ns, f.until_ns, &c);
	printf("%-9s %-7s %6.3f s and coverage %6.3f s, %zu rows\n", name, window,
		(double)(asked_ns - began_ns) / 1e9, (double)(load_clock_ns() - asked_ns) / 1e9,
		answer_rows(&a));
	answer_fini(&a);
	store_reader_close(&r);
	return error;
}

static int ask_all(const char *folder)
{
	static const struct {
		const char *name;
		question_asker *ask;
	} question[] = {{"matrix", ask_matrix}, {"timeline", ask_timeline}, {"silent", ask_silent},
		{"new", ask_new}, {"findings", ask_findings}};
	int error = 0;

	for (size_t i = 0; i < sizeof(question) / sizeof(question[0]) && error == 0; i++) {
		error = ask(folder, question[i].name, question[i].ask, STORE_DAY_NS, "a day");
		if (error == 0)
			error = ask(folder, question[i].name, question[i].ask, 7 * STORE_DAY_NS,
				"a week");
		if (error == 0)
			error = ask(folder, question[i].name, question[i].ask, 0, "all");
	}
	return error;
}

int store_ask(const char *folder)
{
	struct store_config config = {.folder = folder};
	uint64_t began_ns = load_clock_ns();
	struct store *s;
	unsigned unclean;

	if (store_open(&s, &config, &unclean) < 0)
		return EXIT_FAILURE;
	store_close(s, 0, NULL, 0);
	printf("opened, and brought up to date where it was older, in %.1f s\n",
		(double)(load_clock_ns() - began_ns) / 1e9);
	return ask_all(folder) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int store_year(const char *folder, unsigned appliances, unsigned days)
{
	uint64_t began_ns = load_clock_ns();
	char path[SEGMENT_PATH_BYTES];
	struct stat st;
	int error = 0;

	for (unsigned day = 0; day < days && error == 0; day += DAYS_A_RUN)
		error = tell_run(
			folder, appliances, day, days - day < DAYS_A_RUN ? days - day : DAYS_A_RUN);
	state_path(folder, path);
	if (error < 0 || stat(path, &st) < 0)
		return EXIT_FAILURE;
	printf("%u appliances, %u days: state.db %.1f MB, told in %.1f s (%.1f s of processor "
	       "time)\n",
		appliances, days, (double)st.st_size / 1e6,
		(double)(load_clock_ns() - began_ns) / 1e9, (double)load_process_ns() / 1e9);
	return ask_all(folder) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
