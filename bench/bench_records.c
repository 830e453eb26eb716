/* How fast ordinary flows become JSON: records of every rule of a site, as they end, written into a
 * buffer again and again. Neither packets nor a file are part of it. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buffer.h"
#include "base/errors.h"
#include "config/settings.h"
#include "policy/ruleset.h"
#include "record/ecs.h"

#define RECORDS 1024
#define ROUNDS 1000

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint16_t appliance_with(const struct ruleset *c, unsigned role)
{
	uint16_t i = 0;

	while (i < c->appliances && c->appliance[i].role != role)
		i++;
	return i < c->appliances ? i : APPLIANCE_NONE;
}

/* A flow that the rule expects, as it ended. */
static struct record record_of(const struct ruleset *c, unsigned number)
{
	const struct rule *rule = &c->policy->rule[number % c->policy->rules];
	unsigned own = rule->direction == DIRECTION_OUTBOUND ? 0 : 1;
	struct record r = {
		.kind = RECORD_ENDED,
		.version = 4,
		.protocol = rule->transport == TRANSPORT_TCP ? 6 : 17,
		.port = {(uint16_t)(32768 + number), rule->port},
		.appliance = {APPLIANCE_NONE, APPLIANCE_NONE},
		.verdict = VERDICT_EXPECTED,
		.connection = CONNECTION_ESTABLISHED,
		.end = END_FIN,
		.history_length = 6,
		.history = 0xd2c1a0,
		.start_ns = 1767592800123456789u + number * 1000003ull,
		.packets = {10 + number, 12 + number},
		.bytes = {1200 + 91 * number, 15000 + 77 * number},
		.service = SERVICE_COUNT,
		.service_basis = SERVICE_UNVERIFIED,
	};

	r.end_ns = r.start_ns + 1234567890;
	r.appliance[own] = appliance_with(c, rule->role);
	r.set[own] = policy_set(c->policy, rule->role, (enum direction)rule->direction,
		(enum transport)rule->transport, rule->port);
	for (unsigned end = 0; end < 2; end++)
		for (unsigned i = 12; i < 16; i++)
			r.address[end].byte[i] = (uint8_t)((number + 1) * (end + 3) * i);
	return r;
}

static void run(const struct ecs *e, const struct record *record)
{
	struct buffer json = {.text = NULL};
	double start = seconds(), took;
	size_t bytes = 0;

	for (unsigned i = 0; i < ROUNDS * RECORDS; i++) {
		struct event_words words;
		struct event v;
		event_of_record(&v, e, &record[i % RECORDS], &words);
		ecs_render(&v, e, &json);
		bytes += v.json_bytes;
	}
	took = seconds() - start;
	printf("%.0f records/s, %.3f us and %zu bytes each\n", ROUNDS * RECORDS / took,
		took * 1e6 / (ROUNDS * RECORDS), bytes / (ROUNDS * RECORDS));
	buffer_fini(&json);
}

int main(int argc, char **argv)
{
	struct record *record = calloc(RECORDS, sizeof(*record));
	struct errors errors = {.length = 0};
	struct settings *settings;
	struct ruleset *ruleset;

	if (argc != 2 || !record) {
		fprintf(stderr, "usage: %s SITE\n", argv[0]);
		return 2;
	}
	if (ruleset_open(&ruleset, &settings, argv[1], NULL, &errors) < 0) {
		errors_print(&errors, stderr);
		return 1;
	}
	for (unsigned i = 0; i < RECORDS; i++)
		record[i] = record_of(ruleset, i);
	run(&(struct ecs){.ruleset = ruleset, .observer = "sensor-1"}, record);
	ruleset_close(ruleset);
	settings_free(settings);
	free(record);
	return 0;
}
