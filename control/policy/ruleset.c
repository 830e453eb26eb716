#include "policy/ruleset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "base/plain_text.h"
#include "config/config_path.h"
#include "config/document.h"
#include "config/profile.h"
#include "config/settings.h"
#include "config/signatures.h"
#include "config/site.h"
#include "policy/appliances.h"
#include "policy/policy_hash.h"
#include "policy/rules.h"
#include "policy/scanner_cache.h"

/* Inputs of a ruleset while it is built: one argument instead of six. */
struct ruleset_builder {
	struct arena *arena;
	struct errors *errors;
	struct profile profile;
	struct site site;
	bool rules_only;
};

static void warnings_write(struct ruleset *ruleset, struct arena *arena)
{
	const struct policy *policy = ruleset->policy;

	ruleset->warning = arena_alloc(arena, (policy->rules + 1) * sizeof(*ruleset->warning));
	for (uint32_t i = 0; i < policy->rules; i++) {
		const struct rule_text *rule = &ruleset->rule[i];
		if (rule->status == RULE_RECALLED)
			ruleset->warning[ruleset->warnings++] = arena_format(arena,
				"profile %s: rule %s for %s is recalled, not verified",
				rule->origin, rule->id, rule->feature);
	}
}

static void values_write(
	struct ruleset *ruleset, const struct ruleset_builder *builder, const char *name)
{
	ruleset->name = plain_text(arena_text(builder->arena, name));
	ruleset->profile = arena_text(builder->arena, builder->profile.name);
	ruleset->version = arena_text(builder->arena, builder->profile.version);
	ruleset->mirror_endpoint = builder->site.mirror_endpoint;
	ruleset->mirror_endpoints = builder->site.mirror_endpoints;
	ruleset->warmup_ns = builder->site.warmup_ns;
	ruleset->silence_ns = builder->site.silence_ns;
	ruleset->timeouts = builder->site.timeouts;
	ruleset->memory = builder->arena;
}

/* Builds the ruleset from profile and site. */
static int ruleset_make(struct ruleset **result, struct ruleset_builder *builder, const char *name)
{
	struct ruleset *ruleset = arena_alloc(builder->arena, sizeof(*ruleset));
	int rules, appliance_list, words = 0;

	ruleset->policy = arena_table(builder->arena, 1, sizeof(*ruleset->policy));
	ruleset->policy->generation = 1;
	rules = rules_build(
		ruleset, &builder->profile, &builder->site, builder->arena, builder->errors);
	appliance_list = appliances_build(ruleset, &builder->site, builder->arena, builder->errors);
	ruleset->signatures = arena_alloc(builder->arena, sizeof(*ruleset->signatures));
	if (!builder->rules_only)
		words = signatures_read(ruleset->signatures, builder->arena, builder->errors);
	if (rules || appliance_list || words)
		return rules ? rules : appliance_list ? appliance_list : words;
	values_write(ruleset, builder, name);
	warnings_write(ruleset, builder->arena);
	if (!builder->rules_only)
		policy_hash_write(ruleset, &builder->site, builder->arena);
	*result = ruleset;
	return 0;
}

static int ruleset_from_profile(
	struct ruleset **result, struct ruleset_builder *builder, const struct document *document)
{
	int rc =
		profile_from_document(&builder->profile, document, builder->arena, builder->errors);

	if (rc)
		return rc;
	site_default(&builder->site, &builder->profile, builder->arena);
	return ruleset_make(result, builder, builder->profile.name);
}

static int ruleset_from_name(
	struct ruleset **result, struct ruleset_builder *builder, const char *profile)
{
	int rc = profile_open(
		&builder->profile, profile, NULL, NODE_NONE, builder->arena, builder->errors);

	if (rc)
		return rc;
	site_default(&builder->site, &builder->profile, builder->arena);
	return ruleset_make(result, builder, builder->profile.name);
}

/* Reads the profile that the site names; `wanted`, if given, must not contradict it. */
static int ruleset_from_site(struct ruleset **result, struct ruleset_builder *builder,
	const struct document *document, const char *wanted)
{
	int node = node_get(document, NODE_ROOT, "profile");
	const char *named = node_text(document, node);
	int rc;

	if (named && wanted && strcmp(named, wanted) != 0) {
		node_error(document, node, builder->errors,
			"found profile %s where %s was asked for; want one of them", named, wanted);
		return -EINVAL;
	}
	if (named && *named)
		rc = profile_open(
			&builder->profile, named, document, node, builder->arena, builder->errors);
	else
		rc = profile_open(&builder->profile, wanted ? wanted : PROFILE_DEFAULT, NULL,
			NODE_NONE, builder->arena, builder->errors);
	if (rc == 0)
		rc = site_read(&builder->site, document, &builder->profile, builder->arena,
			builder->errors);
	return rc ? rc : ruleset_make(result, builder, builder->site.file);
}

