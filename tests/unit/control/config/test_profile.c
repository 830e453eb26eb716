#include "control/config_fixture.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* Rows of the default profile that are not documented. */
#define IMPLIED 4

#define HEAD "name: test\nrows:\n"
#define ONE ROW("managed-device", "inbound", "22", "tcp", "ssh", "")
#define KEY(port, feature)                                                                         \
	"  - {role: managed-device, direction: inbound, port: " port                               \
	", transport: tcp, feature: " feature "}\n"

static void profile_default_is_the_cloud_delivered_one(void **state)
{
	struct errors errors = {0};
	struct ruleset *ruleset;

	(void)state;
	assert_int_equal(ruleset_open(&ruleset, NULL, NULL, NULL, &errors), 0);
	assert_string_equal(ruleset->profile, "cloud-delivered");
	assert_string_equal(ruleset->name, "cloud-delivered");
	assert_int_equal(ruleset->policy->rules, 51 + IMPLIED);
	assert_int_equal(ruleset->warnings, 0);
	ruleset_close(ruleset);
}

static void profile_rows_that_ship_say_what_they_are_and_where_they_were_read(void **state)
{
	char **name = ruleset_profile_names();

	(void)state;
	for (size_t p = 0; name[p]; p++) {
		struct errors errors = {0};
		struct ruleset *ruleset;
		assert_int_equal(ruleset_open(&ruleset, NULL, NULL, name[p], &errors), 0);
		for (uint32_t i = 0; i < ruleset->policy->rules; i++) {
			assert_true(strlen(ruleset->rule[i].description) > 10);
			assert_true(strlen(ruleset->rule[i].source) > 10);
			assert_true(ruleset->policy->rule[i].services != 0);
			assert_true(ruleset->policy->rule[i].enabled);
		}
		ruleset_close(ruleset);
	}
	ruleset_names_free(name);
}

