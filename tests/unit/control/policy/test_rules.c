#include "control/config_fixture.h"

#define EXTRA(role, port, feature)                                                                 \
	"  - {role: " role ", direction: outbound, port: " port                                    \
	", transport: udp, feature: " feature "}\n"

static uint16_t set_at(const struct ruleset *ruleset, enum role role, enum direction direction,
	enum transport transport, unsigned port)
{
	return policy_set(ruleset->policy, role, direction, transport, (uint16_t)port);
}

/* Reference for the direct table: counts the rules of a port one by one. */
static uint32_t rules_on(const struct policy *policy, int role, int direction, int transport,
	unsigned port, uint32_t *first)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < policy->rules; i++) {
		const struct rule *r = &policy->rule[i];
		if (r->role != role || r->direction != direction || r->transport != transport ||
			r->port != port)
			continue;
		if (count++ == 0)
			*first = i;
	}
	return count;
}

static void table_equals_scan(const struct policy *policy, int role, int direction, int transport)
{
	for (unsigned port = 0; port < PORT_COUNT; port++) {
		uint32_t first = 0;
		uint32_t count = rules_on(policy, role, direction, transport, port, &first);
		uint16_t number =
			policy_set(policy, (unsigned)role, direction, transport, (uint16_t)port);
		assert_int_equal(policy->set[number].count, count);
		for (uint32_t i = 0; i < count; i++)
			assert_int_equal(policy_member(policy, number, i), first + i);
		assert_true(number < policy->sets);
	}
}

static void tables_equal_scan(struct ruleset *ruleset)
{
	for (int role = 0; role < ROLE_COUNT; role++)
		for (int direction = 0; direction < DIRECTION_COUNT; direction++)
			for (int transport = 0; transport < TRANSPORT_COUNT; transport++)
				table_equals_scan(ruleset->policy, role, direction, transport);
	ruleset_close(ruleset);
}

static void rules_table_equals_a_scan_of_the_rules(void **state)
{
	(void)state;
	tables_equal_scan(site_opens("{}\n"));
	tables_equal_scan(site_opens("profile: on-premises-7\n"));
	tables_equal_scan(site_opens(
		"features:\n  appliance-communications: {ports: {8305/tcp: 1/tcp}}\n"
		"  ldap: {ports: {389/tcp: 65535/tcp}}\nextra_rules:\n" EXTRA(
			"managed-device", "67", "aa") EXTRA("managed-device", "68", "zz")));
}

static void rules_sorts_rules_by_role_direction_transport_and_port(void **state)
{
	struct ruleset *ruleset = site_opens("features: {radius: {ports: {1812/udp: 9/udp}}}\n");

	(void)state;
	for (uint32_t i = 1; i < ruleset->policy->rules; i++) {
		const struct rule *a = &ruleset->policy->rule[i - 1], *b = a + 1;
		uint64_t x = (uint64_t)a->role << 40 | (uint64_t)a->direction << 32 |
			     (uint64_t)a->transport << 24 | a->port;
		uint64_t y = (uint64_t)b->role << 40 | (uint64_t)b->direction << 32 |
			     (uint64_t)b->transport << 24 | b->port;
		assert_true(x <= y);
		if (x == y)
			assert_true(ruleset->rule[i - 1].order < ruleset->rule[i].order);
	}
	ruleset_close(ruleset);
}

static void rules_keeps_a_shared_port_in_one_set(void **state)
{
	struct ruleset *ruleset = site_opens("{}\n");
	uint16_t set =
		set_at(ruleset, ROLE_MANAGEMENT_CENTER, DIRECTION_INBOUND, TRANSPORT_TCP, 443);
	uint32_t first = policy_member(ruleset->policy, set, 0);

	(void)state;
	assert_int_equal(ruleset->policy->set[set].count, 4);
	assert_string_equal(ruleset->rule[first].feature, "web-interface");
	assert_string_equal(ruleset->rule[first + 3].feature, "secure-endpoint");
	assert_string_equal(ruleset->rule[first].id, ruleset->rule[first + 3].id);
	ruleset_close(ruleset);
}

static void rules_set_zero_is_empty(void **state)
{
	struct ruleset *ruleset = site_opens("{}\n");

	(void)state;
	assert_int_equal(ruleset->policy->set[SET_NONE].count, 0);
	assert_int_equal(set_at(ruleset, ROLE_MANAGED_DEVICE, DIRECTION_INBOUND, TRANSPORT_TCP, 0),
		SET_NONE);
	assert_int_equal(set_at(ruleset, ROLE_MANAGED_DEVICE, DIRECTION_INBOUND, TRANSPORT_UDP, 22),
		SET_NONE);
	assert_int_equal(ruleset->policy->generation, 1);
	ruleset_close(ruleset);
}

