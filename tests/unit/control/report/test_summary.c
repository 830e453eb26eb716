#include "control/record_fixture.h"

#include "analysis/alerts.h"
#include "analysis/deployment.h"
#include "analysis/mirror_report.h"
#include "analysis/usage.h"
#include "base/terminal.h"
#include "policy/nearest.h"
#include "report/summary.h"

#define NOW (100000 * SECOND)

/* What a summary is made of. */
struct fixture {
	struct ruleset *ruleset;
	struct other_profiles other_profiles;
	struct ecs ecs;
	struct usage_table usage;
	struct alerts alerts;
	struct mirror_report mirror;
	struct deployment deployment;
	struct counters counters;
};

static struct fixture *fixture_open_site(const char *site)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->ruleset = site_opens(site);
	other_profiles_open(&f->other_profiles, f->ruleset);
	f->ecs = (struct ecs){.ruleset = f->ruleset, .other_profiles = &f->other_profiles};
	usage_init(&f->usage, &f->ecs);
	alerts_init(&f->alerts, &f->ecs, NULL, 60 * SECOND);
	assert_int_equal(mirror_report_init(&f->mirror, f->ruleset, false), 0);
	assert_int_equal(deployment_init(&f->deployment, &f->ecs), 0);
	return f;
}

static struct fixture *fixture_open_summary(void)
{
	return fixture_open_site(RECORD_SITE);
}

static void fixture_close_summary(struct fixture *f)
{
	deployment_fini(&f->deployment);
	mirror_report_fini(&f->mirror);
	alerts_fini(&f->alerts);
	usage_fini(&f->usage);
	other_profiles_close(&f->other_profiles);
	ruleset_close(f->ruleset);
	free(f);
}

static char *summary_of(struct fixture *f)
{
	struct summary_input in = {.title = "x",
		.counters = &f->counters,
		.mirror = &f->mirror,
		.deployment = &f->deployment,
		.alerts = &f->alerts};
	struct terminal_style style = terminal_style_of(false);
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	summary_print(&f->usage, &in, &style, out);
	fclose(out);
	return text;
}

static void take(struct fixture *f, struct record r)
{
	alerts_add(&f->alerts, &r);
	if (r.kind == RECORD_EVASION) {
		usage_add_evasion(&f->usage, &r);
		f->counters.evasions[r.evasion_reason]++;
	} else if (r.kind == RECORD_ENDED) {
		usage_add(&f->usage, &r);
		f->counters.verdict_flows[r.verdict]++;
	}
}

static void holds(const char *text, const char *part)
{
	if (!strstr(text, part)) {
		print_error("want: %s\nhave: %s\n", part, text);
		fail();
	}
}

static struct record midstream(const struct fixture *f, const char *peer)
{
	struct record r =
		record_between(f->ruleset, peer, "10.1.0.7", IPPROTO_TCP, 22, NOW, NOW + SECOND);

	r.connection = CONNECTION_MIDSTREAM;
	r.severity = 2;
	return r;
}

static void summary_of_nothing_has_no_findings(void **state)
{
	struct fixture *f = fixture_open_summary();
	char *text = summary_of(f);

	(void)state;
	holds(text, "FLAGGED  nothing\n");
	assert_null(strstr(text, "EVASION"));
	assert_false(summary_has_findings(&f->usage, &f->counters));
	free(text);
	fixture_close_summary(f);
}

static void summary_shows_evasion_of_flows_that_are_not_flagged(void **state)
{
	struct fixture *f = fixture_open_summary();
	struct record r = midstream(f, "203.0.113.66");
	char *text;

	(void)state;
	assert_int_equal(r.verdict, VERDICT_EXPECTED);
	take(f, record_ended(r, END_IDLE));
	r.kind = RECORD_EVASION;
	r.evasion_reason = EVASION_NO_HANDSHAKE;
	take(f, r);
	text = summary_of(f);
	holds(text, "FLAGGED  nothing\n");
	holds(text, "EVASION  1 finding: evidence that is missing");
	holds(text, "MED   ftd inbound 22/tcp from 203.0.113.66  ");
	holds(text, "\n        no-handshake, midstream; 1 flow, 2 packets, ");
	holds(text, evasion_sentence(EVASION_NO_HANDSHAKE));
	assert_true(summary_has_findings(&f->usage, &f->counters));
	free(text);
	fixture_close_summary(f);
}

static void summary_folds_one_reason_of_many_peers(void **state)
{
	struct fixture *f = fixture_open_summary();
	char *text, peer[32];

	(void)state;
	for (unsigned i = 1; i <= 40; i++) {
		struct record r;
		snprintf(peer, sizeof(peer), "203.0.113.%u", i);
		r = midstream(f, peer);
		r.kind = RECORD_EVASION;
		r.evasion_reason = EVASION_NO_HANDSHAKE;
		take(f, r);
	}
	text = summary_of(f);
	holds(text, "EVASION  1 finding");
	holds(text, "ftd inbound 22/tcp from 40 peers  ");
	free(text);
	fixture_close_summary(f);
}

