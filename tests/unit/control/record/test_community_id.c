/* The published vectors of Community ID v1 with seed 0 (its specification's baseline). */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "record/community_id.h"

enum { TCP = 6, UDP = 17 };

static void put_address(struct address *a, const char *text)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	memset(a, 0, sizeof(*a));
	assert_int_equal(inet_pton(family, text, a->byte + (family == AF_INET ? 12 : 0)), 1);
}

static void check(unsigned protocol, const char *source, unsigned from, const char *destination,
	unsigned to, const char *want)
{
	struct record r = {.protocol = (uint8_t)protocol, .port = {(uint16_t)from, (uint16_t)to}};
	char found[COMMUNITY_ID_BYTES];

	r.version = strchr(source, ':') ? 6 : 4;
	put_address(&r.address[0], source);
	put_address(&r.address[1], destination);
	community_id(&r, found);
	assert_string_equal(found, want);
}

/* In both directions. */
static void check_both(unsigned protocol, const char *a, unsigned a_port, const char *b,
	unsigned b_port, const char *want)
{
	check(protocol, a, a_port, b, b_port, want);
	check(protocol, b, b_port, a, a_port, want);
}

static void community_id_is_the_published_one_for_tcp(void **state)
{
	(void)state;
	check_both(TCP, "128.232.110.120", 34855, "66.35.250.204", 80,
		"1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
}

static void community_id_is_the_published_one_for_udp(void **state)
{
	(void)state;
	check_both(UDP, "192.168.1.52", 54585, "8.8.8.8", 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=");
}

static void community_id_is_the_published_one_for_ipv6(void **state)
{
	(void)state;
	check_both(TCP, "2001:470:e5bf:dead:4957:2174:e82c:4887", 63943, "2607:f8b0:400c:c03::1a",
		25, "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=");
}

/* Equal addresses are ordered by port. */
static void community_id_orders_ends_by_port_where_addresses_are_equal(void **state)
{
	char a[COMMUNITY_ID_BYTES], b[COMMUNITY_ID_BYTES];
	struct record r = {.protocol = TCP, .version = 4, .port = {40000, 22}};

	(void)state;
	put_address(&r.address[0], "10.20.0.1");
	put_address(&r.address[1], "10.20.0.1");
	community_id(&r, a);
	r.port[0] = 22;
	r.port[1] = 40000;
	community_id(&r, b);
	assert_string_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(community_id_is_the_published_one_for_tcp),
		cmocka_unit_test(community_id_is_the_published_one_for_udp),
		cmocka_unit_test(community_id_is_the_published_one_for_ipv6),
		cmocka_unit_test(community_id_orders_ends_by_port_where_addresses_are_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
