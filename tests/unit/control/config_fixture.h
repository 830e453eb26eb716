/* Charts from text, for the tests of control: what must open, and what must be refused with
 * which words. The profiles are those of the source tree.
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
#include "policy/ruleset.h"

#define SITE "site.yaml"
#define PROFILE "profile.yaml"

/* A row that may stand in any profile; 5 lines. */
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

static inline struct chart *fixture_open(const char *site, const char *profile)
{
	struct complaint complaint = {0};
	struct chart *chart = NULL;
	int rc = -1;

	if (site)
		rc = chart_parse_site(&chart, SITE, site, strlen(site), &complaint);
	else if (profile)
		rc = chart_parse_profile(&chart, PROFILE, profile, strlen(profile), &complaint);
	if (rc)
		print_error("%s\n", complaint.text);
	assert_int_equal(rc, 0);
	assert_string_equal(complaint.text, "");
	return chart;
}

static inline struct chart *site_opens(const char *text)
{
	return fixture_open(text, NULL);
}

static inline struct chart *profile_opens(const char *text)
{
	return fixture_open(NULL, text);
}

/* The complaint has exactly this line, among others perhaps. */
static inline void complaint_has(const struct complaint *complaint, const char *line)
{
	const char *at = complaint->text;

	while (at) {
		size_t length = strcspn(at, "\n");
		if (length == strlen(line) && strncmp(at, line, length) == 0)
			return;
		at = at[length] ? at + length + 1 : NULL;
	}
	print_error("want: %s\nhave: %s\n", line, complaint->text);
	fail();
}

static inline void site_refused(const char *text, const char *line)
{
	struct complaint complaint = {0};
	struct chart *chart = NULL;

	assert_true(chart_parse_site(&chart, SITE, text, strlen(text), &complaint) < 0);
	assert_null(chart);
	complaint_has(&complaint, line);
}

static inline void profile_refused(const char *text, const char *line)
{
	struct complaint complaint = {0};
	struct chart *chart = NULL;

	assert_true(chart_parse_profile(&chart, PROFILE, text, strlen(text), &complaint) < 0);
	assert_null(chart);
	complaint_has(&complaint, line);
}

/* The number of the rule with this id and feature; fails the case if there is none. */
static inline uint32_t rule_of(const struct chart *chart, const char *id, const char *feature)
{
	for (uint32_t i = 0; i < chart->policy->rules; i++) {
		if (strcmp(chart->rule[i].id, id) == 0 &&
			strcmp(chart->rule[i].feature, feature) == 0)
			return i;
	}
	print_error("no rule %s for %s\n", id, feature);
	fail();
	return 0;
}

#endif