static void rules_moves_appliance_communications_once_for_all(void **state)
{
	struct ruleset *ruleset = site_opens(
		"features:\n  appliance-communications: {ports: {8305/TCP: 8306/Tcp}}\n");
	uint32_t moved = 0;

	(void)state;
	for (uint32_t i = 0; i < ruleset->policy->rules; i++) {
		if (ruleset->rule[i].documented_port != 8305)
			continue;
		assert_int_equal(ruleset->policy->rule[i].port, 8306);
		moved++;
	}
	assert_int_equal(moved, 4);
	assert_int_equal(
		set_at(ruleset, ROLE_MANAGED_DEVICE, DIRECTION_OUTBOUND, TRANSPORT_TCP, 8305),
		SET_NONE);
	assert_string_equal(ruleset->rule[rule_of(ruleset, "managed-device/outbound/8305/tcp",
						  "appliance-communications")]
				    .id,
		"managed-device/outbound/8305/tcp");
	ruleset_close(ruleset);
}

static void rules_lets_ports_of_one_feature_swap(void **state)
{
	struct ruleset *ruleset = site_opens(
		"features:\n  radius: {ports: {1812/udp: 1813/udp, 1813/udp: 1812/udp}}\n");
	uint32_t i = rule_of(ruleset, "managed-device/outbound/1812/udp", "radius");

	(void)state;
	assert_int_equal(ruleset->policy->rule[i].port, 1813);
	ruleset_close(ruleset);
}

static void rules_lets_a_move_stay_where_it_is(void **state)
{
	struct ruleset *ruleset = site_opens("features: {ldap: {ports: {389/tcp: 389/tcp}}}\n");

	(void)state;
	assert_int_equal(
		ruleset->policy->rule[rule_of(ruleset, "managed-device/outbound/389/tcp", "ldap")]
			.port,
		389);
	ruleset_close(ruleset);
}

static void rules_lets_an_extra_rule_take_a_port_that_was_left(void **state)
{
	struct ruleset *ruleset = site_opens(
		"features:\n  radius: {ports: {1812/udp: 1645/udp}}\nextra_rules:\n" EXTRA(
			"managed-device", "1812", "radius"));
	uint16_t set =
		set_at(ruleset, ROLE_MANAGED_DEVICE, DIRECTION_OUTBOUND, TRANSPORT_UDP, 1812);

	(void)state;
	assert_int_equal(ruleset->policy->set[set].count, 1);
	assert_string_equal(ruleset_set_text(ruleset, set)->origin, "site");
	ruleset_close(ruleset);
}

static void rules_switches_a_feature_off_in_both_roles(void **state)
{
	struct ruleset *ruleset = site_opens("features: {dns: {enabled: no}}\n");
	uint32_t disabled = 0;

	(void)state;
	for (uint32_t i = 0; i < ruleset->policy->rules; i++) {
		int is_dns = strcmp(ruleset->rule[i].feature, "dns") == 0;
		assert_int_equal(ruleset->policy->rule[i].enabled, !is_dns);
		disabled += !ruleset->policy->rule[i].enabled;
	}
	assert_int_equal(disabled, 4);
	ruleset_close(ruleset);
}

static void rules_implied_follow_their_feature_and_the_site(void **state)
{
	struct ruleset *ruleset = site_opens("features:\n  remote-access-vpn: {enabled: no}\n"
					     "  ntp: {peers: [10.1.1.1]}\n"
					     "  remote-access-vpn-ikev2: {peers: [10.1.1.2]}\n");
	const struct rule *rule = ruleset->policy->rule;
	uint32_t dtls = rule_of(ruleset, "managed-device/inbound/443/udp", "remote-access-vpn");
	uint32_t ntp = rule_of(ruleset, "management-center/inbound/123/udp", "ntp");
	uint32_t ike =
		rule_of(ruleset, "managed-device/outbound/500/udp", "remote-access-vpn-ikev2");

	(void)state;
	assert_true(rule[dtls].implied && !rule[dtls].enabled);
	assert_true(rule[ntp].implied && rule[ntp].enabled);
	assert_int_equal(rule[ntp].peers, PEERS_INVENTORY); /* the site names servers, no clients */
	assert_int_equal(rule[ike].peers, PEERS_LISTED);
	ruleset_close(ruleset);
	ruleset = site_opens("implied: flag\n");
	assert_int_equal(ruleset->policy->rules, 51);
	assert_int_equal(
		set_at(ruleset, ROLE_MANAGED_DEVICE, DIRECTION_INBOUND, TRANSPORT_UDP, 443),
		SET_NONE);
	ruleset_close(ruleset);
}