static void summary_names_a_finding_as_its_alert_does(void **state)
{
	struct fixture *f = fixture_open_summary();
	struct record r = record_between(
		f->ruleset, "203.0.113.66", "10.1.0.7", IPPROTO_TCP, 4444, NOW, NOW + SECOND);
	struct finding_key k;
	char *text, id[FINDING_ID_BYTES];

	(void)state;
	r.kind = RECORD_FLAGGED;
	take(f, r);
	k = finding_key_of(&r);
	finding_id(findings_find(&f->alerts.findings, &k), "ftd", id);
	r.start_ns += 7200 * SECOND; /* this one ends first, hours later */
	take(f, record_ended(r, END_FIN));
	text = summary_of(f);
	holds(text, id);
	free(text);
	fixture_close_summary(f);
}

static void summary_says_of_the_first_findings_more_than_of_the_others(void **state)
{
	struct fixture *f = fixture_open_summary();
	char *text, peer[32], want[160];

	(void)state;
	for (unsigned i = 1; i <= 12; i++) {
		struct record r;
		snprintf(peer, sizeof(peer), "203.0.%u.66", i);
		r = record_between(f->ruleset, peer, "10.1.0.7", IPPROTO_TCP, (uint16_t)(4000 + i),
			NOW + i * SECOND, NOW + 20 * SECOND);
		take(f, record_ended(r, END_FIN));
	}
	text = summary_of(f);
	holds(text, "12 findings, by severity; replay --all has the details\n");
	for (unsigned i = 1; i <= 12; i++) {
		snprintf(want, sizeof(want), "inbound %u/tcp from 203.0.%u.66  %s", 4000 + i, i,
			i > 8 ? "unexpected-port, established  19700102T" : "19700102T");
		holds(text, want);
	}
	holds(text, "no rule for inbound 4008/tcp");
	assert_null(strstr(text, "no rule for inbound 4009/tcp"));
	free(text);
	fixture_close_summary(f);
}

static void summary_says_which_interface_where_the_site_tells_them_apart(void **state)
{
	struct fixture *f = fixture_open_site(
		"appliances:\n"
		"  - {name: ftd, role: managed-device, addresses: [10.1.0.0/16],\n"
		"     data_addresses: [203.0.113.0/28]}\n");
	static const char *const to[] = {"203.0.113.3", "10.1.0.7", "10.1.0.7"};
	static const uint16_t port[] = {22, 23, 22};
	char *text;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct record r = record_between(
			f->ruleset, "192.0.2.1", to[i], IPPROTO_TCP, port[i], NOW, NOW + SECOND);
		r.verdict = VERDICT_UNEXPECTED_PORT;
		take(f, record_ended(r, END_FIN));
		if (i == 0) {
			text = summary_of(f);
			holds(text, "ftd (data interface) inbound 22/tcp");
			free(text);
		}
	}
	text = summary_of(f);
	holds(text, "ftd (management interface) inbound 23/tcp");
	free(text);
	fixture_close_summary(f);
}

static void find(struct fixture *f, enum correlation_kind kind, uint64_t since_ns)
{
	struct correlations *all = &f->deployment.correlations;
	struct correlation *found = calloc(1, sizeof(*found));

	assert_non_null(found);
	found->key = (struct correlation_key){.kind = (uint16_t)kind,
		.appliance = (uint16_t)(since_ns % 2),
		.detail = (uint32_t)since_ns,
		.set = SET_NONE,
		.feature = FEATURE_NONE};
	found->since_ns = since_ns;
	HASH_ADD(hh, all->first, key, sizeof(found->key), found);
	all->count++;
}

static void summary_tells_correlated_findings_by_severity_then_time(void **state)
{
	static const char *const order[] = {"CORRELATED findings", "\n  MED   ",
		"binds to LDAP with its password in clear text", "\n  MED   ",
		"a declared device without any channel", "\n  MED   ",
		"sends syslog in clear text beside syslog over TLS", "\n  LOW   ",
		"uses 80/tcp and never 443/tcp"};
	struct fixture *f = fixture_open_summary();
	char *text, *at;

	(void)state;
	find(f, CORRELATION_HTTP_ALONE, 100);
	find(f, CORRELATION_CLEAR_LDAP, 101);
	find(f, CORRELATION_CLEAR_SYSLOG, 104);
	find(f, CORRELATION_NO_CHANNEL, 103);
	at = text = summary_of(f);
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		holds(at, order[i]);
		at = strstr(at, order[i]);
	}
	free(text);
	fixture_close_summary(f);
}

static void summary_says_how_to_see_the_correlated_findings_that_it_leaves_out(void **state)
{
	struct fixture *f = fixture_open_summary();
	char *text;

	(void)state;
	for (uint64_t i = 1; i <= 25; i++)
		find(f, CORRELATION_CLEAR_SYSLOG, i);
	text = summary_of(f);
	holds(text, "  … and 5 more: replay --all shows them\n");
	free(text);
	fixture_close_summary(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(summary_of_nothing_has_no_findings),
		cmocka_unit_test(summary_shows_evasion_of_flows_that_are_not_flagged),
		cmocka_unit_test(summary_folds_one_reason_of_many_peers),
		cmocka_unit_test(summary_names_a_finding_as_its_alert_does),
		cmocka_unit_test(summary_says_of_the_first_findings_more_than_of_the_others),
		cmocka_unit_test(summary_says_which_interface_where_the_site_tells_them_apart),
		cmocka_unit_test(
			summary_says_how_to_see_the_correlated_findings_that_it_leaves_out),
		cmocka_unit_test(summary_tells_correlated_findings_by_severity_then_time),
	};
	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
