#include "control/config_fixture.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/document.h"

static void refused(const void *bytes, size_t size, int rc, const char *line)
{
	struct errors errors = {0};
	struct document *document;

	assert_int_equal(document_parse(&document, "f", bytes, size, &errors), rc);
	assert_string_equal(errors.text, line);
}

static void text_refused(const char *text, const char *line)
{
	refused(text, strlen(text), -EINVAL, line);
}

static void read_refused(const char *path, int rc, const char *line)
{
	struct errors errors = {0};
	struct document *document;

	assert_int_equal(document_read(&document, path, &errors), rc);
	assert_string_equal(errors.text, line);
}

static void document_knows_the_line_of_every_node(void **state)
{
	static const char text[] = "# one\na: b\nlist:\n  - x\n  - {k: v,\n     l: w}\n";
	struct errors errors = {0};
	struct document *d;
	int list;

	(void)state;
	assert_int_equal(document_parse(&d, "f", text, strlen(text), &errors), 0);
	list = node_get(d, NODE_ROOT, "LIST");
	assert_int_equal(node_kind(d, list), NODE_IS_LIST);
	assert_int_equal(node_count(d, list), 2);
	assert_int_equal(node_line(d, node_get(d, NODE_ROOT, "a")), 2);
	assert_int_equal(node_line(d, node_item(d, list, 0)), 4);
	assert_int_equal(node_line(d, node_get(d, node_item(d, list, 1), "l")), 6);
	assert_string_equal(node_text(d, node_get(d, node_item(d, list, 1), "l")), "w");
	document_free(d);
}

static void document_bears_nodes_that_are_not_there(void **state)
{
	static const char text[] = "a: b\n";
	struct errors errors = {0};
	char shown[NODE_SHOWN_BYTES];
	struct document *d;

	(void)state;
	assert_int_equal(document_parse(&d, "f", text, strlen(text), &errors), 0);
	assert_int_equal(node_get(d, NODE_NONE, "a"), NODE_NONE);
	assert_int_equal(node_get(d, 2, "a"), NODE_NONE);
	assert_int_equal(node_item(d, NODE_ROOT, 0), NODE_NONE);
	assert_int_equal(node_value(d, NODE_ROOT, 1), NODE_NONE);
	assert_int_equal(node_count(d, 99), 0);
	assert_null(node_text(d, -1));
	assert_string_equal(node_shown(d, NODE_NONE, shown), "nothing");
	assert_string_equal(node_shown(d, NODE_ROOT, shown), "a mapping");
	document_free(d);
}

static void document_refuses_a_key_twice_with_both_lines(void **state)
{
	(void)state;
	text_refused(
		"a: 1\nb: 2\na: 3\n", "f:3: found key \"a\" again; want it once (it is on line 1)");
}

static void document_refuses_a_key_twice_in_other_letters(void **state)
{
	(void)state;
	text_refused("x:\n  53/udp: 1\n  53/UDP: 2\n",
		"f:3: found key \"53/UDP\" again; want it once (it is on line 2)");
}

static void document_refuses_broken_yaml(void **state)
{
	(void)state;
	text_refused("a: 1\nb: [1\nc: 2\n", "f:3: found broken YAML (did not find expected ',' or "
					    "']'); want `key: value` lines, "
					    "indented by spaces");
	text_refused("a:\n\t- b\n", "f:2: found broken YAML (found character that cannot start any "
				    "token); want `key: value` lines, indented by spaces");
}

static void document_refuses_an_empty_file(void **state)
{
	(void)state;
	text_refused("", "f:1: found nothing; want a YAML mapping");
	text_refused("# only a comment\n", "f:1: found nothing; want a YAML mapping");
}

static void document_refuses_bytes_that_are_no_text(void **state)
{
	(void)state;
	text_refused("a: 1\n\xff\xfe\xfd\n", "f:2: found a binary file (invalid leading "
					     "UTF-8 octet); want YAML in UTF-8");
	refused("a: 1\nb: \0\n", 10, -EINVAL,
		"f:2: found a binary file (control characters are not allowed); want YAML "
		"in "
		"UTF-8");
}

