#include "control/config_fixture.h"

#include "dataplane/core/frame_fixture.h"

/* --- what a flow gets ----------------------------------------------------------------------- */

static struct verdict_pair judged(
	const struct ruleset *c, const char *from, const char *to, uint8_t protocol, unsigned port)
{
	unsigned version;
	struct flow_tuple t = {.protocol = protocol, .port = {50000, (uint16_t)port}};

	t.address[0] = address_at(from, &version);
	t.address[1] = address_at(to, &version);
	t.version = (uint8_t)version;
	for (unsigned end = 0; end < 2; end++)
		t.appliance[end] = inventory_find(c->policy->inventory, &t.address[end], version);
	return policy_judge(c->policy, &t);
}

static void gets(const struct ruleset *c, const char *from, const char *to, uint8_t protocol,
	unsigned port, enum verdict want)
{
	struct verdict_pair j = judged(c, from, to, protocol, port);

	if (j.verdict != want)
		print_error(
			"%s to %s %u: %s\n", from, to, port, verdict_name((enum verdict)j.verdict));
	assert_int_equal(j.verdict, want);
}

#define TCP 6
#define UDP 17
#define STRANGER "198.51.100.1"

#define TWO_CENTERS                                                                                \
	"  - {name: fmc-1, role: management-center, addresses: [10.10.0.5]}\n"                     \
	"  - {name: fmc-2, role: management-center, addresses: [10.10.0.6]}\n"
#define DEVICE(name, address, more)                                                                \
	"  - {name: " name ", role: managed-device, addresses: [" address "]" more "}\n"

/* --- profiles and switches ------------------------------------------------------------------ */

static void classes_hold_an_appliance_to_its_own_profile(void **state)
{
	struct ruleset *c =
		site_opens("appliances:\n"
			   "  - {name: old, role: management-center, addresses: [10.10.0.5],\n"
			   "     profile: on-premises-7}\n"
			   "  - {name: new, role: management-center, addresses: [10.10.0.6]}\n");

	(void)state;
	gets(c, STRANGER, "10.10.0.5", TCP, 22, VERDICT_EXPECTED);
	gets(c, STRANGER, "10.10.0.6", TCP, 22, VERDICT_UNEXPECTED_PORT);
	assert_string_equal(ruleset_profile_of(c, 0), "on-premises-7");
	assert_string_equal(ruleset_profile_of(c, 1), "cloud-delivered");
	assert_string_equal(ruleset_profile_of(c, APPLIANCE_NONE), "cloud-delivered");
	ruleset_close(c);
}

static void classes_hold_an_appliance_to_its_own_switches_over_the_sites(void **state)
{
	struct ruleset *c = site_opens("appliances:\n" DEVICE(
		"a", "10.20.0.1", ", features: {captive-portal: {enabled: true}}") DEVICE("b",
		"10.20.0.2", "") DEVICE("c", "10.20.0.3",
		", features: {radius: {ports: {1812/udp: 1645/udp}}, ldap: {peers: "
		"[10.1.1.0/24]}}") "features:\n  captive-portal: {enabled: "
				   "false}\n  radius: {ports: {1813/udp: 1646/udp}}\n");

	(void)state;
	gets(c, STRANGER, "10.20.0.1", TCP, 885, VERDICT_EXPECTED);
	gets(c, STRANGER, "10.20.0.2", TCP, 885, VERDICT_FEATURE_DISABLED);
	gets(c, "10.20.0.3", STRANGER, UDP, 1645, VERDICT_EXPECTED);
	gets(c, "10.20.0.3", STRANGER, UDP, 1646, VERDICT_EXPECTED);
	gets(c, "10.20.0.3", STRANGER, UDP, 1812, VERDICT_UNEXPECTED_PORT);
	gets(c, "10.20.0.2", STRANGER, UDP, 1812, VERDICT_EXPECTED);
	gets(c, "10.20.0.3", STRANGER, TCP, 389, VERDICT_PEER_NOT_ALLOWED);
	gets(c, "10.20.0.3", "10.1.1.9", TCP, 389, VERDICT_EXPECTED);
	gets(c, "10.20.0.2", STRANGER, TCP, 389, VERDICT_EXPECTED);
	ruleset_close(c);
}