static void rules_a_site_may_document_what_is_implied(void **state)
{
	struct ruleset *ruleset = site_opens(
		"extra_rules:\n" EXTRA("managed-device", "500", "remote-access-vpn-ikev2"));
	uint16_t set = set_at(ruleset, ROLE_MANAGED_DEVICE, DIRECTION_OUTBOUND, TRANSPORT_UDP, 500);
	const struct rule *first = policy_rule(ruleset->policy, set, 0);

	(void)state;
	assert_int_equal(ruleset->policy->set[set].count, 2);
	assert_false(first[0].implied);
	assert_true(first[1].implied);
	ruleset_close(ruleset);
}

static void rules_binds_a_feature_to_the_listed_peers(void **state)
{
	struct ruleset *ruleset = site_opens("features:\n  ntp: {peers: [10.0.0.1]}\n"
					     "  ldap: {peers: [10.1.1.0/24, \"2001:db8::/32\"]}\n");
	const struct rule *ldap =
		&ruleset->policy->rule[rule_of(ruleset, "managed-device/outbound/636/tcp", "ldap")];
	const struct prefix *peer = &ruleset->policy->peer[ldap->peer_first];

	(void)state;
	assert_int_equal(ldap->peers, PEERS_LISTED);
	assert_int_equal(ldap->peer_count, 2);
	assert_int_equal(peer[0].length, 24);
	assert_int_equal(peer[0].address.byte[13], 1);
	assert_int_equal(peer[1].version, 6);
	assert_int_equal(ruleset->policy->peers, 3);
	ruleset_close(ruleset);
}

static void rules_frees_or_binds_peers_as_the_site_says(void **state)
{
	struct ruleset *ruleset = site_opens("features:\n  appliance-communications: {peers: any}\n"
					     "  ssh: {peers: inventory}\n");

	(void)state;
	assert_int_equal(ruleset->policy
				 ->rule[rule_of(ruleset, "managed-device/inbound/8305/tcp",
					 "appliance-communications")]
				 .peers,
		PEERS_ANY);
	assert_int_equal(
		ruleset->policy->rule[rule_of(ruleset, "managed-device/inbound/22/tcp", "ssh")]
			.peers,
		PEERS_INVENTORY);
	ruleset_close(ruleset);
}

static void rules_adds_the_sites_own_rules(void **state)
{
	struct ruleset *ruleset = site_opens(
		"features: {site-proxy: {peers: [10.0.0.1]}}\nextra_rules:\n"
		"  - {role: managed-device, direction: outbound, port: 8443, transport: tcp,\n"
		"     feature: site-proxy, service: tls}\n"
		"  - {role: management-center, direction: outbound, port: 3268, transport: tcp,\n"
		"     feature: ldap}\n");
	uint32_t proxy = rule_of(ruleset, "managed-device/outbound/8443/tcp", "site-proxy");
	uint32_t ldap = rule_of(ruleset, "management-center/outbound/3268/tcp", "ldap");

	(void)state;
	assert_string_equal(ruleset->rule[proxy].origin, "site");
	assert_int_equal(ruleset->policy->rule[proxy].peers, PEERS_LISTED);
	assert_int_equal(ruleset->policy->rule[proxy].services, SERVICE_BIT(SERVICE_TLS));
	assert_int_equal(ruleset->policy->rule[ldap].services, 0);
	assert_string_equal(ruleset->feature[ruleset->policy->rule[ldap].feature], "ldap");
	assert_string_equal(ruleset->feature[ruleset->features - 1], "site-proxy");
	ruleset_close(ruleset);
}

static void rules_switches_an_extra_rule_off_with_its_feature(void **state)
{
	struct ruleset *ruleset =
		site_opens("features: {radius: {enabled: no}}\nextra_rules:\n" EXTRA(
			"managed-device", "3799", "radius"));

	(void)state;
	assert_false(ruleset->policy
			     ->rule[rule_of(ruleset, "managed-device/outbound/3799/udp", "radius")]
			     .enabled);
	ruleset_close(ruleset);
}

static void rules_joins_dhcp_rules_of_both_ports(void **state)
{
	struct ruleset *ruleset = site_opens("extra_rules:\n" EXTRA("managed-device", "67", "aa")
			EXTRA("managed-device", "68", "bb"));

	(void)state;
	for (int role = 0; role < ROLE_COUNT; role++) {
		uint16_t set = ruleset->policy->class[role].dhcp_set;
		assert_int_not_equal(set, SET_NONE);
		assert_int_equal(ruleset->policy->set[set].count, 2);
		for (uint32_t i = 0; i < 2; i++) {
			assert_string_equal(ruleset_member_text(ruleset, set, i)->feature, "dhcp");
			assert_int_equal(policy_rule(ruleset->policy, set, i)->role, role);
		}
	}
	ruleset_close(ruleset);
}