/* What changed from one version to the next, row by row. */
static void profile_versions_differ_as_they_are_known_to(void **state)
{
	static const struct {
		const char *profile, *id;
		bool has;
	} row[] = {
		{"cloud-managed-device", "managed-device/inbound/8305/tcp", false},
		{"cloud-managed-device", "managed-device/outbound/8305/tcp", true},
		{"cloud-managed-device", "management-center/inbound/443/tcp", false},
		{"locally-managed-device", "managed-device/outbound/8305/tcp", false},
		{"locally-managed-device", "managed-device/inbound/443/tcp", true},
		{"legacy-6", "managed-device/outbound/8514/udp", false},
		{"legacy-6", "management-center/inbound/3306/tcp", true},
		{"legacy-6", "management-center/outbound/32137/tcp", true},
		{"legacy-6", "management-center/inbound/8302/tcp", true},
		{"on-premises-7", "management-center/inbound/3306/tcp", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct errors errors = {0};
		struct ruleset *c;
		bool found = false;
		assert_int_equal(ruleset_open(&c, NULL, NULL, row[i].profile, &errors), 0);
		for (uint32_t r = 0; r < c->policy->rules; r++) {
			found |= strcmp(c->rule[r].id, row[i].id) == 0;
			if (strcmp(row[i].profile, "legacy-6") == 0)
				assert_int_not_equal(c->rule[r].status, RULE_VERIFIED);
		}
		assert_int_equal(found, row[i].has);
		ruleset_close(c);
	}
}

/* The portal's port is a field of its settings, though the table does not call it configurable. */
static void profile_lets_the_captive_portal_move(void **state)
{
	struct ruleset *c =
		site_opens("features: {captive-portal: {ports: {885/tcp: 8885/tcp}}}\n");

	(void)state;
	assert_int_not_equal(
		policy_set(c->policy, ROLE_MANAGED_DEVICE, DIRECTION_INBOUND, TRANSPORT_TCP, 8885),
		SET_NONE);
	assert_int_equal(
		policy_set(c->policy, ROLE_MANAGED_DEVICE, DIRECTION_INBOUND, TRANSPORT_TCP, 885),
		SET_NONE);
	ruleset_close(c);
}

static void profile_binds_appliance_communications_to_the_inventory(void **state)
{
	struct errors errors = {0};
	struct ruleset *ruleset;

	(void)state;
	assert_int_equal(ruleset_open(&ruleset, NULL, NULL, "cloud-delivered", &errors), 0);
	for (uint32_t i = 0; i < ruleset->policy->rules; i++)
		if (!ruleset->policy->rule[i].implied)
			assert_int_equal(ruleset->policy->rule[i].peers,
				ruleset->policy->rule[i].port == 8305 ? PEERS_INVENTORY
								      : PEERS_ANY);
	ruleset_close(ruleset);
}

static void profile_on_premises_extends_the_cloud_delivered_one(void **state)
{
	struct errors errors = {0};
	struct ruleset *ruleset;

	(void)state;
	assert_int_equal(ruleset_open(&ruleset, NULL, NULL, "on-premises-7", &errors), 0);
	assert_int_equal(ruleset->policy->rules, 51 + 8 + IMPLIED);
	assert_true(ruleset->rule[rule_of(ruleset, "management-center/inbound/443/tcp",
					  "web-interface")]
			    .required);
	assert_string_equal(
		ruleset->rule[rule_of(ruleset, "management-center/inbound/22/tcp", "ssh")].origin,
		"on-premises-7");
	assert_string_equal(
		ruleset->rule[rule_of(ruleset, "managed-device/inbound/22/tcp", "ssh")].origin,
		"cloud-delivered");
	ruleset_close(ruleset);
}

static void profile_rows_that_are_recalled_are_counted_as_unverified(void **state)
{
	struct errors errors = {0};
	struct ruleset *ruleset;

	(void)state;
	assert_int_equal(ruleset_open(&ruleset, NULL, NULL, "on-premises-7", &errors), 0);
	assert_int_equal(ruleset->unverified, 6);
	assert_int_equal(ruleset->warnings, 0);
	ruleset_close(ruleset);
}

static void profile_names_are_sorted(void **state)
{
	char **names = ruleset_profile_names();

	(void)state;
	assert_string_equal(names[0], "cloud-delivered");
	assert_string_equal(names[1], "cloud-managed-device");
	assert_string_equal(names[4], "on-premises-7");
	assert_null(names[5]);
	ruleset_names_free(names);
}

static void profile_takes_a_service_or_a_list_of_them(void **state)
{
	struct ruleset *ruleset = profile_opens(
		HEAD "  - {role: managed-device, direction: inbound, port: 1, transport: udp,\n"
		     "     feature: a, service: [xmpp, tls], description: d, source: s,\n"
		     "     status: verified}\n" ONE);
	uint32_t a = rule_of(ruleset, "managed-device/inbound/1/udp", "a");

	(void)state;
	assert_int_equal(ruleset->policy->rule[a].services,
		SERVICE_BIT(SERVICE_TLS) | SERVICE_BIT(SERVICE_XMPP));
	assert_string_equal(ruleset->rule[a].service, "xmpp|tls");
	assert_string_equal(ruleset->name, "test");
	ruleset_close(ruleset);
}

static void profile_refuses_a_row_without_its_status(void **state)
{
	(void)state;
	profile_refused(HEAD
		"  - {role: managed-device, direction: inbound, port: 1, transport: udp,\n"
		"     feature: a, service: tls, description: d, source: s}\n",
		PROFILE ":3: found no status in an entry of rows; want status: and its value");
}

static void profile_refuses_an_unknown_status(void **state)
{
	(void)state;
	profile_refused(HEAD
		"  - {role: managed-device, direction: inbound, port: 1, transport: udp,\n"
		"     feature: a, service: tls, description: d, source: s, status: guessed}\n",
		PROFILE
		":4: found \"guessed\" for status; want one of verified, recalled, implied");
}

static void profile_refuses_an_unknown_service(void **state)
{
	(void)state;
	profile_refused(HEAD
		"  - {role: managed-device, direction: inbound, port: 1, transport: udp,\n"
		"     feature: a, description: d, source: s, status: verified,\n"
		"     service: tlz}\n",
		PROFILE ":5: found \"tlz\" for service; want \"tls\"");
	profile_refused(HEAD
		"  - {role: managed-device, direction: inbound, port: 1, transport: udp,\n"
		"     feature: a, description: d, source: s, status: verified,\n"
		"     service: []}\n",
		PROFILE ":5: found 0 services in a list; want from 1 to 42");
}

static void profile_refuses_a_port_out_of_range(void **state)
{
	(void)state;
	profile_refused(HEAD ROW("managed-device", "inbound", "65536", "tcp", "ssh", ""),
		PROFILE ":3: found \"65536\" for port; want a port from 1 to 65535");
}

static void profile_refuses_a_feature_that_is_no_word(void **state)
{
	(void)state;
	profile_refused(HEAD ROW("managed-device", "inbound", "22", "tcp", "Secure Shell", ""),
		PROFILE
		":4: found \"Secure Shell\" for feature; want lower-case letters, digits and "
		"single hyphens");
}

static void profile_refuses_a_row_twice(void **state)
{
	(void)state;
	profile_refused(HEAD ONE ONE, PROFILE ":6: found row managed-device/inbound/22/tcp for ssh "
					      "again; want it once (it is at " PROFILE ":3)");
}

static void profile_refuses_rows_where_it_extends(void **state)
{
	(void)state;
	profile_refused("name: test\nextends: cloud-delivered\nrows:\n" ONE,
		PROFILE ":4: found rows in a profile that extends another; want add and remove");
	profile_refused(
		"name: test\nrows:\n" ONE "add:\n"
		"  - {role: managed-device, direction: inbound, port: 1, transport: udp,\n"
		"     feature: a, service: tls, description: d, source: s, status: verified}\n",
		PROFILE ":7: found add in a profile that extends none; want rows");
	profile_refused(
		"name: test\n", PROFILE ":1: found a profile without rows; want rows, or extends");
}

static void profile_refuses_to_remove_a_row_that_is_not_there(void **state)
{
	(void)state;
	profile_refused("name: test\nextends: cloud-delivered\nremove:\n" KEY("22", "ssh")
				KEY("23", "telnet"),
		PROFILE
		":5: found row managed-device/inbound/23/tcp for telnet to remove; want a row "
		"that profile cloud-delivered has");
}

static void profile_removes_what_it_names(void **state)
{
	struct ruleset *ruleset =
		profile_opens("name: test\nextends: cloud-delivered\nremove:\n" KEY("22", "ssh"));

	(void)state;
	assert_int_equal(ruleset->policy->rules, 50 + IMPLIED);
	assert_int_equal(policy_set(ruleset->policy, ROLE_MANAGED_DEVICE, DIRECTION_INBOUND,
				 TRANSPORT_TCP, 22),
		SET_NONE);
	ruleset_close(ruleset);
}

static void profile_refuses_to_extend_an_unknown_one(void **state)
{
	(void)state;
	profile_refused("name: test\nextends: cloud-deliverd\n", PROFILE
		":2: found unknown profile \"cloud-deliverd\"; want \"cloud-delivered\", or a "
		"path to one");
}

/* ---- profiles in several files */

struct folder {
	char path[64];
};

static void folder_write(const struct folder *folder, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static struct folder folder_new(void)
{
	struct folder folder = {"/tmp/portolan-test-XXXXXX"};

	assert_non_null(mkdtemp(folder.path));
	return folder;
}

static void folder_remove(const struct folder *folder, const char *const *name)
{
	char path[128];

	for (; *name; name++) {
		snprintf(path, sizeof(path), "%s/%s", folder->path, *name);
		unlink(path);
	}
	rmdir(folder->path);
}

static void profile_refuses_a_circle_of_extends(void **state)
{
	static const char *const names[] = {"a.yaml", "b.yaml", NULL};
	struct folder folder = folder_new();
	struct errors errors = {0};
	char path[128], want[256];
	struct ruleset *ruleset;

	(void)state;
	folder_write(&folder, "a.yaml", "name: a\nextends: ./b.yaml\n");
	folder_write(&folder, "b.yaml", "# b\nname: b\nextends: a.yaml\n");
	snprintf(path, sizeof(path), "%s/a.yaml", folder.path);
	assert_int_equal(ruleset_open(&ruleset, NULL, NULL, path, &errors), -ELOOP);
	snprintf(want, sizeof(want),
		"%s/b.yaml:3: found a circle of `extends` through %s/a.yaml; want a profile that "
		"ends "
		"it",
		folder.path, folder.path);
	assert_string_equal(errors.text, want);
	folder_remove(&folder, names);
}

static void profile_path_in_a_site_starts_at_the_sites_folder(void **state)
{
	static const char *const names[] = {"site.yaml", "own.yaml", NULL};
	struct folder folder = folder_new();
	struct errors errors = {0};
	struct ruleset *ruleset;
	char path[128];

	(void)state;
	folder_write(&folder, "site.yaml", "profile: own.yaml\n");
	folder_write(&folder, "own.yaml", HEAD ONE);
	snprintf(path, sizeof(path), "%s/site.yaml", folder.path);
	assert_int_equal(ruleset_open(&ruleset, NULL, path, NULL, &errors), 0);
	assert_string_equal(ruleset->profile, "test");
	assert_string_equal(ruleset->name, path);
	ruleset_close(ruleset);
	folder_remove(&folder, names);
}

static void profile_asked_for_must_not_contradict_the_site(void **state)
{
	static const char *const names[] = {"site.yaml", NULL};
	struct folder folder = folder_new();
	struct errors errors = {0};
	char path[128], want[256];
	struct ruleset *ruleset;

	(void)state;
	folder_write(&folder, "site.yaml", "profile: cloud-delivered\n");
	snprintf(path, sizeof(path), "%s/site.yaml", folder.path);
	assert_int_equal(ruleset_open(&ruleset, NULL, path, "on-premises-7", &errors), -EINVAL);
	snprintf(want, sizeof(want),
		"%s:1: found profile cloud-delivered where on-premises-7 was asked for; want one "
		"of "
		"them",
		path);
	assert_string_equal(errors.text, want);
	folder_write(&folder, "site.yaml", "{}\n");
	assert_int_equal(ruleset_open(&ruleset, NULL, path, "on-premises-7", &errors), 0);
	assert_string_equal(ruleset->profile, "on-premises-7");
	ruleset_close(ruleset);
	folder_remove(&folder, names);
}

static void profile_or_site_is_told_apart_by_its_keys(void **state)
{
	static const char *const names[] = {"x.yaml", NULL};
	struct folder folder = folder_new();
	struct errors errors = {0};
	struct ruleset *ruleset;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/x.yaml", folder.path);
	folder_write(&folder, "x.yaml", HEAD ONE);
	assert_int_equal(ruleset_open_any(&ruleset, NULL, path, &errors), 0);
	assert_string_equal(ruleset->name, "test");
	ruleset_close(ruleset);
	folder_write(&folder, "x.yaml", "profile: on-premises-7\n");
	assert_int_equal(ruleset_open_any(&ruleset, NULL, path, &errors), 0);
	assert_string_equal(ruleset->name, path);
	ruleset_close(ruleset);
	assert_int_equal(ruleset_open_any(&ruleset, NULL, "on-premises-7", &errors), 0);
	assert_string_equal(ruleset->name, "on-premises-7");
	ruleset_close(ruleset);
	folder_remove(&folder, names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(profile_default_is_the_cloud_delivered_one),
		cmocka_unit_test(profile_rows_that_ship_say_what_they_are_and_where_they_were_read),
		cmocka_unit_test(profile_versions_differ_as_they_are_known_to),
		cmocka_unit_test(profile_lets_the_captive_portal_move),
		cmocka_unit_test(profile_binds_appliance_communications_to_the_inventory),
		cmocka_unit_test(profile_on_premises_extends_the_cloud_delivered_one),
		cmocka_unit_test(profile_rows_that_are_recalled_are_counted_as_unverified),
		cmocka_unit_test(profile_names_are_sorted),
		cmocka_unit_test(profile_takes_a_service_or_a_list_of_them),
		cmocka_unit_test(profile_refuses_a_row_without_its_status),
		cmocka_unit_test(profile_refuses_an_unknown_status),
		cmocka_unit_test(profile_refuses_an_unknown_service),
		cmocka_unit_test(profile_refuses_a_port_out_of_range),
		cmocka_unit_test(profile_refuses_a_feature_that_is_no_word),
		cmocka_unit_test(profile_refuses_a_row_twice),
		cmocka_unit_test(profile_refuses_rows_where_it_extends),
		cmocka_unit_test(profile_refuses_to_remove_a_row_that_is_not_there),
		cmocka_unit_test(profile_removes_what_it_names),
		cmocka_unit_test(profile_refuses_to_extend_an_unknown_one),
		cmocka_unit_test(profile_refuses_a_circle_of_extends),
		cmocka_unit_test(profile_path_in_a_site_starts_at_the_sites_folder),
		cmocka_unit_test(profile_asked_for_must_not_contradict_the_site),
		cmocka_unit_test(profile_or_site_is_told_apart_by_its_keys),
	};

	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
