#include "policy/ruleset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "base/heap.h"
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
	const char *name;   /* what is opened: a path or a profile's name */
	const char *wanted; /* the profile asked for beside the site, or NULL */
	const void *bytes;  /* of what has no file */
	size_t size;
	struct profile profile;
	struct site site;
	bool rules_only;
	struct ruleset **result;
};

/* ---- warnings ---- */

/* Whether a rule keeps its port open for anybody. */
static bool is_open_to_all(const struct rule *r)
{
	return r->enabled && r->peers == PEERS_ANY && !r->implied;
}

static bool is_limited(const struct rule *r)
{
	return !r->implied && (!r->enabled || r->peers != PEERS_ANY);
}

/* The features of a set's rules that are so; NULL: none is. */
static const char *features_that(bool (*are)(const struct rule *), const struct ruleset *ruleset,
	const struct rule_set *set, struct arena *arena)
{
	const char *names = NULL;

	for (uint32_t i = set->first; i < set->first + set->count; i++)
		if (are(&ruleset->policy->rule[i]))
			names = names ? arena_format(
						arena, "%s, %s", names, ruleset->rule[i].feature)
				      : ruleset->rule[i].feature;
	return names;
}

/* Features that are switched off or bound to peers, on a port that another one keeps open: what the
 * site says of them has no effect on what is allowed. */
static void warn_of_set(struct ruleset *ruleset, const struct rule_set *set, struct arena *arena)
{
	const char *open = features_that(is_open_to_all, ruleset, set, arena);
	const char *limited = features_that(is_limited, ruleset, set, arena);

	if (open && limited)
		ruleset->warning[ruleset->warnings++] = arena_format(arena,
			"%s: anybody may use it all the same: %s %s switched off or bound to "
			"peers, and %s %s not",
			ruleset->rule[set->first].id, limited, strchr(limited, ',') ? "are" : "is",
			open, strchr(open, ',') ? "are" : "is");
}

static void warnings_write(struct ruleset *ruleset, struct arena *arena)
{
	const struct policy *policy = ruleset->policy;

	ruleset->warning = arena_alloc(arena, (policy->rules + 1) * sizeof(*ruleset->warning));
	for (uint32_t i = 0; i < policy->rules; i++)
		ruleset->unverified += ruleset->rule[i].status == RULE_RECALLED;
	for (uint32_t set = SET_NONE + 1; set < policy->sets; set++)
		if (!policy_is_dhcp_set(policy, (uint16_t)set))
			warn_of_set(ruleset, &policy->set[set], arena);
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
static int ruleset_make(struct ruleset_builder *builder, const char *name)
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
	*builder->result = ruleset;
	return 0;
}

static int ruleset_from_profile(struct ruleset_builder *builder, const struct document *document)
{
	int rc =
		profile_from_document(&builder->profile, document, builder->arena, builder->errors);

	if (rc)
		return rc;
	site_default(&builder->site, &builder->profile, builder->arena);
	return ruleset_make(builder, builder->profile.name);
}

static int ruleset_from_name(struct ruleset_builder *builder, const char *profile)
{
	int rc = profile_open(
		&builder->profile, profile, NULL, NODE_NONE, builder->arena, builder->errors);

	if (rc)
		return rc;
	site_default(&builder->site, &builder->profile, builder->arena);
	return ruleset_make(builder, builder->profile.name);
}

/* Reads the profile that the site names, which must not contradict the wanted one. */
static int ruleset_from_site(struct ruleset_builder *builder, const struct document *document)
{
	const char *wanted = builder->wanted;
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
	return rc ? rc : ruleset_make(builder, builder->site.file);
}

static bool document_is_profile(const struct document *document)
{
	return node_get(document, NODE_ROOT, "rows") || node_get(document, NODE_ROOT, "extends") ||
	       node_get(document, NODE_ROOT, "add");
}

/* ---- what is opened, under arena_try() ---- */

/* The document of the bytes, or of the file if there are none. */
static int builder_document(struct ruleset_builder *builder, struct document **document)
{
	int rc = builder->bytes ? document_parse(document, builder->name, builder->bytes,
					  builder->size, builder->errors)
				: document_read(document, builder->name, builder->errors);

	if (rc == 0)
		document_own(*document, builder->arena);
	return rc;
}

static int open_name(void *context)
{
	struct ruleset_builder *builder = context;

	return ruleset_from_name(builder, builder->name);
}

static int open_site(void *context)
{
	struct ruleset_builder *builder = context;
	struct document *document;
	int rc = builder_document(builder, &document);

	if (rc == 0) {
		rc = ruleset_from_site(builder, document);
		arena_release(builder->arena, document);
	}
	return rc;
}

static int open_profile(void *context)
{
	struct ruleset_builder *builder = context;
	struct document *document;
	int rc = builder_document(builder, &document);

	if (rc == 0) {
		rc = ruleset_from_profile(builder, document);
		arena_release(builder->arena, document);
	}
	return rc;
}

static int open_either(void *context)
{
	struct ruleset_builder *builder = context;
	struct document *document;
	int rc = builder_document(builder, &document);

	if (rc == 0) {
		rc = document_is_profile(document) ? ruleset_from_profile(builder, document)
						   : ruleset_from_site(builder, document);
		arena_release(builder->arena, document);
	}
	return rc;
}