static void rules_keeps_a_dhcp_set_of_disabled_rules(void **state)
{
	struct ruleset *ruleset = site_opens("features: {dhcp: {enabled: no}}\n");
	uint16_t set = ruleset->policy->class[ROLE_MANAGED_DEVICE].dhcp_set;

	(void)state;
	assert_int_equal(ruleset->policy->set[set].count, 2);
	assert_false(policy_rule(ruleset->policy, set, 0)->enabled);
	ruleset_close(ruleset);
}

static void rules_has_no_dhcp_set_without_dhcp(void **state)
{
	struct ruleset *ruleset = profile_opens(
		"name: test\nrows:\n" ROW("managed-device", "outbound", "67", "udp", "x", ""));

	(void)state;
	assert_int_equal(ruleset->policy->class[ROLE_MANAGED_DEVICE].dhcp_set, SET_NONE);
	assert_int_equal(ruleset->policy->class[ROLE_MANAGEMENT_CENTER].dhcp_set, SET_NONE);
	ruleset_close(ruleset);
}

static void rules_leaves_silent_protocols_uncovered(void **state)
{
	static const uint8_t silent[] = {1, 2, 50, 51, 58, 88, 89, 103, 112};
	struct ruleset *ruleset = site_opens("{}\n");
	uint32_t count = 0;

	(void)state;
	for (unsigned n = 0; n < 256; n++)
		count += ruleset->policy->protocol[n] == VERDICT_NOT_COVERED;
	assert_int_equal(count, sizeof(silent));
	for (size_t i = 0; i < sizeof(silent); i++)
		assert_int_equal(ruleset->policy->protocol[silent[i]], VERDICT_NOT_COVERED);
	assert_int_equal(ruleset->policy->protocol[47], VERDICT_UNEXPECTED_PROTOCOL);
	ruleset_close(ruleset);
}

static void rules_moves_protocols_either_way(void **state)
{
	struct ruleset *ruleset = site_opens(
		"protocols: {not_covered: [GRE, 253, ipip], unexpected: [icmp, icmpv6]}\n");

	(void)state;
	assert_int_equal(ruleset->policy->protocol[47], VERDICT_NOT_COVERED);
	assert_int_equal(ruleset->policy->protocol[253], VERDICT_NOT_COVERED);
	assert_int_equal(ruleset->policy->protocol[4], VERDICT_NOT_COVERED);
	assert_int_equal(ruleset->policy->protocol[1], VERDICT_UNEXPECTED_PROTOCOL);
	assert_int_equal(ruleset->policy->protocol[58], VERDICT_UNEXPECTED_PROTOCOL);
	assert_int_equal(ruleset->policy->protocol[2], VERDICT_NOT_COVERED);
	ruleset_close(ruleset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_table_equals_a_scan_of_the_rules),
		cmocka_unit_test(rules_sorts_rules_by_role_direction_transport_and_port),
		cmocka_unit_test(rules_keeps_a_shared_port_in_one_set),
		cmocka_unit_test(rules_set_zero_is_empty),
		cmocka_unit_test(rules_moves_appliance_communications_once_for_all),
		cmocka_unit_test(rules_lets_ports_of_one_feature_swap),
		cmocka_unit_test(rules_lets_a_move_stay_where_it_is),
		cmocka_unit_test(rules_lets_an_extra_rule_take_a_port_that_was_left),
		cmocka_unit_test(rules_switches_a_feature_off_in_both_roles),
		cmocka_unit_test(rules_implied_follow_their_feature_and_the_site),
		cmocka_unit_test(rules_a_site_may_document_what_is_implied),
		cmocka_unit_test(rules_binds_a_feature_to_the_listed_peers),
		cmocka_unit_test(rules_frees_or_binds_peers_as_the_site_says),
		cmocka_unit_test(rules_adds_the_sites_own_rules),
		cmocka_unit_test(rules_switches_an_extra_rule_off_with_its_feature),
		cmocka_unit_test(rules_joins_dhcp_rules_of_both_ports),
		cmocka_unit_test(rules_keeps_a_dhcp_set_of_disabled_rules),
		cmocka_unit_test(rules_has_no_dhcp_set_without_dhcp),
		cmocka_unit_test(rules_leaves_silent_protocols_uncovered),
		cmocka_unit_test(rules_moves_protocols_either_way),
	};

	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
