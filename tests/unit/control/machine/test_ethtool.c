#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "machine/ethtool.h"

static const char features[] = "Features for eth1:\n"
			       "rx-checksumming: on\n"
			       "generic-receive-offload: on\n"
			       "large-receive-offload: on [fixed]\n";
static const char ring[] = "Ring parameters for eth1:\n"
			   "Pre-set maximums:\nRX:\t\t4096\nRX Mini:\tn/a\nTX:\t\t4096\n"
			   "Current hardware settings:\nRX:\t\t512\nTX:\t\t256\n";

static void ethtool_reads_what_is_on_off_and_cannot_be_changed(void **state)
{
	struct ethtool_offloads o;

	(void)state;
	assert_int_equal(ethtool_parse_offloads(features, &o), 0);
	assert_int_equal(o.gro, ETHTOOL_ON);
	assert_int_equal(o.lro, ETHTOOL_FIXED_ON);
	assert_int_equal(ethtool_parse_offloads("generic-receive-offload: off\n"
						"large-receive-offload: off [fixed]\n",
				 &o),
		0);
	assert_int_equal(o.gro, ETHTOOL_OFF);
	assert_int_equal(o.lro, ETHTOOL_OFF);
}

static void ethtool_reads_the_ring_that_is_and_the_one_that_could_be(void **state)
{
	struct ethtool_ring r;

	(void)state;
	assert_int_equal(ethtool_parse_ring(ring, &r), 0);
	assert_int_equal(r.now, 512);
	assert_int_equal(r.most, 4096);
}

static void ethtool_takes_nothing_for_said_that_is_not(void **state)
{
	static const char *const wrong[] = {"", "\n\n", "generic-receive-offload:",
		"generic-receive-offload: maybe\nlarge-receive-offload: on\n",
		"x generic-receive-offload: on\nlarge-receive-offload: on\n"};
	static const char *const rings[] = {"", "Pre-set maximums:\nRX: n/a\n",
		"Pre-set maximums:\nRX: 512\n", "Current hardware settings:\nRX: 512\n",
		"Pre-set maximums:\nRX: 99999999999999\nCurrent hardware settings:\nRX: 1\n"};
	struct ethtool_offloads o;
	struct ethtool_ring r;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(ethtool_parse_offloads(wrong[i], &o), -ENODATA);
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		assert_int_equal(ethtool_parse_ring(rings[i], &r), -ENODATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ethtool_reads_what_is_on_off_and_cannot_be_changed),
		cmocka_unit_test(ethtool_reads_the_ring_that_is_and_the_one_that_could_be),
		cmocka_unit_test(ethtool_takes_nothing_for_said_that_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