static void document_refuses_a_zero_byte_behind_an_escape(void **state)
{
	(void)state;
	text_refused("a: 1\nb: \"x\\0y\"\n",
		"f:2: found a text with a zero byte in it; want it without");
}

static void document_refuses_an_alias(void **state)
{
	(void)state;
	text_refused(
		"a: &x [1]\nb: *x\n", "f:2: found an alias; want the value itself, written out");
}

static void document_refuses_a_second_document(void **state)
{
	(void)state;
	text_refused(
		"a: 1\n---\nb: 1\n", "f:2: found a second document; want one document in a file");
}

static void document_refuses_deep_nesting(void **state)
{
	char text[4096] = "a:\n  ";

	(void)state;
	memset(text + 5, '[', 4000);
	text_refused(text, "f:2: found lists and mappings nested too deep; want at most 16 levels");
}

static void document_refuses_a_key_that_is_no_word(void **state)
{
	(void)state;
	text_refused("a: 1\n? [b]\n: c\n", "f:2: found a list or a mapping as a key; want a word");
}

static void document_refuses_too_many_keys(void **state)
{
	char *text = calloc(1, 65536), *end = text;

	(void)state;
	for (unsigned i = 0; i <= DOCUMENT_KEYS_MAX; i++)
		end += sprintf(end, "k%u: 1\n", i);
	text_refused(text, "f:1: found too many keys in one mapping; want at most 4096");
	free(text);
}

static void document_refuses_more_than_four_mebibytes(void **state)
{
	char *bytes = calloc(1, DOCUMENT_BYTES_MAX + 1);

	(void)state;
	refused(bytes, DOCUMENT_BYTES_MAX + 1, -EFBIG,
		"f:1: found more than 4 MiB; want a profile or a site");
	free(bytes);
}

static void document_stops_reading_an_endless_file(void **state)
{
	(void)state;
	read_refused("/dev/zero", -EFBIG,
		"/dev/zero:1: found more than 4 MiB; want a profile or a site");
}

static void document_refuses_what_is_no_file(void **state)
{
	(void)state;
	read_refused("/nowhere/f.yaml", -ENOENT,
		"/nowhere/f.yaml:1: found no readable file (No such file or directory); want a "
		"YAML "
		"file");
	read_refused(
		"/", -EISDIR, "/:1: found no readable file (Is a directory); want a YAML file");
}

static void document_has_a_bounded_number_of_nodes(void **state)
{
	size_t bytes = 2 * (DOCUMENT_NODES_MAX + 1) + 1;
	char *text = malloc(bytes);
	struct errors errors = {.length = 0};
	struct document *d = NULL;

	(void)state;
	assert_non_null(text);
	text[0] = '[';
	for (size_t i = 1; i + 1 < bytes; i += 2)
		memcpy(text + i, "a,", 2);
	assert_int_equal(document_parse(&d, "site", text, bytes, &errors), -EINVAL);
	assert_string_equal(errors.text, "site:1: found too many keys and values; want at most "
					 "1,000,000 in a document");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(document_knows_the_line_of_every_node),
		cmocka_unit_test(document_bears_nodes_that_are_not_there),
		cmocka_unit_test(document_refuses_a_key_twice_with_both_lines),
		cmocka_unit_test(document_refuses_a_key_twice_in_other_letters),
		cmocka_unit_test(document_refuses_broken_yaml),
		cmocka_unit_test(document_refuses_an_empty_file),
		cmocka_unit_test(document_refuses_bytes_that_are_no_text),
		cmocka_unit_test(document_refuses_a_zero_byte_behind_an_escape),
		cmocka_unit_test(document_refuses_an_alias),
		cmocka_unit_test(document_refuses_a_second_document),
		cmocka_unit_test(document_refuses_deep_nesting),
		cmocka_unit_test(document_refuses_a_key_that_is_no_word),
		cmocka_unit_test(document_refuses_too_many_keys),
		cmocka_unit_test(document_refuses_more_than_four_mebibytes),
		cmocka_unit_test(document_stops_reading_an_endless_file),
		cmocka_unit_test(document_refuses_what_is_no_file),
		cmocka_unit_test(document_has_a_bounded_number_of_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
