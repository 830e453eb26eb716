#include "policy/ruleset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "config/config_path.h"
#include "config/document.h"
#include "config/profile.h"
#include "config/signatures.h"
#include "config/site.h"
#include "policy/appliances.h"
#include "policy/policy_hash.h"
#include "policy/rules.h"
#include "policy/scanner_cache.h"

/* What a chart is made of while it is made: handed down instead of six arguments. */
struct making {
	struct arena *arena;
	struct complaint *complaint;
	struct profile profile;
	struct site site;
	bool is_sketch;
};

static void warnings_write(struct chart *chart, struct arena *arena)
{
	const struct policy *policy = chart->policy;

	chart->warning = arena_alloc(arena, (policy->rules + 1) * sizeof(*chart->warning));
	for (uint32_t i = 0; i < policy->rules; i++) {
		const struct chart_rule *rule = &chart->rule[i];
		if (rule->status == RULE_RECALLED)
			chart->warning[chart->warnings++] = arena_format(arena,
				"profile %s: rule %s for %s is recalled, not verified",
				rule->origin, rule->id, rule->feature);
	}
}

static void settings_write(struct chart *chart, const struct making *making, const char *name)
{
	chart->name = arena_text(making->arena, name);
	chart->profile = arena_text(making->arena, making->profile.name);
	chart->version = arena_text(making->arena, making->profile.version);
	chart->capture = making->site.capture;
	chart->outputs = making->site.outputs;
	chart->timeouts = making->site.timeouts;
	chart->flow_max = making->site.flow_max;
	chart->memory = making->arena;
}

/* Compiles what was read. */
static int chart_make(struct chart **result, struct making *making, const char *name)
{
	struct chart *chart = arena_alloc(making->arena, sizeof(*chart));
	int rules, roster, words = 0;

	chart->policy = arena_table(making->arena, 1, sizeof(*chart->policy));
	chart->policy->generation = 1;
	rules = rulebook_write(
		chart, &making->profile, &making->site, making->arena, making->complaint);
	roster = roster_write(chart, &making->site, making->arena, making->complaint);
	chart->lexicon = arena_alloc(making->arena, sizeof(*chart->lexicon));
	if (!making->is_sketch)
		words = lexicon_open(chart->lexicon, making->arena, making->complaint);
	if (rules || roster || words)
		return rules ? rules : roster ? roster : words;
	settings_write(chart, making, name);
	warnings_write(chart, making->arena);
	if (!making->is_sketch)
		fingerprint_write(chart, &making->site, making->arena);
	*result = chart;
	return 0;
}

static int chart_from_profile(
	struct chart **result, struct making *making, const struct document *document)
{
	int rc =
		profile_from_document(&making->profile, document, making->arena, making->complaint);

	if (rc)
		return rc;
	site_default(&making->site, &making->profile, making->arena);
	return chart_make(result, making, making->profile.name);
}

static int chart_from_name(struct chart **result, struct making *making, const char *profile)
{
	int rc = profile_open(
		&making->profile, profile, NULL, NODE_NONE, making->arena, making->complaint);

	if (rc)
		return rc;
	site_default(&making->site, &making->profile, making->arena);
	return chart_make(result, making, making->profile.name);
}

/* The profile that the site names; `wanted`, from elsewhere, must not contradict it. */
static int chart_from_site(struct chart **result, struct making *making,
	const struct document *document, const char *wanted)
{
	int node = node_get(document, NODE_ROOT, "profile");
	const char *named = node_text(document, node);
	int rc;

	if (named && wanted && strcmp(named, wanted) != 0) {
		node_complain(document, node, making->complaint,
			"found profile %s where %s was asked for; want one of them", named, wanted);
		return -EINVAL;
	}
	if (named && *named)
		rc = profile_open(
			&making->profile, named, document, node, making->arena, making->complaint);
	else
		rc = profile_open(&making->profile, wanted ? wanted : PROFILE_DEFAULT, NULL,
			NODE_NONE, making->arena, making->complaint);
	if (rc == 0)
		rc = site_read(&making->site, document, &making->profile, making->arena,
			making->complaint);
	return rc ? rc : chart_make(result, making, making->site.file);
}

static struct making making_new(struct complaint *complaint)
{
	return (struct making){.arena = arena_new(), .complaint = complaint};
}

/* What failed leaves nothing behind, and says something. */
static int making_end(struct making *making, int rc)
{
	if (rc == 0)
		return 0;
	arena_free(making->arena);
	if (making->complaint->length == 0)
		complain(making->complaint, "configuration: %s", strerror(-rc));
	return rc;
}

int chart_open(
	struct chart **result, const char *site, const char *profile, struct complaint *complaint)
{
	struct making making = making_new(complaint);
	struct document *document;
	int rc;

	if (!site)
		return making_end(&making,
			chart_from_name(result, &making, profile ? profile : PROFILE_DEFAULT));
	rc = document_read(&document, site, complaint);
	if (rc == 0) {
		rc = chart_from_site(result, &making, document, profile);
		document_free(document);
	}
	return making_end(&making, rc);
}

int chart_sketch(struct chart **result, const char *profile, struct complaint *complaint)
{
	struct making making = making_new(complaint);

	making.is_sketch = true;
	return making_end(&making, chart_from_name(result, &making, profile));
}

static bool document_is_profile(const struct document *document)
{
	return node_get(document, NODE_ROOT, "rows") || node_get(document, NODE_ROOT, "extends") ||
	       node_get(document, NODE_ROOT, "add");
}

int chart_open_any(struct chart **result, const char *name, struct complaint *complaint)
{
	struct making making = making_new(complaint);
	struct document *document;
	int rc;

	if (!shelf_is_path(name))
		return making_end(&making, chart_from_name(result, &making, name));
	rc = document_read(&document, name, complaint);
	if (rc == 0) {
		rc = document_is_profile(document)
			     ? chart_from_profile(result, &making, document)
			     : chart_from_site(result, &making, document, NULL);
		document_free(document);
	}
	return making_end(&making, rc);
}

int chart_parse_site(struct chart **result, const char *name, const void *bytes, size_t size,
	struct complaint *complaint)
{
	struct making making = making_new(complaint);
	struct document *document;
	int rc = document_parse(&document, name, bytes, size, complaint);

	if (rc == 0) {
		rc = chart_from_site(result, &making, document, NULL);
		document_free(document);
	}
	return making_end(&making, rc);
}

int chart_parse_profile(struct chart **result, const char *name, const void *bytes, size_t size,
	struct complaint *complaint)
{
	struct making making = making_new(complaint);
	struct document *document;
	int rc = document_parse(&document, name, bytes, size, complaint);

	if (rc == 0) {
		rc = chart_from_profile(result, &making, document);
		document_free(document);
	}
	return making_end(&making, rc);
}

int chart_arm(struct chart *chart, struct complaint *complaint)
{
	if (!chart->scanner)
		chart->scanner = armoury_scanner(chart->lexicon, chart->memory, complaint);
	return chart->scanner ? 0 : -EINVAL;
}

void chart_close(struct chart *chart)
{
	if (!chart)
		return;
	if (chart->scanner)
		scanner_fini(chart->scanner);
	arena_free(chart->memory);
}

char **chart_profile_names(void)
{
	struct arena *arena = arena_new();
	char **found = shelf_names(arena);
	size_t count = 0;
	char **names;

	while (found[count])
		count++;
	names = calloc(count + 1, sizeof(*names));
	for (size_t i = 0; names && i < count; i++) {
		names[i] = strdup(found[i]);
		if (!names[i])
			break;
	}
	arena_free(arena);
	return names;
}

void chart_names_free(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}