/* After a failure everything is freed and there is an error; for want of memory it is the only one,
 * since what was found before may be a consequence. */
static int builder_fail(const struct ruleset_builder *builder, int rc)
{
	arena_free(builder->arena);
	if (rc == -ENOMEM)
		*builder->errors = (struct errors){0};
	if (builder->errors->length == 0)
		errors_add(builder->errors, "%s: %s", builder->name,
			rc == -ENOMEM ? "no more memory" : strerror(-rc));
	return rc;
}

/* Opens; hands the settings over if wanted. */
static int builder_run(
	struct ruleset_builder *builder, int (*open)(void *), struct settings **settings)
{
	struct arena *arena = builder->arena = arena_new(), *part;
	int rc = arena ? arena_try(arena, open, builder) : -ENOMEM;

	if (rc)
		return builder_fail(builder, rc);
	part = builder->site.settings->memory;
	if (settings) {
		arena_disown(arena, part);
		*settings = builder->site.settings;
	} else {
		arena_release(arena, part);
	}
	return 0;
}

int ruleset_open(struct ruleset **result, struct settings **settings, const char *site,
	const char *profile, struct errors *errors)
{
	struct ruleset_builder builder = {.result = result, .errors = errors, .name = site};

	if (site) {
		builder.wanted = profile;
		return builder_run(&builder, open_site, settings);
	}
	builder.name = profile ? profile : PROFILE_DEFAULT;
	return builder_run(&builder, open_name, settings);
}

int ruleset_open_rules_only(struct ruleset **result, const char *profile, struct errors *errors)
{
	struct ruleset_builder builder = {
		.result = result, .errors = errors, .name = profile, .rules_only = true};

	return builder_run(&builder, open_name, NULL);
}

int ruleset_open_any(struct ruleset **result, struct settings **settings, const char *name,
	struct errors *errors)
{
	struct ruleset_builder builder = {.result = result, .errors = errors, .name = name};

	return builder_run(&builder, config_path_is_path(name) ? open_either : open_name, settings);
}

int ruleset_parse_site(struct ruleset **result, struct settings **settings, const char *name,
	const void *bytes, size_t size, struct errors *errors)
{
	struct ruleset_builder builder = {
		.result = result, .errors = errors, .name = name, .bytes = bytes, .size = size};

	return builder_run(&builder, open_site, settings);
}

int ruleset_parse_profile(struct ruleset **result, const char *name, const void *bytes, size_t size,
	struct errors *errors)
{
	struct ruleset_builder builder = {
		.result = result, .errors = errors, .name = name, .bytes = bytes, .size = size};

	return builder_run(&builder, open_profile, NULL);
}

/* ---- signatures and names ---- */

struct compilation {
	struct ruleset *ruleset;
	struct errors *errors;
	struct scanner *memory;
};

static int reserve_scanner(void *context)
{
	struct compilation *c = context;

	c->memory = arena_alloc(c->ruleset->memory, scanner_size());
	return 0;
}

int ruleset_compile(struct ruleset *ruleset, struct errors *errors)
{
	struct compilation c = {.ruleset = ruleset, .errors = errors};
	int rc = 0;

	if (!ruleset->scanner)
		rc = arena_try(ruleset->memory, reserve_scanner, &c);
	if (c.memory)
		rc = scanner_cache_load(c.memory, ruleset->signatures, errors);
	if (c.memory && rc == 0)
		ruleset->scanner = c.memory;
	if (rc == -ENOMEM) {
		*errors = (struct errors){0};
		errors_add(errors, "%s: no more memory", ruleset->name);
	}
	return rc;
}

uint16_t ruleset_appliance(const struct ruleset *ruleset, const char *name)
{
	for (size_t i = 0; i < ruleset->appliances; i++)
		if (strcmp(ruleset->appliance[i].name, name) == 0)
			return (uint16_t)i;
	return APPLIANCE_NONE;
}

void ruleset_close(struct ruleset *ruleset)
{
	if (!ruleset)
		return;
	if (ruleset->scanner)
		scanner_fini(ruleset->scanner);
	arena_free(ruleset->memory);
}

struct names {
	struct arena *arena;
	char **found;
};

static int find_names(void *context)
{
	struct names *n = context;

	n->found = config_path_names(n->arena);
	return 0;
}

static char **copy_names(char *const *found)
{
	size_t count = 0;
	char **names;

	while (found[count])
		count++;
	names = heap_calloc(count + 1, sizeof(*names));
	for (size_t i = 0; names && i < count; i++) {
		names[i] = heap_strdup(found[i]);
		if (!names[i]) {
			ruleset_names_free(names);
			return NULL;
		}
	}
	return names;
}

char **ruleset_profile_names(void)
{
	struct names n = {.arena = arena_new()};
	char **names = NULL;

	if (n.arena && arena_try(n.arena, find_names, &n) == 0)
		names = copy_names(n.found);
	if (!names)
		heap_note_short();
	arena_free(n.arena);
	return names;
}

void ruleset_names_free(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}