static void classes_are_shared_by_appliances_with_the_same_rules(void **state)
{
	char text[20000] = "appliances:\n" TWO_CENTERS;
	struct ruleset *c;

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		sprintf(text + strlen(text), DEVICE("d%u", "10.20.0.%u", ", managers: [fmc-%u]"), i,
			i, i % 2 + 1);
	c = site_opens(text);
	assert_int_equal(c->policy->classes, ROLE_COUNT + 2);
	assert_int_equal(c->class[ROLE_COUNT].appliances, 100);
	assert_int_equal(c->class_of[2], c->class_of[4]);
	assert_int_not_equal(c->class_of[2], c->class_of[3]);
	/* What they have in common is there once. */
	assert_ptr_equal(c->policy->class[c->class_of[2]].table[DIRECTION_OUTBOUND][TRANSPORT_UDP],
		c->policy->class[c->class_of[3]].table[DIRECTION_OUTBOUND][TRANSPORT_UDP]);
	ruleset_close(c);
}

static void classes_beyond_their_number_are_refused(void **state)
{
	char text[60000] = "appliances:\n" TWO_CENTERS;

	(void)state;
	for (unsigned i = 0; i < 255; i++)
		sprintf(text + strlen(text),
			DEVICE("d%u", "10.20.0.%u",
				", features: {radius: {ports: {1812/udp: %u/udp}}}"),
			i, i, 20000 + i);
	site_refused(text,
		SITE ": found appliances that need more than 256 different tables; want fewer "
		     "differences in their profiles, features, managers and rules");
}

static void classes_move_appliance_communications_for_the_whole_deployment_only(void **state)
{
	(void)state;
	site_refused(
		"appliances:\n" DEVICE("a", "10.20.0.1",
			", features: {appliance-communications: {ports: {8305/tcp: 8306/tcp}}}"),
		SITE ":2: found a mapping for ports; want the port of appliance-communications "
		     "moved for the whole deployment, under features: of the site");
}

/* --- managers -------------------------------------------------------------------------------- */

static void managers_are_the_only_peers_of_appliance_communications(void **state)
{
	struct ruleset *c = site_opens("appliances:\n" TWO_CENTERS DEVICE(
		"a", "10.20.0.1", ", managers: [fmc-1]") DEVICE("b", "10.20.0.2", ""));

	(void)state;
	gets(c, "10.20.0.1", "10.10.0.5", TCP, 8305, VERDICT_EXPECTED);
	gets(c, "10.10.0.5", "10.20.0.1", TCP, 8305, VERDICT_EXPECTED);
	gets(c, "10.20.0.1", "10.10.0.6", TCP, 8305, VERDICT_PEER_NOT_ALLOWED);
	gets(c, "10.10.0.6", "10.20.0.1", TCP, 8305, VERDICT_PEER_NOT_ALLOWED);
	gets(c, "10.20.0.1", "10.20.0.2", TCP, 8305, VERDICT_PEER_NOT_ALLOWED);
	gets(c, "10.20.0.1", STRANGER, TCP, 8305, VERDICT_PEER_NOT_ALLOWED);
	/* Nobody is named for the other device: any appliance, as ever. */
	gets(c, "10.20.0.2", "10.10.0.6", TCP, 8305, VERDICT_EXPECTED);
	gets(c, "10.20.0.1", STRANGER, TCP, 443, VERDICT_EXPECTED);
	ruleset_close(c);
}

