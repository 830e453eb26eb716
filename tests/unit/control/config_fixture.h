/* Rulesets from text for control's tests: texts that must open, and texts that must be refused with
 * given errors. The profiles are those of the source tree.
 */
#ifndef PORTOLAN_CONFIG_FIXTURE_H
#define PORTOLAN_CONFIG_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/errors.h"
#include "config/settings.h"
#include "policy/ruleset.h"

#define SITE "site.yaml"
#define PROFILE "profile.yaml"

/* A row for any profile; 5 lines. */
#define ROW(role, direction, port, transport, feature, rest)                                       \
	"  - {role: " role ", direction: " direction ", port: " port ", transport: " transport     \
	",\n"                                                                                      \
	"     feature: " feature ", service: tls, description: d, source: s,\n"                    \
	"     status: verified" rest "}\n"

static inline int fixture_setup(void **state)
{
	(void)state;
	return setenv("PORTOLAN_CONFIGS", FIXTURE_CONFIGS, 1);
}

static inline struct ruleset *fixture_open(
	const char *site, const char *profile, struct settings **settings)
{
	struct errors errors = {0};
	struct ruleset *ruleset = NULL;
	int rc = -1;

	if (site)
		rc = ruleset_parse_site(&ruleset, settings, SITE, site, strlen(site), &errors);
	else if (profile)
		rc = ruleset_parse_profile(&ruleset, PROFILE, profile, strlen(profile), &errors);
	if (rc)
		print_error("%s\n", errors.text);
	assert_int_equal(rc, 0);
	assert_string_equal(errors.text, "");
	return ruleset;
}

static inline struct ruleset *site_opens(const char *text)
{
	return fixture_open(text, NULL, NULL);
}

/* The settings of a site. */
static inline struct settings *site_settings(const char *text)
{
	struct settings *settings;

	ruleset_close(fixture_open(text, NULL, &settings));
	return settings;
}

static inline struct ruleset *profile_opens(const char *text)
{
	return fixture_open(NULL, text, NULL);
}

/* Expects this line among the errors. */
static inline void complaint_has(const struct errors *errors, const char *line)
{
	const char *at = errors->text;

	while (at) {
		size_t length = strcspn(at, "\n");
		if (length == strlen(line) && strncmp(at, line, length) == 0)
			return;
		at = at[length] ? at + length + 1 : NULL;
	}
	print_error("want: %s\nhave: %s\n", line, errors->text);
	fail();
}

static inline void site_refused(const char *text, const char *line)
{
	struct errors errors = {0};
	struct ruleset *ruleset = NULL;

	assert_true(ruleset_parse_site(&ruleset, NULL, SITE, text, strlen(text), &errors) < 0);
	assert_null(ruleset);
	complaint_has(&errors, line);
}

static inline void profile_refused(const char *text, const char *line)
{
	struct errors errors = {0};
	struct ruleset *ruleset = NULL;

	assert_true(ruleset_parse_profile(&ruleset, PROFILE, text, strlen(text), &errors) < 0);
	assert_null(ruleset);
	complaint_has(&errors, line);
}

/* Number of the rule with this id and feature; fails the test if there is none. */
static inline uint32_t rule_of(const struct ruleset *ruleset, const char *id, const char *feature)
{
	for (uint32_t i = 0; i < ruleset->policy->rules; i++) {
		if (strcmp(ruleset->rule[i].id, id) == 0 &&
			strcmp(ruleset->rule[i].feature, feature) == 0)
			return i;
	}
	print_error("no rule %s for %s\n", id, feature);
	fail();
	return 0;
}

#endif
