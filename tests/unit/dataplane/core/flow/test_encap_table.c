#include "dataplane/core/frame_fixture.h"

#include "core/flow/encap_table.h"

static struct encap path_of(uint16_t outer, uint16_t inner, enum tunnel tunnel, uint32_t id)
{
	return (struct encap){
		.vlan = {outer, inner}, .tunnel = (uint8_t)tunnel, .tunnel_id = id, .is_known = 1};
}

static void paths_gives_equal_paths_one_number(void **state)
{
	static struct encap_table p;
	struct encap a = path_of(10, 0, TUNNEL_NONE, 0), b = path_of(10, 20, TUNNEL_NONE, 0),
		     c = path_of(10, 20, TUNNEL_VXLAN, 7);
	uint16_t first = encap_table_number(&p, &a);

	(void)state;
	assert_int_not_equal(first, ENCAP_UNKNOWN);
	assert_int_not_equal(encap_table_number(&p, &b), first);
	assert_int_not_equal(encap_table_number(&p, &c), encap_table_number(&p, &b));
	assert_int_equal(encap_table_number(&p, &a), first);
	assert_memory_equal(encap_table_at(&p, encap_table_number(&p, &c)), &c, sizeof(c));
	assert_int_equal(encap_table_at(&p, ENCAP_UNKNOWN)->is_known, 0);
}

/* A stupid twin: the number is the place in a list. */
static void paths_agrees_with_a_list(void **state)
{
	static struct encap_table p;
	static struct encap list[ENCAPS_MAX];
	static uint16_t number[ENCAPS_MAX];
	struct dice d = dice_cast(11);
	unsigned count = 0;

	(void)state;
	for (unsigned n = 0; n < 30000; n++) {
		struct encap q = path_of((uint16_t)dice_below(&d, 20), (uint16_t)dice_below(&d, 5),
			(enum tunnel)dice_below(&d, 3), dice_below(&d, 4));
		uint16_t got = encap_table_number(&p, &q);
		unsigned i;
		for (i = 0; i < count && memcmp(&list[i], &q, sizeof(q)) != 0; i++)
			;
		if (i == count) {
			list[count] = q;
			number[count++] = got;
		}
		assert_int_not_equal(got, ENCAP_UNKNOWN);
		assert_int_equal(got, number[i]);
	}
	assert_int_equal(p.count, count);
}

/* What comes too late is unknown; what was there keeps its number. */
static void paths_is_full_for_new_ones_only(void **state)
{
	static struct encap_table p;
	struct encap first = path_of(0, 0, TUNNEL_VXLAN, 1);
	uint16_t number = encap_table_number(&p, &first);

	(void)state;
	for (uint32_t id = 2; id < 3 * ENCAPS_MAX; id++) {
		struct encap q = path_of(0, 0, TUNNEL_VXLAN, id);
		uint16_t got = encap_table_number(&p, &q);
		assert_true((got == ENCAP_UNKNOWN) == (id >= ENCAPS_MAX));
	}
	assert_int_equal(encap_table_number(&p, &first), number);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_gives_equal_paths_one_number),
		cmocka_unit_test(paths_agrees_with_a_list),
		cmocka_unit_test(paths_is_full_for_new_ones_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