static void managers_of_a_pair_manage_each_others_devices(void **state)
{
	struct ruleset *c = site_opens(
		"appliances:\n"
		"  - {name: fmc-1, role: management-center, addresses: [10.10.0.5]}\n"
		"  - {name: fmc-2, role: management-center, addresses: [10.10.0.6],\n"
		"     managers: [fmc-1]}\n"
		"  - {name: fmc-3, role: management-center, addresses: [10.10.0.7]}\n" DEVICE(
			"a", "10.20.0.1", ", managers: [fmc-1]"));

	(void)state;
	gets(c, "10.20.0.1", "10.10.0.6", TCP, 8305, VERDICT_EXPECTED);
	gets(c, "10.10.0.6", "10.10.0.5", TCP, 8305, VERDICT_EXPECTED);
	gets(c, "10.10.0.6", "10.10.0.7", TCP, 8305, VERDICT_PEER_NOT_ALLOWED);
	gets(c, "10.20.0.1", "10.10.0.7", TCP, 8305, VERDICT_PEER_NOT_ALLOWED);
	ruleset_close(c);
}

static void managers_that_are_none_are_refused(void **state)
{
	(void)state;
	site_refused("appliances:\n" TWO_CENTERS DEVICE("a", "10.20.0.1", ", managers: [fmc-9]"),
		SITE ":4: found \"fmc-9\" for managers; want an appliance of the site: \"fmc-1\"");
	site_refused("appliances:\n" TWO_CENTERS DEVICE("a", "10.20.0.1", "")
			     DEVICE("b", "10.20.0.2", ", managers: [a]"),
		SITE ":5: found a list for managers; want management centers of the site; a is a "
		     "managed device");
	site_refused("appliances:\n" DEVICE("a", "10.20.0.1", ", managers: []"),
		SITE ":2: found an empty list for managers; want a list of management centers");
}

/* --- interfaces ------------------------------------------------------------------------------ */

static void data_interfaces_have_the_rows_of_data_interfaces(void **state)
{
	struct ruleset *c = site_opens("appliances:\n" DEVICE(
		"a", "10.20.0.0/16", ", data_addresses: [203.0.113.0/28], aliases: [192.0.2.5]")
			DEVICE("b", "10.30.0.1", ""));

	(void)state;
	gets(c, STRANGER, "203.0.113.3", TCP, 443, VERDICT_EXPECTED); /* remote access VPN */
	gets(c, STRANGER, "203.0.113.3", UDP, 443, VERDICT_IMPLIED);
	gets(c, "203.0.113.3", STRANGER, UDP, 500, VERDICT_IMPLIED);
	gets(c, STRANGER, "203.0.113.3", TCP, 885, VERDICT_EXPECTED);
	gets(c, STRANGER, "203.0.113.3", TCP, 22, VERDICT_UNEXPECTED_PORT);
	gets(c, STRANGER, "10.20.1.1", TCP, 885, VERDICT_UNEXPECTED_PORT);
	gets(c, STRANGER, "10.20.1.1", TCP, 22, VERDICT_EXPECTED);
	gets(c, STRANGER, "192.0.2.5", TCP, 22, VERDICT_EXPECTED);
	/* Of whom no data interface is named, all rows hold where it is. */
	gets(c, STRANGER, "10.30.0.1", TCP, 885, VERDICT_EXPECTED);
	gets(c, STRANGER, "10.30.0.1", TCP, 22, VERDICT_EXPECTED);
	assert_int_equal(judged(c, STRANGER, "203.0.113.3", TCP, 443).set[1],
		judged(c, STRANGER, "203.0.113.9", TCP, 443).set[1]);
	ruleset_close(c);
}

/* --- ports ------------------------------------------------------------------------------------ */

#define BOUND "ports:\n  - {role: management-center, direction: inbound, port: 443/tcp, peers: "

