#include "dataplane/core/frame_fixture.h"

#include "core/flow/responder_cache.h"

#define SECOND 1000000000ull
#define HOUR (3600 * SECOND)
#define START (1767225600 * SECOND)

struct fixture {
	struct responder_cache responder_cache;
	void *given;
};

static struct fixture attic_open(unsigned sets_log2)
{
	struct fixture a = {.given = aligned_alloc(64, responder_cache_size(sets_log2))};

	assert_non_null(a.given);
	memset(a.given, 0, responder_cache_size(sets_log2));
	responder_cache_init(&a.responder_cache, a.given, sets_log2, 9);
	return a;
}

static struct flow_tuple talk(const char *from, const char *to, uint16_t port, uint8_t protocol)
{
	unsigned version;
	struct flow_tuple c = {.port = {50000, port}, .protocol = protocol};

	c.address[0] = address_at(from, &version);
	c.address[1] = address_at(to, NULL);
	c.version = (uint8_t)version;
	return c;
}

static void memory_keeps_as_long_as_it_was_told(void **state)
{
	struct fixture a = attic_open(4);
	struct flow_tuple c = talk("10.20.0.1", "10.1.1.53", 53, IPPROTO_UDP);

	(void)state;
	assert_false(responder_cache_find(&a.responder_cache, &c, 0, START));
	responder_cache_add(&a.responder_cache, &c, START + HOUR);
	assert_true(responder_cache_find(&a.responder_cache, &c, 0, START + HOUR));
	assert_false(responder_cache_find(&a.responder_cache, &c, 0, START + HOUR + 1));
	responder_cache_add(&a.responder_cache, &c, START + 2 * HOUR);
	assert_true(responder_cache_find(&a.responder_cache, &c, 0, START + 2 * HOUR));
	responder_cache_add(&a.responder_cache, &c, START); /* an older flow that ends later */
	assert_true(responder_cache_find(&a.responder_cache, &c, 0, START + 2 * HOUR));
	free(a.given);
}

static void memory_of_one_connection_is_of_its_ports_alone(void **state)
{
	struct fixture a = attic_open(4);
	struct flow_tuple c = talk("10.20.0.1", "10.1.1.53", 8305, IPPROTO_TCP);

	(void)state;
	responder_cache_add_connection(&a.responder_cache, &c, 0, START);
	assert_int_equal(responder_cache_find(&a.responder_cache, &c, 0, START), CONNECTION_SEEN);
	assert_int_equal(responder_cache_find(&a.responder_cache, &c, 0, START + 1), 0);
	responder_cache_add(&a.responder_cache, &c, START + 1);
	assert_int_equal(responder_cache_find(&a.responder_cache, &c, 0, START),
		CONNECTION_SEEN | RESPONDER_SEEN);
	c.port[0]++;
	assert_int_equal(responder_cache_find(&a.responder_cache, &c, 0, START), RESPONDER_SEEN);
	free(a.given);
}

static void memory_of_one_connection_is_of_its_tunnel_alone(void **state)
{
	struct fixture a = attic_open(4);
	struct flow_tuple c = talk("10.20.0.1", "10.1.1.53", 8305, IPPROTO_TCP);

	(void)state;
	responder_cache_add_connection(&a.responder_cache, &c, 7, START);
	assert_int_equal(responder_cache_find(&a.responder_cache, &c, 7, START), CONNECTION_SEEN);
	assert_int_equal(responder_cache_find(&a.responder_cache, &c, 0, START), 0);
	assert_int_equal(responder_cache_find(&a.responder_cache, &c, 8, START), 0);
	free(a.given);
}

static void memory_shortens_what_was_closed(void **state)
{
	struct fixture a = attic_open(4);
	struct flow_tuple c = talk("10.20.0.1", "10.1.1.53", 8305, IPPROTO_TCP);

	(void)state;
	responder_cache_add(&a.responder_cache, &c, START + HOUR);
	responder_cache_set(&a.responder_cache, &c, START);
	assert_false(responder_cache_find(&a.responder_cache, &c, 0, START + 1));
	free(a.given);
}

static void memory_tells_hosts_sides_ports_and_transports_apart(void **state)
{
	static const char *const host[] = {
		"10.20.0.1", "10.1.1.53", "10.1.1.54", "2001:db8::1", "2001:db8::2"};
	static const uint16_t port[] = {53, 54, 123};
	static const uint8_t protocol[] = {IPPROTO_TCP, IPPROTO_UDP};
	struct fixture a = attic_open(6);
	struct flow_tuple kept = talk(host[0], host[1], 53, IPPROTO_UDP);
	unsigned found = 0;

	(void)state;
	responder_cache_add(&a.responder_cache, &kept, START);
	for (unsigned f = 0; f < 5; f++)
		for (unsigned t = 0; t < 5; t++)
			for (unsigned n = 0; n < 6; n++) {
				struct flow_tuple c =
					talk(host[f], host[t], port[n % 3], protocol[n / 3]);
				found +=
					responder_cache_find(&a.responder_cache, &c, 0, START) != 0;
			}
	assert_int_equal(found, 1);
	kept.port[0] = 1; /* the initiator's is no matter */
	assert_true(responder_cache_find(&a.responder_cache, &kept, 0, START));
	free(a.given);
}

/* Full: what was told last is there, and memory is what it was. */
static void memory_forgets_what_was_told_longest_ago(void **state)
{
	struct fixture a = attic_open(0);
	struct flow_tuple c = talk("10.20.0.1", "10.1.1.53", 1, IPPROTO_TCP);

	(void)state;
	for (uint16_t port = 1; port <= 100; port++) {
		c.port[1] = port;
		responder_cache_add(&a.responder_cache, &c, START + port);
	}
	for (uint16_t port = 1; port <= 100; port++) {
		c.port[1] = port;
		assert_int_equal(responder_cache_find(&a.responder_cache, &c, 0, START),
			port > 100 - RESPONDER_CACHE_WAYS);
	}
	free(a.given);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_keeps_as_long_as_it_was_told),
		cmocka_unit_test(memory_of_one_connection_is_of_its_ports_alone),
		cmocka_unit_test(memory_of_one_connection_is_of_its_tunnel_alone),
		cmocka_unit_test(memory_shortens_what_was_closed),
		cmocka_unit_test(memory_tells_hosts_sides_ports_and_transports_apart),
		cmocka_unit_test(memory_forgets_what_was_told_longest_ago),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
