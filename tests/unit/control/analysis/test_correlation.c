#include "control/record_fixture.h"

#include "analysis/channels.h"
#include "analysis/correlation.h"
#include "analysis/exposure.h"
#include "analysis/matrix.h"
#include "policy/remap.h"

#define START (100000 * SECOND)
#define DAY (86400 * SECOND)
#define NEVER 0

enum { FMC, FTD, LONE };

/* Inputs of the evaluation, and the calls of the listener. */
struct correlation_fixture {
	struct ruleset *ruleset;
	struct matrix matrix;
	struct channels channels;
	struct exposures exposures;
	struct correlations correlations;
	unsigned begun[CORRELATION_COUNT], ended[CORRELATION_COUNT];
};

static void on_change(void *context, const struct correlation *f, bool begins)
{
	struct correlation_fixture *w = context;

	*(begins ? &w->begun[f->key.kind] : &w->ended[f->key.kind]) += 1;
}

static struct correlation_fixture *correlation_fixture_open(const char *site)
{
	struct correlation_fixture *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->ruleset = site_opens(site);
	assert_int_equal(matrix_init(&w->matrix, w->ruleset), 0);
	assert_int_equal(channels_init(&w->channels, w->ruleset), 0);
	exposures_init(&w->exposures, w->ruleset);
	assert_int_equal(correlations_init(&w->correlations, w->ruleset, START), 0);
	return w;
}

static void correlation_fixture_close(struct correlation_fixture *w)
{
	correlations_fini(&w->correlations);
	exposures_fini(&w->exposures);
	channels_fini(&w->channels);
	matrix_fini(&w->matrix);
	ruleset_close(w->ruleset);
	free(w);
}

static void take(struct correlation_fixture *w, struct record r)
{
	matrix_take(&w->matrix, &r);
	channels_take(&w->channels, &r);
	exposures_take(&w->exposures, &r);
	correlations_take(&w->correlations, &r);
}

static void evaluate(struct correlation_fixture *w, uint64_t now_ns, bool in_doubt)
{
	const struct correlation_evidence e = {
		&w->matrix, &w->channels, &w->exposures, now_ns, DAY, in_doubt};

	memset(w->begun, 0, sizeof(w->begun));
	memset(w->ended, 0, sizeof(w->ended));
	correlations_evaluate(&w->correlations, &e, on_change, w);
}

static const struct correlation *found(
	const struct correlation_fixture *w, enum correlation_kind kind)
{
	for (const struct correlation *f = w->correlations.first; f; f = f->hh.next)
		if (f->key.kind == kind)
			return f;
	return NULL;
}

static void correlation_of_a_device_without_channel_waits_five_minutes(void **state)
{
	struct correlation_fixture *w = correlation_fixture_open(RECORD_SITE);

	(void)state;
	evaluate(w, START + 299 * SECOND, false);
	assert_int_equal(w->begun[CORRELATION_NO_CHANNEL], 0);
	evaluate(w, START + 301 * SECOND, false);
	assert_int_equal(w->begun[CORRELATION_NO_CHANNEL], 2); /* the two devices */
	evaluate(w, START + 302 * SECOND, false);
	assert_int_equal(w->begun[CORRELATION_NO_CHANNEL], 0);
	take(w, record_between(w->ruleset, "10.2.0.1", "10.0.0.1", IPPROTO_TCP, 8305, START,
			START + 302 * SECOND));
	evaluate(w, START + 303 * SECOND, false);
	assert_int_equal(w->ended[CORRELATION_NO_CHANNEL], 1);
	correlation_fixture_close(w);
}

#define MANAGED_SITE                                                                               \
	"appliances:\n"                                                                            \
	"  - {name: fmc-1, role: management-center, addresses: [10.0.0.1]}\n"                      \
	"  - {name: fmc-2, role: management-center, addresses: [10.0.0.2], managers: [fmc-1]}\n"   \
	"  - {name: ftd-1, role: managed-device, addresses: [10.1.0.1], managers: [fmc-1]}\n"      \
	"  - {name: ftd-2, role: managed-device, addresses: [10.2.0.1]}\n"                         \
	"  - {name: lone, role: managed-device, addresses: [10.3.0.1],\n"                          \
	"     profile: locally-managed-device}\n"