static void bound_ports_are_for_their_peers_whatever_the_feature(void **state)
{
	struct ruleset *c = site_opens(
		"groups: {admins: [10.9.0.0/24]}\nappliances:\n" TWO_CENTERS BOUND
		"[admins]}\nfeatures: {web-interface: {peers: [10.9.0.7, 10.8.0.7]}, rest-api: "
		"{enabled: no}, packet-analyzer: {enabled: no}, secure-endpoint: {enabled: no}}\n");

	(void)state;
	gets(c, "10.9.0.7", "10.10.0.5", TCP, 443, VERDICT_EXPECTED);
	gets(c, "10.9.0.8", "10.10.0.5", TCP, 443, VERDICT_PEER_NOT_ALLOWED);
	gets(c, "10.8.0.7", "10.10.0.5", TCP, 443, VERDICT_PEER_NOT_ALLOWED);
	gets(c, "10.10.0.5", STRANGER, TCP, 443, VERDICT_EXPECTED); /* the other direction */
	ruleset_close(c);
	c = site_opens("appliances:\n" TWO_CENTERS BOUND "inventory}\n");
	gets(c, "10.10.0.6", "10.10.0.5", TCP, 443, VERDICT_EXPECTED);
	gets(c, STRANGER, "10.10.0.5", TCP, 443, VERDICT_PEER_NOT_ALLOWED);
	ruleset_close(c);
}

static void bindings_that_bind_nothing_are_refused(void **state)
{
	(void)state;
	site_refused(BOUND "any}\n",
		SITE ":2: found a mapping for ports; want peers: a list such as [10.9.0.0/24], or "
		     "inventory; a port that anybody may use needs no binding");
	site_refused("ports:\n  - {role: managed-device, direction: inbound, port: 444/tcp, peers: "
		     "[10.0.0.1]}\n",
		SITE ":2: found a binding of managed-device/inbound/444/tcp, which no profile in "
		     "use documents; want a port of `portolan policy`, or peers of an extra rule");
	site_refused(BOUND "[10.0.0.1]}\n  - {role: management-center, direction: inbound, port: "
			   "443/tcp, peers: [10.0.0.2]}\n",
		SITE ":3: found a mapping for ports; want each port once (it is on line 2)");
}

/* --- rules of the site's own ------------------------------------------------------------------ */

static void extra_rules_are_for_appliances_ports_ranges_peers_and_directions(void **state)
{
	struct ruleset *c = site_opens("appliances:\n" TWO_CENTERS DEVICE("a", "10.20.0.1",
		"") "extra_rules:\n"
		    "  - {appliances: [fmc-1, a], direction: outbound, ports: [111, 20048-20050],\n"
		    "     transport: tcp, feature: backup, peers: [10.1.1.0/24]}\n"
		    "  - {role: managed-device, direction: both, port: 2055, transport: udp,\n"
		    "     feature: netflow}\n");

	(void)state;
	gets(c, "10.10.0.5", "10.1.1.3", TCP, 111, VERDICT_EXPECTED);
	gets(c, "10.10.0.5", "10.1.1.3", TCP, 20048, VERDICT_EXPECTED);
	gets(c, "10.10.0.5", "10.1.1.3", TCP, 20050, VERDICT_EXPECTED);
	gets(c, "10.10.0.5", "10.1.1.3", TCP, 20051, VERDICT_UNEXPECTED_PORT);
	gets(c, "10.10.0.5", "10.1.2.3", TCP, 20049, VERDICT_PEER_NOT_ALLOWED);
	gets(c, "10.10.0.6", "10.1.1.3", TCP, 111, VERDICT_UNEXPECTED_PORT);
	gets(c, "10.20.0.1", "10.1.1.3", TCP, 111, VERDICT_EXPECTED);
	gets(c, "10.20.0.1", STRANGER, UDP, 2055, VERDICT_EXPECTED);
	gets(c, STRANGER, "10.20.0.1", UDP, 2055, VERDICT_EXPECTED);
	assert_string_equal(
		ruleset_set_id(c, judged(c, "10.20.0.1", "10.1.1.3", TCP, 20049).set[0]),
		"managed-device/outbound/20048-20050/tcp");
	ruleset_close(c);
}

