#include "control/config_fixture.h"

#include "base/arena.h"
#include "config/document.h"
#include "config/signatures.h"

#define LEXICON "signatures.yaml"
#define HEAD "signatures:\n"
#define SSH "  - {service: ssh, transport: tcp, side: either, pattern: '^SSH-', validator: ssh}\n"

/* Compiles the signatures of a text: 0, or negative with the error. */
static int compile(const char *text, struct errors *errors)
{
	struct arena *arena = arena_new();
	struct signatures signatures = {0};
	struct document *document;
	struct scanner *scanner = NULL;
	int rc = document_parse(&document, LEXICON, text, strlen(text), errors);

	if (rc == 0) {
		rc = signatures_add(&signatures, document, arena, errors);
		document_free(document);
	}
	if (rc == 0) {
		scanner = arena_alloc(arena, scanner_size());
		rc = signatures_compile(scanner, &signatures, errors);
	}
	if (scanner)
		scanner_fini(scanner);
	arena_free(arena);
	return rc;
}

static void refused(const char *text, const char *line)
{
	struct errors errors = {0};

	assert_true(compile(text, &errors) < 0);
	complaint_has(&errors, line);
}

static void signatures_that_ship_compile_and_know_every_service_of_the_profiles(void **state)
{
	struct errors errors = {0};
	struct ruleset *ruleset;
	service_mask known = 0;

	(void)state;
	assert_int_equal(ruleset_open(&ruleset, NULL, NULL, "on-premises-7", &errors), 0);
	assert_int_equal(ruleset_compile(ruleset, &errors), 0);
	for (size_t i = 0; i < ruleset->signatures->count; i++)
		known |= SERVICE_BIT(ruleset->signatures->signature[i].service);
	for (uint32_t i = 0; i < ruleset->policy->rules; i++) {
		service_mask wanted = service_accepts(ruleset->policy->rule[i].services);
		assert_true((wanted & known) != 0);
	}
	ruleset_close(ruleset);
}

static void signatures_refuse_a_bad_pattern_with_its_line(void **state)
{
	(void)state;
	refused(HEAD SSH "  - {service: vnc, transport: tcp, side: either, pattern: '^RFB ('}\n",
		LEXICON ":3: found the pattern ^RFB ( (Missing close parenthesis for group "
			"started at index 5.); want one that Hyperscan compiles");
}

static void signatures_refuse_an_unknown_service(void **state)
{
	(void)state;
	refused(HEAD "  - {service: sssh, transport: tcp, side: either, pattern: x}\n",
		LEXICON ":2: found \"sssh\" for service; want \"ssh\"");
}

static void signatures_refuse_an_unknown_validator(void **state)
{
	(void)state;
	refused(HEAD
		"  - {service: ssh, transport: tcp, side: either, pattern: x, validator: shh}\n",
		LEXICON ":2: found \"shh\" for validator; want \"ssh\"");
}

static void signatures_refuse_an_unknown_key(void **state)
{
	struct errors errors = {0};

	(void)state;
	assert_true(compile(HEAD "  - {service: ssh, transport: tcp, side: either, patern: x}\n",
			    &errors) < 0);
	assert_non_null(strstr(errors.text, LEXICON ":2: found unknown key \"patern\""));
}

static void signatures_refuse_a_signature_that_nothing_tells(void **state)
{
	(void)state;
	refused(HEAD "  - {service: ssh, transport: tcp, side: either}\n",
		LEXICON ":2: found neither pattern nor validator in an entry of signatures; want a "
			"pattern, or a validator that is asked where the service is expected");
}

static void signatures_refuse_a_beginning_of_nothing(void **state)
{
	(void)state;
	refused(HEAD "  - {service: ssh, transport: tcp, side: either, beginning: '^S', "
		     "validator: ssh}\n",
		LEXICON ":2: found beginning without pattern in an entry of signatures; want "
			"both, or a pattern alone");
}

static void signatures_take_a_validator_alone_for_where_it_is_expected(void **state)
{
	struct errors errors = {0};

	(void)state;
	assert_int_equal(compile(HEAD SSH "  - {service: echo, transport: udp, side: either, "
					  "validator: echo}\n",
				 &errors),
		0);
	assert_string_equal(errors.text, "");
}

static void signatures_are_part_of_the_policys_hash(void **state)
{
	char folder[] = "/tmp/portolan-signatures-XXXXXX", command[512], hash[80];
	struct ruleset *ruleset = site_opens("appliances: []\n");

	(void)state;
	memcpy(hash, ruleset->hash, sizeof(hash));
	ruleset_close(ruleset);
	assert_non_null(mkdtemp(folder));
	snprintf(command, sizeof(command),
		"cp -r %s/profiles %s/ && mkdir %s/signatures && printf '%s%s' > "
		"%s/signatures/one.yaml",
		FIXTURE_CONFIGS, folder, folder, HEAD,
		"  - {service: ssh, transport: tcp, side: either, validator: ssh}\\n", folder);
	assert_int_equal(system(command), 0);
	setenv("PORTOLAN_CONFIGS", folder, 1);
	ruleset = site_opens("appliances: []\n");
	assert_string_not_equal(hash, ruleset->hash);
	ruleset_close(ruleset);
	setenv("PORTOLAN_CONFIGS", FIXTURE_CONFIGS, 1);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			signatures_that_ship_compile_and_know_every_service_of_the_profiles),
		cmocka_unit_test(signatures_refuse_a_bad_pattern_with_its_line),
		cmocka_unit_test(signatures_refuse_an_unknown_service),
		cmocka_unit_test(signatures_refuse_an_unknown_validator),
		cmocka_unit_test(signatures_refuse_an_unknown_key),
		cmocka_unit_test(signatures_refuse_a_signature_that_nothing_tells),
		cmocka_unit_test(signatures_refuse_a_beginning_of_nothing),
		cmocka_unit_test(signatures_take_a_validator_alone_for_where_it_is_expected),
		cmocka_unit_test(signatures_are_part_of_the_policys_hash),
	};

	return cmocka_run_group_tests(tests, fixture_setup, NULL);
}
