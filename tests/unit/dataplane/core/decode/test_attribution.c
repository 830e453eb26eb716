#include "dataplane/core/pipeline_fixture.h"

#include "core/decode/attribution.h"

#define SERVER "10.1.1.67"
#define ANY "0.0.0.0"
#define BROADCAST "255.255.255.255"

static const uint8_t mac_of_device[6] = {2, 0, 0, 0, 0, 2}, other_mac[6] = {2, 9, 9, 9, 9, 9};

static struct decoded datagram(
	const char *source, unsigned from, const char *destination, unsigned to)
{
	unsigned version;
	struct decoded v = {
		.source = address_at(source, &version),
		.destination = address_at(destination, NULL),
		.source_port = (uint16_t)from,
		.destination_port = (uint16_t)to,
		.protocol = IPPROTO_UDP,
	};

	v.version = (uint8_t)version;
	return v;
}

/* The fixed part of a DHCP message (RFC 2131 section 2) with this client hardware address. */
static void add_dhcp(struct decoded *v, uint8_t message[236], const uint8_t *client)
{
	memset(message, 0, 236);
	message[0] = 1;
	message[1] = 1;
	message[2] = 6;
	memcpy(message + 28, client, 6);
	v->payload = message;
	v->payload_captured = 236;
}

static void check(struct decoded *v, unsigned source, unsigned destination)
{
	struct inventory *inv = sensor_inventory();

	assert_int_equal(
		attribute(inv, v), source != APPLIANCE_NONE || destination != APPLIANCE_NONE);
	assert_int_equal(v->appliance[0], source);
	assert_int_equal(v->appliance[1], destination);
	free(inv);
}

static void attribute_goes_by_addresses(void **state)
{
	struct decoded both = datagram(FMC, 1, FTD, 2), one = datagram(STRANGER, 1, FTD2, 2),
		       none = datagram(STRANGER, 1, ADMIN, 2),
		       v6 = datagram("2001:db8::9", 1, "2001:db8:20::1", 2);

	(void)state;
	check(&both, 0, 1);
	check(&one, APPLIANCE_NONE, 2);
	check(&none, APPLIANCE_NONE, APPLIANCE_NONE);
	check(&v6, APPLIANCE_NONE, 1);
	assert_false(both.by_mac[0] || both.by_mac[1]);
}

static void attribute_knows_a_client_without_address_by_its_hardware_address(void **state)
{
	struct decoded v = datagram(ANY, 68, BROADCAST, 67);
	uint8_t message[236];

	(void)state;
	v.mac = mac_of_device;
	add_dhcp(&v, message, mac_of_device);
	check(&v, 1, APPLIANCE_NONE);
	assert_true(v.by_mac[0]);
	assert_false(v.by_mac[1]);
}

static void attribute_asks_the_message_before_the_frame(void **state)
{
	struct decoded relayed = datagram(ANY, 68, BROADCAST, 67), stranger = relayed;
	uint8_t message[236];

	(void)state;
	relayed.mac = other_mac;
	add_dhcp(&relayed, message, mac_of_device);
	check(&relayed, 1, APPLIANCE_NONE);
	stranger.mac = mac_of_device;
	add_dhcp(&stranger, message, other_mac);
	check(&stranger, APPLIANCE_NONE, APPLIANCE_NONE);
}

static void attribute_falls_back_to_the_frame_of_a_client(void **state)
{
	struct decoded cut = datagram(ANY, 68, BROADCAST, 67),
		       answer = datagram(SERVER, 67, BROADCAST, 68);

	(void)state;
	cut.mac = mac_of_device;
	check(&cut, 1, APPLIANCE_NONE);
	/* The frame of an answer is the server's. */
	answer.mac = mac_of_device;
	check(&answer, APPLIANCE_NONE, APPLIANCE_NONE);
}

static void attribute_finds_the_client_of_a_broadcast_answer(void **state)
{
	struct decoded v = datagram(SERVER, 67, BROADCAST, 68);
	uint8_t message[236];

	(void)state;
	add_dhcp(&v, message, mac_of_device);
	check(&v, APPLIANCE_NONE, 1);
	assert_true(v.by_mac[1]);
}

static void attribute_asks_for_hardware_addresses_of_dhcp_only(void **state)
{
	struct decoded other = datagram(ANY, 5353, BROADCAST, 5353),
		       tcp = datagram(ANY, 68, BROADCAST, 67),
		       unicast = datagram(STRANGER, 68, SERVER, 67);
	uint8_t message[236];

	(void)state;
	add_dhcp(&other, message, mac_of_device);
	add_dhcp(&tcp, message, mac_of_device);
	add_dhcp(&unicast, message, mac_of_device);
	tcp.protocol = IPPROTO_TCP;
	other.mac = tcp.mac = unicast.mac = mac_of_device;
	check(&other, APPLIANCE_NONE, APPLIANCE_NONE);
	check(&tcp, APPLIANCE_NONE, APPLIANCE_NONE);
	check(&unicast, APPLIANCE_NONE, APPLIANCE_NONE);
}

/* The address of the message is read only as far as it was captured. */
static void attribute_reads_no_further_than_the_payload(void **state)
{
	uint8_t message[236];

	(void)state;
	for (uint32_t length = 0; length < 40; length++) {
		struct decoded v = datagram(ANY, 68, BROADCAST, 67);
		uint8_t *cut = malloc(length);
		add_dhcp(&v, message, mac_of_device);
		if (length > 0)
			memcpy(cut, message, length);
		v.payload = length > 0 ? cut : NULL;
		v.payload_captured = length;
		check(&v, length >= 34 ? 1 : APPLIANCE_NONE, APPLIANCE_NONE);
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attribute_goes_by_addresses),
		cmocka_unit_test(attribute_knows_a_client_without_address_by_its_hardware_address),
		cmocka_unit_test(attribute_asks_the_message_before_the_frame),
		cmocka_unit_test(attribute_falls_back_to_the_frame_of_a_client),
		cmocka_unit_test(attribute_finds_the_client_of_a_broadcast_answer),
		cmocka_unit_test(attribute_asks_for_hardware_addresses_of_dhcp_only),
		cmocka_unit_test(attribute_reads_no_further_than_the_payload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