static void extra_rules_may_overlap_a_range_or_a_documented_port(void **state)
{
	struct ruleset *c = site_opens(
		"appliances:\n" TWO_CENTERS "extra_rules:\n"
		"  - {role: management-center, direction: outbound, ports: [400-500],\n"
		"     transport: tcp, feature: wide, peers: [10.1.1.0/24]}\n"
		"  - {role: management-center, direction: outbound, ports: [450-65535],\n"
		"     transport: tcp, feature: wider, peers: [10.1.2.0/24]}\n");

	(void)state;
	gets(c, "10.10.0.5", "10.1.1.3", TCP, 400, VERDICT_EXPECTED);
	gets(c, "10.10.0.5", "10.1.2.3", TCP, 449, VERDICT_PEER_NOT_ALLOWED);
	gets(c, "10.10.0.5", "10.1.2.3", TCP, 450, VERDICT_EXPECTED);
	gets(c, "10.10.0.5", "10.1.1.3", TCP, 500, VERDICT_EXPECTED);
	gets(c, "10.10.0.5", "10.1.1.3", TCP, 501, VERDICT_PEER_NOT_ALLOWED);
	gets(c, "10.10.0.5", "10.1.2.3", TCP, 65535, VERDICT_EXPECTED);
	gets(c, "10.10.0.5", STRANGER, TCP, 443, VERDICT_EXPECTED); /* documented */
	gets(c, "10.10.0.5", STRANGER, TCP, 399, VERDICT_UNEXPECTED_PORT);
	ruleset_close(c);
}

static void extra_rules_that_say_too_little_or_too_much_are_refused(void **state)
{
	(void)state;
	site_refused(
		"extra_rules:\n  - {direction: outbound, port: 1, transport: tcp, feature: x}\n",
		SITE ":2: found a mapping for extra_rules; want role or appliances in each rule");
	site_refused(
		"extra_rules:\n  - {role: managed-device, direction: outbound, transport: tcp, "
		"feature: x}\n",
		SITE ":2: found a mapping for extra_rules; want port or ports in each rule");
	site_refused("extra_rules:\n  - {role: managed-device, direction: outbound, ports: [9-3], "
		     "transport: tcp, feature: x}\n",
		SITE ":2: found \"9-3\" for ports; want a port from 1 to 65535, or a range such as "
		     "20048-20050");
	site_refused("appliances:\n" TWO_CENTERS
		     "extra_rules:\n  - {appliances: [fmc-3], direction: outbound, port: 9, "
		     "transport: tcp, feature: x}\n",
		SITE ":5: found \"fmc-3\" for appliances; want an appliance of the site: "
		     "\"fmc-1\"");
}

/* What a class's rules say of a port, asked one by one. */
static uint32_t rules_on(
	const struct ruleset *c, unsigned class, unsigned direction, unsigned port, uint32_t *sum)
{
	uint32_t count = 0;

	*sum = 0;
	for (size_t i = 0; i < c->class[class].rules; i++) {
		const struct rule *r = &c->policy->rule[c->class[class].rule[i]];
		if (r->direction != direction || r->transport != TRANSPORT_TCP || port < r->port ||
			port > r->port_last)
			continue;
		count++;
		*sum += c->class[class].rule[i];
	}
	return count;
}

static void table_equals_a_scan(const struct ruleset *c, unsigned class, unsigned direction)
{
	for (unsigned port = 0; port < PORT_COUNT; port++) {
		uint16_t set = policy_set(
			c->policy, class, (enum direction)direction, TRANSPORT_TCP, (uint16_t)port);
		uint32_t sum, members = 0;
		assert_int_equal(
			c->policy->set[set].count, rules_on(c, class, direction, port, &sum));
		for (uint32_t i = 0; i < c->policy->set[set].count; i++)
			members += policy_member(c->policy, set, i);
		assert_int_equal(members, sum);
	}
}

