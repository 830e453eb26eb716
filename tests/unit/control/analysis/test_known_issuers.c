/* Issuers that are known from before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "analysis/known_issuers.h"

static void the_last_issuer_of_each_end_is_known(void **state)
{
	struct known_issuers k = {.first = NULL};

	(void)state;
	known_issuers_note(&k, "ftd-1", "fmc-1", "CN=ours", 20);
	known_issuers_note(&k, "fmc-1", "ftd-1", "CN=center's", 20);
	known_issuers_note(&k, "ftd-1", "fmc-1", "CN=older", 10);
	known_issuers_note(&k, "ftd-", "1fmc-1", "CN=nobody's", 20);
	assert_string_equal(known_issuers_find(&k, "ftd-1", "fmc-1", 30), "CN=ours");
	assert_string_equal(known_issuers_find(&k, "fmc-1", "ftd-1", 30), "CN=center's");
	known_issuers_note(&k, "ftd-1", "fmc-1", "CN=theirs", 40);
	assert_string_equal(known_issuers_find(&k, "ftd-1", "fmc-1", 40), "CN=theirs");
	known_issuers_fini(&k);
}

/* An old capture is replayed into a store. */
static void what_was_seen_later_is_not_from_before(void **state)
{
	struct known_issuers k = {.first = NULL};

	(void)state;
	known_issuers_note(&k, "ftd-1", "fmc-1", "CN=ours", 20);
	assert_null(known_issuers_find(&k, "ftd-1", "fmc-1", 19));
	assert_null(known_issuers_find(&k, "ftd-1", "fmc-2", 30));
	known_issuers_fini(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_issuer_of_each_end_is_known),
		cmocka_unit_test(what_was_seen_later_is_not_from_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
