#include "dataplane/core/policy_fixture.h"

#include <errno.h>

/* The stupid twin: all prefixes in a row. */
struct twin {
	struct prefix prefix[400];
	uint16_t appliance[400];
	size_t count;
};

static uint16_t twin_find(const struct twin *t, const struct address *a, unsigned version)
{
	uint16_t found = APPLIANCE_NONE;
	int longest = -1;

	for (size_t i = 0; i < t->count; i++)
		if (prefix_contains(&t->prefix[i], a, version) && t->prefix[i].length > longest) {
			longest = t->prefix[i].length;
			found = t->appliance[i];
		}
	return found;
}

static int twin_has(const struct twin *t, const struct prefix *p)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->prefix[i].version == p->version && t->prefix[i].length == p->length &&
			address_equal(&t->prefix[i].address, &p->address))
			return 1;
	return 0;
}

/* Few different bits, so that prefixes nest and addresses hit. */
static struct address random_address(struct dice *d, unsigned version)
{
	struct address a = {0};

	for (unsigned i = version == 4 ? 12 : 0; i < 16; i++)
		a.byte[i] = (uint8_t)(dice_below(d, 3) ? dice_below(d, 2) * 0x81 : dice_next(d));
	return a;
}

static struct prefix random_prefix(struct dice *d)
{
	static const uint8_t common4[] = {0, 1, 8, 15, 16, 17, 24, 31, 32};
	static const uint8_t common6[] = {0, 1, 16, 32, 48, 63, 64, 65, 127, 128};
	struct prefix p = {.version = dice_below(d, 2) ? 4 : 6};

	if (p.version == 4)
		p.length = (uint8_t)(dice_below(d, 2) ? common4[dice_below(d, sizeof(common4))]
						      : dice_below(d, 33));
	else
		p.length = (uint8_t)(dice_below(d, 2) ? common6[dice_below(d, sizeof(common6))]
						      : dice_below(d, 129));
	p.address = address_masked(random_address(d, p.version), p.version, p.length);
	return p;
}

/* An address of a prefix that is there, with a few of its last bits changed. */
static struct address near_address(struct dice *d, const struct twin *t, unsigned *version)
{
	const struct prefix *p = &t->prefix[dice_below(d, (unsigned)t->count)];
	struct address a = p->address, noise = random_address(d, p->version);

	*version = p->version;
	for (unsigned i = 0; i < 16; i++)
		if (dice_below(d, 3) == 0)
			a.byte[i] = (uint8_t)(a.byte[i] ^ noise.byte[i]);
	if (p->version == 4)
		memset(a.byte, 0, 12);
	return a;
}

static void compare(struct dice *d, const struct inventory *inv, const struct twin *t)
{
	for (unsigned i = 0; i < 500; i++) {
		unsigned version = dice_below(d, 2) ? 4 : 6;
		struct address a = random_address(d, version);
		if (t->count > 0 && dice_below(d, 2))
			a = near_address(d, t, &version);
		assert_int_equal(inventory_find(inv, &a, version), twin_find(t, &a, version));
	}
}

static void inventory_finds_what_a_linear_search_finds(void **state)
{
	struct dice d = dice_cast(7);

	(void)state;
	for (unsigned round = 0; round < 28; round++) {
		size_t prefixes = 1 + dice_below(&d, round < 25 ? 12 : 400);
		struct inventory *inv = inventory_new(50, prefixes, 0);
		struct twin t = {0};
		for (unsigned i = 0; i < 50; i++)
			assert_int_equal(inventory_add(inv, (uint8_t)(i % 2)), i);
		for (size_t i = 0; i < prefixes; i++) {
			struct prefix p = random_prefix(&d);
			uint16_t appliance = (uint16_t)dice_below(&d, 50);
			int want = twin_has(&t, &p) ? -EEXIST : 0;
			assert_int_equal(inventory_add_prefix(inv, &p, appliance), want);
			if (want == 0) {
				t.prefix[t.count] = p;
				t.appliance[t.count++] = appliance;
			}
			if (i % 100 == 0)
				compare(&d, inv, &t);
		}
		compare(&d, inv, &t);
		free(inv);
	}
}