static void extra_rules_by_chance_compile_to_what_a_scan_of_them_says(void **state)
{
	struct dice d = dice_cast(5);

	(void)state;
	for (unsigned round = 0; round < 6; round++) {
		char text[20000] = "appliances:\n" TWO_CENTERS "extra_rules:\n";
		unsigned rules = 1 + dice_below(&d, 60);
		struct ruleset *c;
		for (unsigned i = 0; i < rules; i++) {
			unsigned first = 1 + dice_below(&d, dice_below(&d, 2) ? 100 : 65000);
			unsigned room = (dice_below(&d, 2) ? 65535 : first + 40) - first;
			sprintf(text + strlen(text),
				"  - {%s, direction: both, ports: [%u-%u], transport: tcp, "
				"feature: "
				"f%u}\n",
				dice_below(&d, 2) ? "appliances: [fmc-2]"
						  : "role: management-center",
				first, first + dice_below(&d, room + 1), i);
		}
		c = site_opens(text);
		for (unsigned class = 0; class < c->policy->classes; class ++)
			for (unsigned direction = 0; direction < DIRECTION_COUNT; direction++)
				table_equals_a_scan(c, class, direction);
		ruleset_close(c);
	}
}

/* --- pairs ------------------------------------------------------------------------------------ */

#define PAIRS "pairs:\n  - {between: [a, b], feature: failover-link}\n"

static void pairs_allow_everything_between_two_and_nothing_else(void **state)
{
	struct ruleset *c = site_opens("appliances:\n" DEVICE("a", "10.20.0.1", "")
			DEVICE("b", "10.20.0.2", "") DEVICE("c", "10.20.0.3", "") PAIRS);
	struct verdict_pair j;

	(void)state;
	gets(c, "10.20.0.1", "10.20.0.2", TCP, 9999, VERDICT_EXPECTED);
	gets(c, "10.20.0.2", "10.20.0.1", UDP, 9999, VERDICT_EXPECTED);
	gets(c, "10.20.0.2", "10.20.0.1", 47, 0, VERDICT_EXPECTED);
	gets(c, "10.20.0.1", "10.20.0.3", TCP, 9999, VERDICT_UNEXPECTED_PORT);
	gets(c, "10.20.0.1", STRANGER, TCP, 9999, VERDICT_UNEXPECTED_PORT);
	j = judged(c, "10.20.0.1", "10.20.0.2", TCP, 9999);
	assert_string_equal(ruleset_set_id(c, j.set[0]), "pair/a/b");
	/* Their channel is still one. */
	j = judged(c, "10.20.0.1", "10.20.0.2", TCP, 8305);
	assert_true(c->policy->set[j.set[0]].is_channel);
	ruleset_close(c);
}

static void pairs_of_anything_but_two_appliances_are_refused(void **state)
{
	(void)state;
	site_refused("appliances:\n" DEVICE("a", "10.20.0.1", "") PAIRS,
		SITE ":4: found \"b\" for between; want an appliance of the site: \"a\"");
	site_refused("pairs:\n  - {between: [a], feature: failover-link}\n",
		SITE ":2: found a list for between; want two appliances such as [ftd-1, ftd-2]");
}

/* --- what belongs to a class ------------------------------------------------------------------ */

static void rows_of_an_appliance_are_those_of_its_class(void **state)
{
	struct ruleset *c =
		site_opens("appliances:\n"
			   "  - {name: old, role: management-center, addresses: [10.10.0.5],\n"
			   "     profile: on-premises-7}\n"
			   "  - {name: new, role: management-center, addresses: [10.10.0.6]}\n");
	uint32_t row = c->row_of[judged(c, STRANGER, "10.10.0.5", TCP, 22).set[1]];
	uint32_t web = c->row_of[judged(c, STRANGER, "10.10.0.6", TCP, 443).set[1]];

	(void)state;
	assert_int_not_equal(ruleset_row_set(c, 0, row), SET_NONE);
	assert_int_equal(ruleset_row_set(c, 1, row), SET_NONE);
	/* The same place, though the rules differ. */
	assert_int_equal(c->row_of[ruleset_row_set(c, 0, web)], web);
	assert_int_not_equal(ruleset_row_set(c, 0, web), ruleset_row_set(c, 1, web));
	ruleset_close(c);
}

