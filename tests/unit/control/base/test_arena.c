#include "control/config_fixture.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"

static int released;

static void count_release(void *object)
{
	released += *(int *)object;
}

struct work {
	struct arena *arena;
	int one, ten;
	bool ends;
};

/* More than there is: what calloc() refuses. */
static int ask_for_too_much(void *context)
{
	struct work *w = context;

	arena_own(w->arena, count_release, &w->one);
	arena_own(w->arena, count_release, &w->ten);
	arena_release(w->arena, &w->one);
	arena_table(arena_part(w->arena), SIZE_MAX / 4, 1);
	w->ends = true;
	return 0;
}

static void work_without_memory_is_left_and_its_objects_are_released_with_the_arena(void **state)
{
	struct work w = {.arena = arena_new(), .one = 1, .ten = 10};

	(void)state;
	released = 0;
	assert_int_equal(arena_try(w.arena, ask_for_too_much, &w), -ENOMEM);
	assert_false(w.ends);
	assert_int_equal(released, 1);
	arena_free(w.arena);
	assert_int_equal(released, 11);
}

static int own_and_disown(void *context)
{
	struct work *w = context;

	arena_own(w->arena, count_release, &w->one);
	arena_disown(w->arena, &w->one);
	return -EINVAL;
}

static void a_disowned_object_is_not_released(void **state)
{
	struct work w = {.arena = arena_new(), .one = 1};

	(void)state;
	released = 0;
	assert_int_equal(arena_try(w.arena, own_and_disown, &w), -EINVAL);
	arena_free(w.arena);
	assert_int_equal(released, 0);
}

static void a_formatted_text_is_as_long_as_it_has_to_be(void **state)
{
	struct arena *arena = arena_new();
	char *text = arena_format(arena, "%0200d-%s", 7, "end");

	(void)state;
	assert_int_equal(strlen(text), 204);
	assert_string_equal(text + 199, "7-end");
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			work_without_memory_is_left_and_its_objects_are_released_with_the_arena),
		cmocka_unit_test(a_disowned_object_is_not_released),
		cmocka_unit_test(a_formatted_text_is_as_long_as_it_has_to_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
