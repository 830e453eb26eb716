#include "control/config_fixture.h"

#include <errno.h>

#include "report/policy_table.h"
#include "report/site_overview.h"

/* Out of line: inlined, gcc 12 takes the text for the variable that points to it. */
__attribute__((noinline)) static char *listing_as(struct ruleset *ruleset, struct listing listing)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	listing.appliance = APPLIANCE_NONE;
	assert_int_equal(policy_table_print(ruleset, &listing, out), 0);
	fclose(out);
	ruleset_close(ruleset);
	return text;
}

static char *listing_of(struct ruleset *ruleset, enum listing_format format)
{
	return listing_as(ruleset, (struct listing){.format = format});
}

static char *overview_of(const char *site)
{
	struct settings *settings;
	struct ruleset *ruleset = fixture_open(site, NULL, &settings);
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(site_overview_print(ruleset, settings, out), 0);
	fclose(out);
	settings_free(settings);
	ruleset_close(ruleset);
	return text;
}

static void holds(const char *text, const char *part)
{
	if (!strstr(text, part)) {
		print_error("want: %s\nhave: %s\n", part, text);
		fail();
	}
}

/* The fixture has all columns but the last, which is always `yes`. */
static void listing_of_the_default_profile_is_the_documented_table(void **state)
{
	struct errors errors = {0};
	struct ruleset *ruleset;
	char *text, *line, want[256];
	FILE *file = fopen(FIXTURE_FOLDER "/cloud-delivered.csv", "r");
	size_t rows = 0;

	(void)state;
	assert_non_null(file);
	assert_int_equal(ruleset_open(&ruleset, NULL, NULL, "cloud-delivered", &errors), 0);
	text = listing_of(ruleset, LISTING_CSV);
	line = text;
	while (fgets(want, sizeof(want), file)) {
		size_t length = strcspn(want, "\n");
		assert_memory_equal(line, want, length);
		assert_memory_equal(line + length, rows ? ",yes\n" : ",enabled\n", rows ? 5 : 9);
		line += length + (rows++ ? 5 : 9);
	}
	assert_int_equal(rows, 52);
	assert_string_equal(line, "");
	fclose(file);
	free(text);
}

static void listing_csv_shows_where_rules_are_and_whether_they_hold(void **state)
{
	char *text = listing_of(
		site_opens("features:\n  captive-portal: {enabled: no}\n"
			   "  radius: {ports: {1812/udp: 1645/udp}}\n"
			   "extra_rules:\n  - {role: managed-device, direction: inbound,\n"
			   "     port: 9, transport: tcp, feature: x}\n"),
		LISTING_CSV);

	(void)state;
	holds(text, "\nmanaged-device,inbound,885,tcp,captive-portal,tls|http,no,no,no\n");
	holds(text, "\nmanaged-device,outbound,1645,udp,radius,radius,no,yes,yes\n");
	holds(text, "8305,tcp,appliance-communications,tls,yes,yes,yes\n"
		    "managed-device,inbound,9,tcp,x,,no,no,yes\nmanaged-device,outbound,");
	free(text);
}

static void listing_table_has_rows_of_several_lines_where_a_terminal_is_narrow(void **state)
{
	char *text = listing_as(site_opens("{}\n"), (struct listing){.columns = 60});

	(void)state;
	holds(text,
		"  PORT      FEATURE                   SERVICE\n    REQUIRED  CONFIGURABLE  STATE");
	holds(text,
		"  443/tcp   web-interface             tls\n    no        no            enabled");
	free(text);
}

static void listing_table_shows_moved_disabled_bound_and_recalled_rules(void **state)
{
	char *text = listing_of(
		site_opens("profile: on-premises-7\nfeatures:\n  captive-portal: {enabled: no}\n"
			   "  ldap: {peers: [10.0.0.0/8, 192.0.2.1]}\n"
			   "  appliance-communications: {ports: {8305/tcp: 8306/tcp}}\n"),
		LISTING_TABLE);

	(void)state;
	holds(text, "profile on-premises-7 (7.x), policy sha256:");
	holds(text, "\nmanagement-center, inbound\n");
	holds(text, "8306/tcp (documented 8305)  appliance-communications  tls ");
	holds(text, "disabled  any\n");
	holds(text, "10.0.0.0/8 192.0.2.1\n");
	holds(text, "any                   unverified\n");
	assert_null(strstr(text, "\033"));
	free(text);
}

static void listing_json_holds_every_rule_with_its_words(void **state)
{
	char *text = listing_of(site_opens("features:\n  ldap: {peers: [10.0.0.0/8]}\n"
					   "  radius: {ports: {1812/udp: 1645/udp}}\n"),
		LISTING_JSON);
	size_t rules = 0;

	(void)state;
	for (const char *at = text; (at = strstr(at, "\"id\": ")) != NULL; at++)
		rules++;
	assert_int_equal(rules, 51);
	holds(text, "\"profile\": \"cloud-delivered\"");
	holds(text, "\"policy\": \"sha256:");
	holds(text, "\"documented_port\": 1812");
	holds(text, "\"port\": 1645");
	holds(text, "\"10.0.0.0/8\"");
	holds(text, "\"peers\": \"inventory\"");
	holds(text, "\"not_covered\": [\n      \"icmp\"");
	free(text);
}