static void correlation_of_a_missing_channel_names_the_declared_center(void **state)
{
	struct correlation_fixture *w = correlation_fixture_open(MANAGED_SITE);

	(void)state;
	take(w, record_between(w->ruleset, "10.1.0.1", "10.0.0.1", IPPROTO_TCP, 8305, START,
			START + 302 * SECOND));
	evaluate(w, START + 299 * SECOND, false);
	assert_null(found(w, CORRELATION_CHANNEL_MISSING));
	evaluate(w, START + 302 * SECOND, false);
	/* Its center's partner manages it, too; partners have one with each other. */
	assert_int_equal(w->begun[CORRELATION_CHANNEL_MISSING], 2);
	assert_string_equal(found(w, CORRELATION_CHANNEL_MISSING)->detail, "fmc-1");
	/* Of the device that names nobody any channel would do; the other one has none to have. */
	assert_int_equal(w->begun[CORRELATION_NO_CHANNEL], 1);
	take(w, record_between(w->ruleset, "10.1.0.1", "10.0.0.2", IPPROTO_TCP, 8305, START,
			START + 303 * SECOND));
	evaluate(w, START + 304 * SECOND, false);
	assert_int_equal(w->ended[CORRELATION_CHANNEL_MISSING], 1);
	correlation_fixture_close(w);
}

static void correlation_of_absence_is_inconclusive_while_the_mirror_is_in_doubt(void **state)
{
	struct correlation_fixture *w = correlation_fixture_open(RECORD_SITE);

	(void)state;
	evaluate(w, START + 301 * SECOND, true);
	assert_true(found(w, CORRELATION_NO_CHANNEL)->inconclusive);
	evaluate(w, START + 302 * SECOND, false);
	assert_false(found(w, CORRELATION_NO_CHANNEL)->inconclusive);
	correlation_fixture_close(w);
}

/* The profile says which rows speak by themselves. */
static void correlation_of_silence_leaves_out_the_sessions_of_people(void **state)
{
	struct correlation_fixture *w = correlation_fixture_open(RECORD_SITE);
	static const uint16_t port[] = {22, 443};

	(void)state;
	for (size_t i = 0; i < sizeof(port) / sizeof(port[0]); i++)
		take(w, record_ended(record_between(w->ruleset, "192.0.2.1", "10.1.0.7",
					     IPPROTO_TCP, port[i], START, START + SECOND),
				END_FIN));
	evaluate(w, START + DAY + 2 * SECOND, false);
	assert_null(found(w, CORRELATION_FELL_SILENT));
	correlation_fixture_close(w);
}

static void correlation_of_silence_has_the_rules_of_a_site_that_speak_by_themselves(void **state)
{
	struct correlation_fixture *w = correlation_fixture_open(RECORD_SITE
		"extra_rules:\n"
		"  - {role: managed-device, direction: outbound, port: 9000, transport: tcp,\n"
		"     feature: push, unattended: true}\n"
		"  - {role: managed-device, direction: outbound, port: 9001, transport: tcp,\n"
		"     feature: pull}\n");
	static const uint16_t port[] = {9000, 9001};
	char text[CORRELATION_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(port) / sizeof(port[0]); i++)
		take(w, record_ended(record_between(w->ruleset, "10.1.0.7", "192.0.2.1",
					     IPPROTO_TCP, port[i], START, START + SECOND),
				END_FIN));
	evaluate(w, START + DAY + 2 * SECOND, false);
	assert_int_equal(w->begun[CORRELATION_FELL_SILENT], 1);
	correlation_text(&w->correlations, found(w, CORRELATION_FELL_SILENT), text);
	assert_non_null(strstr(text, "no traffic on managed-device/outbound/9000/tcp since "));
	correlation_fixture_close(w);
}

static void correlation_of_a_rule_that_fell_silent_ends_with_its_next_packet(void **state)
{
	struct correlation_fixture *w = correlation_fixture_open(RECORD_SITE);
	struct record r = record_ended(record_between(w->ruleset, "10.1.0.7", "192.0.2.1",
					       IPPROTO_UDP, 123, START, START + SECOND),
		END_IDLE);
	char text[CORRELATION_TEXT_BYTES];

	(void)state;
	take(w, r);
	evaluate(w, START + DAY, false);
	assert_null(found(w, CORRELATION_FELL_SILENT));
	evaluate(w, START + DAY + 2 * SECOND, false);
	assert_int_equal(w->begun[CORRELATION_FELL_SILENT], 1);
	correlation_text(&w->correlations, found(w, CORRELATION_FELL_SILENT), text);
	assert_non_null(strstr(text, "ftd: "));
	assert_non_null(strstr(text, "no traffic on managed-device/outbound/123/udp since "));
	r.end_ns = START + DAY + 3 * SECOND;
	take(w, r);
	evaluate(w, START + DAY + 4 * SECOND, false);
	assert_int_equal(w->ended[CORRELATION_FELL_SILENT], 1);
	correlation_fixture_close(w);
}