static struct ruleset_builder builder_new(struct errors *errors)
{
	return (struct ruleset_builder){.arena = arena_new(), .errors = errors};
}

/* Ends a build: hands the settings over if wanted. After a failure everything is freed and there is
 * an error. */
static int builder_end(struct ruleset_builder *builder, struct settings **settings, int rc)
{
	if (rc == 0 && settings) {
		*settings = builder->site.settings;
		return 0;
	}
	settings_free(builder->site.settings);
	if (rc == 0)
		return 0;
	arena_free(builder->arena);
	if (builder->errors->length == 0)
		errors_add(builder->errors, "configuration: %s", strerror(-rc));
	return rc;
}

int ruleset_open(struct ruleset **result, struct settings **settings, const char *site,
	const char *profile, struct errors *errors)
{
	struct ruleset_builder builder = builder_new(errors);
	struct document *document;
	int rc;

	if (!site)
		return builder_end(&builder, settings,
			ruleset_from_name(result, &builder, profile ? profile : PROFILE_DEFAULT));
	rc = document_read(&document, site, errors);
	if (rc == 0) {
		rc = ruleset_from_site(result, &builder, document, profile);
		document_free(document);
	}
	return builder_end(&builder, settings, rc);
}

int ruleset_open_rules_only(struct ruleset **result, const char *profile, struct errors *errors)
{
	struct ruleset_builder builder = builder_new(errors);

	builder.rules_only = true;
	return builder_end(&builder, NULL, ruleset_from_name(result, &builder, profile));
}

static bool document_is_profile(const struct document *document)
{
	return node_get(document, NODE_ROOT, "rows") || node_get(document, NODE_ROOT, "extends") ||
	       node_get(document, NODE_ROOT, "add");
}

int ruleset_open_any(struct ruleset **result, struct settings **settings, const char *name,
	struct errors *errors)
{
	struct ruleset_builder builder = builder_new(errors);
	struct document *document;
	int rc;

	if (!config_path_is_path(name))
		return builder_end(&builder, settings, ruleset_from_name(result, &builder, name));
	rc = document_read(&document, name, errors);
	if (rc == 0) {
		rc = document_is_profile(document)
			     ? ruleset_from_profile(result, &builder, document)
			     : ruleset_from_site(result, &builder, document, NULL);
		document_free(document);
	}
	return builder_end(&builder, settings, rc);
}

int ruleset_parse_site(struct ruleset **result, struct settings **settings, const char *name,
	const void *bytes, size_t size, struct errors *errors)
{
	struct ruleset_builder builder = builder_new(errors);
	struct document *document;
	int rc = document_parse(&document, name, bytes, size, errors);

	if (rc == 0) {
		rc = ruleset_from_site(result, &builder, document, NULL);
		document_free(document);
	}
	return builder_end(&builder, settings, rc);
}

int ruleset_parse_profile(struct ruleset **result, const char *name, const void *bytes, size_t size,
	struct errors *errors)
{
	struct ruleset_builder builder = builder_new(errors);
	struct document *document;
	int rc = document_parse(&document, name, bytes, size, errors);

	if (rc == 0) {
		rc = ruleset_from_profile(result, &builder, document);
		document_free(document);
	}
	return builder_end(&builder, NULL, rc);
}

int ruleset_compile(struct ruleset *ruleset, struct errors *errors)
{
	if (!ruleset->scanner)
		ruleset->scanner = scanner_cache_load(ruleset->signatures, ruleset->memory, errors);
	return ruleset->scanner ? 0 : -EINVAL;
}

void ruleset_close(struct ruleset *ruleset)
{
	if (!ruleset)
		return;
	if (ruleset->scanner)
		scanner_fini(ruleset->scanner);
	arena_free(ruleset->memory);
}

char **ruleset_profile_names(void)
{
	struct arena *arena = arena_new();
	char **found = config_path_names(arena);
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

void ruleset_names_free(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}