static void inventory_of_nothing_finds_nothing(void **state)
{
	struct inventory *inv = inventory_new(0, 0, 0);
	struct address zero = {0}, some = address_at("10.0.0.1", NULL);

	(void)state;
	assert_int_equal(inventory_find(inv, &zero, 4), APPLIANCE_NONE);
	assert_int_equal(inventory_find(inv, &zero, 6), APPLIANCE_NONE);
	assert_int_equal(inventory_find(inv, &some, 4), APPLIANCE_NONE);
	assert_int_equal(inventory_find_mac(inv, 0), APPLIANCE_NONE);
	assert_int_equal(inventory_count(inv), 0);
	free(inv);
}

static void inventory_keeps_ipv4_and_ipv6_apart(void **state)
{
	struct inventory *inv = inventory_new(2, 2, 0);
	struct prefix v4 = prefix_of("0.0.0.1", 32), all6 = prefix_of("::", 0);
	struct address one = address_at("0.0.0.1", NULL), other = address_at("0.0.0.2", NULL);

	(void)state;
	inventory_add(inv, ROLE_MANAGED_DEVICE);
	inventory_add(inv, ROLE_MANAGEMENT_CENTER);
	assert_int_equal(inventory_add_prefix(inv, &v4, 0), 0);
	assert_int_equal(inventory_find(inv, &one, 6), APPLIANCE_NONE);
	assert_int_equal(inventory_add_prefix(inv, &all6, 1), 0);
	assert_int_equal(inventory_find(inv, &one, 4), 0);
	assert_int_equal(inventory_find(inv, &one, 6), 1);
	assert_int_equal(inventory_find(inv, &other, 4), APPLIANCE_NONE);
	assert_int_equal(inventory_class(inv, 0), ROLE_MANAGED_DEVICE);
	assert_int_equal(inventory_class(inv, 1), ROLE_MANAGEMENT_CENTER);
	free(inv);
}

static void inventory_finds_mac_addresses(void **state)
{
	struct dice d = dice_cast(8);
	struct inventory *inv = inventory_new(3, 0, 300);
	uint64_t mac[300];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		inventory_add(inv, ROLE_MANAGED_DEVICE);
	for (unsigned i = 0; i < 300; i++) {
		/* Zero is a MAC address like any other here. */
		mac[i] = i == 0 ? 0 : (dice_next(&d) & 0xffffffff0000u) | i;
		assert_int_equal(inventory_add_mac(inv, mac[i], (uint16_t)(i % 3)), 0);
		assert_int_equal(inventory_add_mac(inv, mac[i], 0), -EEXIST);
	}
	assert_int_equal(inventory_add_mac(inv, 0xffffffffffffu, 0), -ENOSPC);
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(inventory_find_mac(inv, mac[i]), i % 3);
	assert_int_equal(inventory_find_mac(inv, 0xffffffffffffu), APPLIANCE_NONE);
	free(inv);
}

static void inventory_says_when_it_is_full(void **state)
{
	struct inventory *inv = inventory_new(1, 1, 0);
	struct prefix a = prefix_of("10.0.0.0", 8), b = prefix_of("11.0.0.0", 8);

	(void)state;
	assert_int_equal(inventory_add(inv, ROLE_MANAGED_DEVICE), 0);
	assert_int_equal(inventory_add(inv, ROLE_MANAGED_DEVICE), -ENOSPC);
	assert_int_equal(inventory_add_prefix(inv, &a, 0), 0);
	assert_int_equal(inventory_add_prefix(inv, &a, 0), -EEXIST);
	assert_int_equal(inventory_add_prefix(inv, &b, 0), -ENOSPC);
	free(inv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inventory_finds_what_a_linear_search_finds),
		cmocka_unit_test(inventory_of_nothing_finds_nothing),
		cmocka_unit_test(inventory_keeps_ipv4_and_ipv6_apart),
		cmocka_unit_test(inventory_finds_mac_addresses),
		cmocka_unit_test(inventory_says_when_it_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