static void listing_has_implied_rows_apart_and_in_csv_and_json_where_they_are_asked_for(
	void **state)
{
	struct listing csv = {.format = LISTING_CSV, .with_implied = true};
	struct listing json = {.format = LISTING_JSON, .with_implied = true};
	char *text = listing_of(site_opens("{}\n"), LISTING_TABLE);
	static const char heading[] = "\nmanaged-device, inbound, implied: ";

	(void)state;
	holds(text, heading);
	assert_null(strstr(strstr(text, heading), "captive-portal"));
	holds(strstr(text, heading), "443/udp   remote-access-vpn         dtls  ");
	free(text);
	text = listing_as(site_opens("{}\n"), csv);
	holds(text, ",configurable,enabled,status\n");
	holds(text, "\nmanaged-device,inbound,22,tcp,ssh,ssh,no,no,yes,verified\n");
	holds(text, "\nmanaged-device,inbound,443,udp,remote-access-vpn,dtls,no,no,yes,implied\n");
	free(text);
	text = listing_as(site_opens("{}\n"), json);
	holds(text, "\"status\": \"implied\"");
	free(text);
	text = listing_as(site_opens("implied: flag\n"), csv);
	assert_null(strstr(text, "implied"));
	free(text);
}

static void listing_says_when_it_cannot_be_written(void **state)
{
	static const enum listing_format format[] = {LISTING_TABLE, LISTING_CSV, LISTING_JSON};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct ruleset *ruleset = site_opens("{}\n");
		FILE *full = fopen("/dev/full", "w");
		assert_non_null(full);
		assert_true(policy_table_print(ruleset,
				    &(struct listing){.format = format[i],
					    .with_implied = true,
					    .colour = true,
					    .appliance = APPLIANCE_NONE},
				    full) < 0);
		fclose(full);
		ruleset_close(ruleset);
	}
}

static void site_overview_shows_what_a_site_compiled_to(void **state)
{
	char *text = overview_of(
		"profile: on-premises-7\nappliances:\n"
		"  - {name: fmc, role: management-center, addresses: [10.0.0.1]}\n"
		"  - {name: ftd, role: managed-device, addresses: [10.1.0.0/16]}\n"
		"features:\n  captive-portal: {enabled: no}\n  ldap: {peers: [10.0.0.0/8]}\n"
		"  radius: {ports: {1812/udp: 1645/udp}}\nextra_rules:\n"
		"  - {role: managed-device, direction: inbound, port: 9, transport: tcp, feature: "
		"x}\n"
		"protocols: {not_covered: [gre, 253]}\ncapture: {interfaces: [eth1], warmup: "
		"90s}\n");

	(void)state;
	holds(text, "site        " SITE "\nprofile     on-premises-7 (7.x)\npolicy      sha256:");
	holds(text, "appliances  2: 1 management-center, 1 managed-device\n");
	holds(text, "60: 59 enabled, 1 disabled, 2 moved, 8 bound to peers, 1 site's own; beside "
		    "them 4 implied");
	holds(text, "disabled     managed-device/inbound/885/tcp for captive-portal\n");
	holds(text, "moved        managed-device/outbound/1812/udp for radius, now 1645\n");
	holds(text, "managed-device/outbound/389/tcp for ldap, to 10.0.0.0/8\n");
	holds(text, "managed-device/inbound/9/tcp for x, any service\n");
	holds(text, "protocols   gre not-covered, 253 not-covered; the others as by default\n");
	holds(text, "source auto, interfaces eth1, warm-up 90s, duplicates kept\n");
	holds(text, "closed 5s, ");
	holds(text, "unverified   6, not read");
	free(text);
}

static void site_overview_shows_that_an_inventory_is_missing(void **state)
{
	char *text = overview_of("{}\n");

	(void)state;
	holds(text,
		"appliances  none; replay and run need some: portolan discover CAPTURE proposes "
		"them\n");
	holds(text, "protocols   as by default\n");
	holds(text, "warnings    none\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listing_of_the_default_profile_is_the_documented_table),
		cmocka_unit_test(listing_csv_shows_where_rules_are_and_whether_they_hold),
		cmocka_unit_test(
			listing_table_has_rows_of_several_lines_where_a_terminal_is_narrow),
		cmocka_unit_test(listing_table_shows_moved_disabled_bound_and_recalled_rules),
		cmocka_unit_test(listing_json_holds_every_rule_with_its_words),
		cmocka_unit_test(
			listing_has_implied_rows_apart_and_in_csv_and_json_where_they_are_asked_for),
		cmocka_unit_test(listing_says_when_it_cannot_be_written),
		cmocka_unit_test(site_overview_shows_what_a_site_compiled_to),
		cmocka_unit_test(site_overview_shows_that_an_inventory_is_missing),
	};

	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