static void correlation_of_a_disabled_feature_lasts_for_the_silence(void **state)
{
	struct correlation_fixture *w =
		correlation_fixture_open(RECORD_SITE "features: {ssh: {enabled: no}}\n");

	(void)state;
	take(w, record_ended(record_between(w->ruleset, "192.0.2.1", "10.1.0.7", IPPROTO_TCP, 22,
				     START, START + SECOND),
			END_FIN));
	evaluate(w, START + 2 * SECOND, false);
	assert_int_equal(w->begun[CORRELATION_OFF_AND_USED], 1);
	evaluate(w, START + DAY + 2 * SECOND, false);
	assert_int_equal(w->ended[CORRELATION_OFF_AND_USED], 1);
	correlation_fixture_close(w);
}

static void correlation_of_the_old_port_names_who_still_uses_it(void **state)
{
	struct correlation_fixture *w = correlation_fixture_open(RECORD_SITE
		"features: {appliance-communications: {ports: {8305/tcp: 8306/tcp}}}\n");

	(void)state;
	take(w, record_between(w->ruleset, "10.2.0.1", "10.0.0.1", IPPROTO_TCP, 8305, START,
			START + SECOND));
	evaluate(w, START + 2 * SECOND, false);
	assert_true(w->begun[CORRELATION_MIXED_PORTS] > 0);
	evaluate(w, START + DAY + 2 * SECOND, false);
	assert_null(found(w, CORRELATION_MIXED_PORTS));
	correlation_fixture_close(w);
}

static void correlation_of_an_enabled_feature_that_nobody_uses_comes_after_the_silence(void **state)
{
	struct correlation_fixture *w = correlation_fixture_open(RECORD_SITE);

	(void)state;
	evaluate(w, START + DAY - SECOND, false);
	assert_null(found(w, CORRELATION_ON_AND_SILENT));
	evaluate(w, START + DAY + SECOND, false);
	assert_non_null(found(w, CORRELATION_ON_AND_SILENT));
	correlation_fixture_close(w);
}

static void correlations_of_a_capture_know_no_start_and_no_absence(void **state)
{
	struct correlation_fixture *w = correlation_fixture_open(RECORD_SITE);

	(void)state;
	correlations_fini(&w->correlations);
	assert_int_equal(correlations_init(&w->correlations, w->ruleset, NEVER), 0);
	evaluate(w, NEVER, false);
	assert_int_equal(w->correlations.count, 0);
	correlation_fixture_close(w);
}

static void correlations_outlive_a_reload_with_their_appliances(void **state)
{
	struct correlation_fixture *w = correlation_fixture_open(RECORD_SITE);
	struct ruleset *again =
		site_opens("appliances:\n"
			   "  - {name: lone, role: managed-device, addresses: [10.2.0.1]}\n");
	struct remap remap;

	(void)state;
	evaluate(w, START + 301 * SECOND, false);
	assert_int_equal(w->correlations.count, 2);
	assert_int_equal(remap_open(&remap, w->ruleset, again), 0);
	assert_int_equal(correlations_reload(&w->correlations, again, &remap), 0);
	assert_int_equal(w->correlations.count, 1);
	assert_int_equal(w->correlations.first->key.appliance, 0);
	assert_true(w->correlations.first->since_ns == START + 301 * SECOND);
	remap_close(&remap);
	correlation_fixture_close(w);
	ruleset_close(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(correlation_of_a_device_without_channel_waits_five_minutes),
		cmocka_unit_test(correlation_of_a_missing_channel_names_the_declared_center),
		cmocka_unit_test(
			correlation_of_absence_is_inconclusive_while_the_mirror_is_in_doubt),
		cmocka_unit_test(correlation_of_silence_leaves_out_the_sessions_of_people),
		cmocka_unit_test(
			correlation_of_silence_has_the_rules_of_a_site_that_speak_by_themselves),
		cmocka_unit_test(correlation_of_a_rule_that_fell_silent_ends_with_its_next_packet),
		cmocka_unit_test(correlation_of_a_disabled_feature_lasts_for_the_silence),
		cmocka_unit_test(correlation_of_the_old_port_names_who_still_uses_it),
		cmocka_unit_test(
			correlation_of_an_enabled_feature_that_nobody_uses_comes_after_the_silence),
		cmocka_unit_test(correlations_of_a_capture_know_no_start_and_no_absence),
		cmocka_unit_test(correlations_outlive_a_reload_with_their_appliances),
	};
	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