static void hash_changes_with_what_decides_and_with_nothing_else(void **state)
{
	static const char *const site[] = {
		"appliances:\n" TWO_CENTERS DEVICE("a", "10.20.0.1", ", managers: [fmc-1]"),
		"appliances:\n" TWO_CENTERS DEVICE("a", "10.20.0.1", ", managers: [fmc-2]"),
		"appliances:\n" TWO_CENTERS DEVICE("a", "10.20.0.1", ", managers: [fmc-1, fmc-2]"),
		"appliances:\n" TWO_CENTERS DEVICE("a", "10.20.0.1", ""),
		"appliances:\n" TWO_CENTERS DEVICE("a", "10.20.0.1", ", profile: on-premises-7"),
		"appliances:\n" TWO_CENTERS DEVICE(
			"a", "10.20.0.1", ", data_addresses: [10.9.0.1]"),
		"appliances:\n" TWO_CENTERS DEVICE("a", "10.20.0.1", ", aliases: [10.9.0.1]"),
		"appliances:\n" TWO_CENTERS DEVICE("a", "10.20.0.1", "") BOUND "[10.9.0.1]}\n",
		"appliances:\n" TWO_CENTERS DEVICE(
			"a", "10.20.0.1", "") "pairs:\n  - {between: [a, fmc-1], feature: x}\n",
		"appliances:\n" TWO_CENTERS DEVICE(
			"a", "10.20.0.1", "") "pairs:\n  - {between: [a, fmc-2], feature: x}\n",
	};
	enum { SITES = sizeof(site) / sizeof(site[0]) };
	char hash[SITES][80];

	(void)state;
	for (size_t i = 0; i < SITES; i++) {
		struct ruleset *c = site_opens(site[i]);
		strcpy(hash[i], c->hash);
		ruleset_close(c);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(hash[i], hash[k]);
	}
	for (size_t i = 0; i < SITES; i++) { /* names decide nothing */
		char other[1000] = "";
		const char *at = site[i], *name;
		struct ruleset *c;
		while ((name = strstr(at, "fmc-"))) {
			snprintf(other + strlen(other), sizeof(other) - strlen(other),
				"%.*scenter%c", (int)(name - at), at, name[4]);
			at = name + 5;
		}
		strcat(other, at);
		c = site_opens(other);
		assert_string_equal(hash[i], c->hash);
		ruleset_close(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_hold_an_appliance_to_its_own_profile),
		cmocka_unit_test(classes_hold_an_appliance_to_its_own_switches_over_the_sites),
		cmocka_unit_test(classes_are_shared_by_appliances_with_the_same_rules),
		cmocka_unit_test(classes_beyond_their_number_are_refused),
		cmocka_unit_test(
			classes_move_appliance_communications_for_the_whole_deployment_only),
		cmocka_unit_test(managers_are_the_only_peers_of_appliance_communications),
		cmocka_unit_test(managers_of_a_pair_manage_each_others_devices),
		cmocka_unit_test(managers_that_are_none_are_refused),
		cmocka_unit_test(data_interfaces_have_the_rows_of_data_interfaces),
		cmocka_unit_test(bound_ports_are_for_their_peers_whatever_the_feature),
		cmocka_unit_test(bindings_that_bind_nothing_are_refused),
		cmocka_unit_test(extra_rules_are_for_appliances_ports_ranges_peers_and_directions),
		cmocka_unit_test(extra_rules_may_overlap_a_range_or_a_documented_port),
		cmocka_unit_test(extra_rules_that_say_too_little_or_too_much_are_refused),
		cmocka_unit_test(extra_rules_by_chance_compile_to_what_a_scan_of_them_says),
		cmocka_unit_test(pairs_allow_everything_between_two_and_nothing_else),
		cmocka_unit_test(pairs_of_anything_but_two_appliances_are_refused),
		cmocka_unit_test(rows_of_an_appliance_are_those_of_its_class),
		cmocka_unit_test(hash_changes_with_what_decides_and_with_nothing_else),
	};
	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
